//! What a user can set with a command, byte for byte; and what no client gets that has not asked for it.

use std::thread;
use std::time::Duration;

use crate::harness::{
    Client, MENU, PROBE, Server, in_character_mode, room_with, times_blanked, without_probe,
};

const COLOR: &str = "\x1b[38;5;";

/// What `client` is sent until it sees that `host` has said `text`.
fn until(client: &mut Client, host: &mut Client, text: &str) -> String {
    host.line(text);
    let before = client.expect(text);
    host.expect(&format!("] host: {text}\n"));
    host.expect("host> ");
    before
}

#[test]
fn colours_of_names_are_for_those_who_can_see_them() {
    let server = Server::start(&[]);
    let [mut host, mut raw] = room_with(&server, "1150", ["host", "raw"]);
    let mut tel = in_character_mode(&server);
    assert!(until(&mut tel, &mut host, "one").contains(COLOR));
    tel.send("\\color off\r");
    tel.expect("Colours are off.");
    let shown = until(&mut tel, &mut host, "two");
    assert!(!shown.contains(COLOR), "{shown:?}");
    tel.send("\\color on\r");
    tel.expect("Colours are on");
    assert!(until(&mut tel, &mut host, "three").contains(COLOR));
    raw.expect("] host: three\n");
    assert!(!raw.received().contains(&0x1b));
    raw.line("\\color on");
    raw.expect("raw> ");
    until(&mut raw, &mut host, "four");
    assert!(!raw.received().contains(&0x1b));
}

#[test]
fn ones_name_stands_out_and_rings_the_bell_if_that_is_wanted() {
    let server = Server::start(&[]);
    let [mut host, mut raw] = room_with(&server, "1150", ["host", "raw"]);
    let mut tel = in_character_mode(&server);
    host.expect("* tel joined\nhost> ");
    host.line("hello @Tel, how is it");
    // Where the screen is the server's, one's name rings without being asked to.
    tel.expect("hello @\x1b[7mTel\x1b[27m, how is it\r\n\x07");
    host.line("telnet is no name");
    tel.expect("telnet is no name\r\n");
    host.line("tel!");
    tel.expect("\x1b[7mtel\x1b[27m!\r\n\x07");
    host.line("nobody");
    tel.expect("nobody\r\n");
    // One's own word is no call.
    tel.send("tel\r");
    host.expect("] tel: tel\n");
    tel.send("\\bell off\r");
    tel.expect("The bell is off.");
    host.line("tel?");
    until(&mut tel, &mut host, "the end");
    let bells = tel.received().iter().filter(|byte| **byte == 7).count();
    assert_eq!(bells, 2);
    // A raw client has no colours, and a bell only if it asks.
    host.line("raw!");
    raw.expect("] host: raw!\n");
    assert!(!raw.received().contains(&7));
    raw.line("\\bell on");
    raw.expect("for private messages.\nraw> ");
    host.line("raw?");
    raw.expect_next("\n[HH:MM:SS] host: raw?\n\x07raw> ");
    assert!(!raw.received().contains(&0x1b));
}

#[test]
fn plain_drawing_is_append_only_without_prompts_and_leads_back() {
    let server = Server::start(&[]);
    let [mut host] = room_with(&server, "1150", ["host"]);
    let mut tel = in_character_mode(&server);
    host.expect("* tel joined\nhost> ");
    tel.send("\\plain\r");
    // Editing and echoing go back to the client, and pastes come as they are.
    tel.expect_bytes(b"\xff\xfc\x01\xff\xfc\x03");
    tel.send(b"\xff\xfe\x01\xff\xfe\x03");
    tel.expect("Plain drawing is on");
    tel.expect("\r\n");
    host.line("tel: \x1b[1mone");
    // Something may be half typed, so that each row begins anew.
    tel.expect_next("\r\n[HH:MM:SS] host: tel: one\r\n");
    host.line("two");
    tel.expect_next("\r\n[HH:MM:SS] host: two\r\n");
    tel.send("three\r\n");
    tel.expect_next("[HH:MM:SS] tel: three\r\n");
    host.expect("] tel: three\nhost> ");
    // A question is asked all the same.
    tel.send("\\exit\r\n");
    tel.expect_next(MENU);
    tel.send("3\r\n");
    tel.expect_next("Active Room(s): 1150\n");
    tel.expect_next(MENU);
    tel.send("2\r\n");
    tel.expect_next("Please enter room number:\n");
    tel.send("1150\r\n");
    tel.expect("------------ Room 1150 ------------\r\n");
    tel.send("\\plain off\r\n");
    tel.expect_bytes(b"\xff\xfb\x01\xff\xfb\x03");
    tel.send(b"\xff\xfd\x01\xff\xfd\x03");
    tel.expect("\x1b[?2004h\r\x1b[Ktel> ");
    assert!(until(&mut tel, &mut host, "four").contains(COLOR));
}

#[test]
fn a_raw_client_can_have_plain_drawing_too() {
    let server = Server::start(&[]);
    let [mut host, mut raw] = room_with(&server, "1150", ["host", "raw"]);
    raw.line("\\plain");
    raw.expect("\\plain off ends it.\n");
    host.say("one");
    raw.expect_next("\n[HH:MM:SS] host: one\n");
    raw.line("two");
    raw.expect_next("[HH:MM:SS] raw: two\n");
    raw.line("\\plain off");
    raw.expect_next("Plain drawing is off.\nraw> ");
    host.expect("] raw: two\nhost> ");
    host.say("three");
    raw.expect_next("\n[HH:MM:SS] host: three\nraw> ");
}

#[test]
fn ansi_drawing_inserts_above_and_wraps_where_it_is_told() {
    let server = Server::start(&[]);
    let [mut host, mut raw] = room_with(&server, "1150", ["host", "raw"]);
    let row = |text: &str| format!("\x1b7\x1b[?7l\n\x1b[A\r\x1b[L{text}\x1b[?7h\x1b8\x1b[B");
    raw.line("\\ansi");
    raw.expect(&row(
        "ANSI drawing is on, for 80 columns; type \\width N for another.",
    ));
    raw.expect_next(&row("If your screen now looks wrong, type \\ansi off."));
    raw.expect_next("\x1b7\r\x1b[5@raw> \x1b8\x1b[5C");
    raw.line("\\color off");
    raw.expect("\x1b[5@raw> \x1b8\x1b[5C");
    host.say("one");
    raw.expect_next(&row("[HH:MM:SS] host: one"));
    raw.line("\\width 40");
    raw.expect("\x1b[5@raw> \x1b8\x1b[5C");
    let long = "words that are wrapped at forty columns, สวัสดี";
    host.say(long);
    raw.expect_next(&row("[HH:MM:SS] host: words that are wrapped"));
    raw.expect_next(&row("  at forty columns, สวัสดี"));
    raw.line("\\width off");
    raw.expect("In ANSI drawing rows have to fit on the");
    raw.expect("\x1b[5@raw> \x1b8\x1b[5C");
    raw.line("\\width 60");
    raw.expect("\x1b[5@raw> \x1b8\x1b[5C");
    host.say(long);
    raw.expect_next(&row(
        "[HH:MM:SS] host: words that are wrapped at forty columns,",
    ));
    raw.expect_next(&row("                 สวัสดี"));
    raw.line("\\ansi off");
    raw.expect("ANSI drawing is off.\nraw> ");
    host.say("two");
    raw.expect_next("\n[HH:MM:SS] host: two\nraw> ");
}

#[test]
fn a_raw_client_is_told_of_ansi_once_and_others_are_not() {
    const TIP: &str = "(type '\\ansi' and messages will not cut into what you type)\n";
    let server = Server::start(&[]);
    let [_host, mut raw] = room_with(&server, "1150", ["host", "raw"]);
    assert!(raw.text().contains(TIP));
    raw.line("\\exit");
    raw.expect("raw> ");
    raw.join("1150");
    assert_eq!(raw.text().matches(TIP).count(), 1);
    let tel = in_character_mode(&server);
    assert!(!tel.text().contains(TIP));
    let server = Server::start(&["--raw", "ansi"]);
    let mut raw = server.client("raw");
    raw.expect("anon> ");
    raw.send("1\n7\n2\n7\n");
    raw.expect("------------ Room 7 ------------\x1b[?7h");
    raw.expect("anon> ");
    assert!(!raw.text().contains("\\ansi"));
}

/// The name of a character set, what is typed in it, what the others see; what they say, what comes back.
type Charset = (
    &'static str,
    &'static [u8],
    &'static str,
    &'static str,
    &'static [u8],
);

#[test]
fn a_setting_without_a_value_says_how_it_stands() {
    let server = Server::start(&[]);
    let mut client = server.client("raw");
    client.expect("anon> ");
    let told = [
        (
            "bell",
            "The bell is off.\nType \\bell mention, \\bell all or \\bell off to change that.\n",
        ),
        ("bell all", "The bell rings for every message.\n"),
        (
            "bell",
            "The bell rings for every message.\nType \\bell mention,",
        ),
        (
            "color",
            "Colours are on, except in plain drawing.\nType \\color off",
        ),
        (
            "charset",
            "The character set is UTF-8.\nType \\charset SET,",
        ),
        ("charset cp437", "The character set is CP437.\n"),
        ("charset", "The character set is CP437.\n"),
        ("width", "Rows are wrapped at 80 columns.\nType \\width N,"),
        ("width off", "Each message is one row, however long.\n"),
        ("width", "Each message is one row, however long.\nType"),
        (
            "strangers",
            "Anybody can send you private messages.\nType \\strangers off",
        ),
        ("strangers off", "Only people in your room"),
        ("strangers", "Only people in your room"),
    ];
    for (command, expected) in told {
        client.line(format!("\\{command}"));
        client.expect_next(expected);
        client.expect("anon> ");
    }
}

#[test]
fn terminals_without_utf8_can_say_so() {
    let table: &[Charset] = &[
        (
            "latin1",
            b"caf\xe9",
            "café",
            "naïve ÿ ดี",
            b"na\xefve \xff ??",
        ),
        (
            "CP437",
            b"caf\x82",
            "café",
            "naïve ░ ดี",
            b"na\x8bve \xb0 ??",
        ),
        ("windows-874", b"\xb4\xd5", "ดี", "ดี é", b"\xb4\xd5 ?"),
    ];
    for (name, typed, seen, said, back) in table {
        println!("case: {name}");
        let server = Server::start(&[]);
        let [mut host, mut raw] = room_with(&server, "1150", ["host", "raw"]);
        raw.line(format!("\\charset {name}"));
        raw.expect("The character set is ");
        raw.expect("raw> ");
        raw.send([typed, &b"\n"[..]].concat());
        host.expect_next(&format!("\n[HH:MM:SS] raw: {seen}\nhost> "));
        raw.expect_bytes(&[b"] raw: ", *typed, b"\nraw> "].concat());
        host.line(said);
        raw.expect_bytes(&[b"] host: ", *back, b"\nraw> "].concat());
        raw.line("\\charset utf-8");
        raw.expect("The character set is UTF-8.\nraw> ");
        host.line(said);
        raw.expect(&format!("] host: {said}\nraw> "));
        raw.line("\\charset klingon");
        raw.expect("There is no character set klingon.");
    }
    // A Telnet client gets the byte 0xFF twice.
    let server = Server::start(&[]);
    let [mut host] = room_with(&server, "1150", ["host"]);
    let mut tel = in_character_mode(&server);
    host.expect("* tel joined\nhost> ");
    tel.send("\\charset latin1\r");
    tel.expect("The character set is ");
    host.line("<ÿ>");
    tel.expect_bytes(b"<\xff\xff>\r\n");
    tel.send(b"\xff\xff\xe9");
    tel.send("\r");
    host.expect("] tel: ÿé\n");
}

/// U+203A is 0x9B in windows-1252, after which a terminal takes what follows for a control sequence.
#[test]
fn nobody_says_controls_to_a_terminal_without_utf8() {
    let server = Server::start(&[]);
    let [mut host, mut raw] = room_with(&server, "1150", ["host", "raw"]);
    for (name, kept) in [
        ("latin1", "ISO-8859-1"),
        ("windows-1252", "windows-1252"),
        ("ascii", "US-ASCII"),
        ("latin5", "ISO-8859-9"),
        ("tis-620", "TIS-620"),
        ("gb2312", "GB2312"),
        ("euc-kr", "EUC-KR"),
        ("koi8-r", "KOI8-R"),
    ] {
        raw.line(format!("\\charset {name}"));
        raw.expect(&format!("The character set is {kept}.\nraw> "));
        host.line("›31mowned•똠\u{9b}c丂");
        raw.expect_bytes(b"] host: ?31mowned??c?\nraw> ");
    }
    for (name, safe) in [
        ("shift_jis", "utf-8 or euc-jp"),
        ("windows-949", "utf-8 or euc-kr"),
        ("windows-1250", "utf-8 or iso-8859-2"),
    ] {
        raw.line(format!("\\charset {name}"));
        raw.expect(&format!(
            "The character set stays as it is: bytes of {name} could be taken for controls. Try {safe}.\nraw> "
        ));
    }
    raw.line("\\charset x-user-defined");
    raw.expect("There is no character set x-user-defined.");
}

#[test]
fn a_raw_client_that_sends_cr_lf_is_asked_once_and_then_left_in_peace() {
    let server = Server::start(&[]);
    let [mut host] = room_with(&server, "1150", ["host"]);
    let mut putty = server.client("putty");
    putty.expect("anon> ");
    putty.send("4\r\n");
    putty.expect_next_bytes(PROBE);
    putty.expect_next("Please enter your new username: ");
    putty.send("putty\r\n");
    putty.expect_next("Update username successful\r\n");
    putty.expect("putty> ");
    putty.send("2\r\n");
    putty.expect("Please enter room number: ");
    putty.send("1150\r\n");
    putty.expect("------------ Room 1150 ------------\r\nputty> ");
    host.expect("* putty joined\nhost> ");
    putty.send("hello wor");
    host.line("putty: \x1b[1mone");
    host.expect("] host: putty: one\nhost> ");
    putty.expect_next("\r\n[HH:MM:SS] host: putty: one\r\nputty> ");
    putty.send("ld\r\n");
    host.expect_next("\n[HH:MM:SS] putty: hello world\nhost> ");
    putty.expect_next("[HH:MM:SS] putty: hello world\r\nputty> ");
    putty.send("\\exit\r\n5\r\n");
    putty.expect("Goodbye.\r\n");
    putty.expect_eof();
    let text = String::from_utf8(without_probe(&putty.received())).expect("clean text");
    assert!(!text.contains('\x1b'), "{}", times_blanked(&text));
}

/// Longer than what the server takes for two lines of a script.
const BY_HAND: Duration = Duration::from_millis(200);

#[test]
fn messages_of_a_moment_share_one_prompt_for_who_types_by_hand() {
    let server = Server::start(&["--rate", "0"]);
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    let mut ben = server.client("ben");
    for (line, answer) in [
        ("4", "Please enter your new username: "),
        ("ben", "===\nben> "),
        ("2", "Please enter room number: "),
        ("1150", "------------ Room 1150 ------------\nben> "),
    ] {
        thread::sleep(BY_HAND);
        ben.line(line);
        ben.expect(answer);
    }
    ann.expect("* ben joined\nann> ");
    let row = |text: &str| format!("[HH:MM:SS] ann: {text}\n");
    // The first is shown at once, and the others wait for each other.
    ann.say("one");
    ben.expect_next(&format!("\n{}ben> ", row("one")));
    ann.send("two\nthree\nfour\n");
    ben.expect_next(&format!(
        "\n{}{}{}ben> ",
        row("two"),
        row("three"),
        row("four")
    ));
    // Whoever presses Enter has nothing half typed, and sees all at once.
    ann.say("five");
    thread::sleep(BY_HAND);
    ben.line("m");
    ben.expect_next(&row("five"));
    ben.expect_next("[HH:MM:SS] ben: m\nben> ");
    ben.line("\\dense off");
    ben.expect_next("Each message is shown at once.\nben> ");
    for text in ["six", "seven"] {
        ann.say(text);
        ben.expect_next(&format!("\n{}ben> ", row(text)));
    }
    ben.line("\\dense");
    ben.expect_next("Messages of up to 5 seconds share one prompt.");
    ben.expect("ben> ");
    ann.say("eight");
    ben.expect_next(&format!("\n{}ben> ", row("eight")));
    ann.say("nine");
    ann.line("\\msg ben psst");
    ann.expect("ann> ");
    // What was said before a private message stands before it.
    ben.expect_next(&format!("\n{}ben> ", row("nine")));
    ben.expect_next("\n[HH:MM:SS] ann -> you: psst\n");
}

#[test]
fn whoever_is_cut_into_by_a_message_is_told_once_how_to_avoid_that() {
    let server = Server::start(&["--rate", "0"]);
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    let mut ben = server.client("ben");
    for (line, answer) in [
        ("\\name ben", "ben> "),
        ("2", "Please enter room number: "),
        ("1150", "------------ Room 1150 ------------\nben> "),
    ] {
        thread::sleep(BY_HAND);
        ben.line(line);
        ben.expect(answer);
    }
    let hint = "(a message cut into your line; type '\\ansi' and none will)\n";
    for is_told in [true, false] {
        ann.say("hi");
        ben.expect("[HH:MM:SS] ann: hi\nben> ");
        thread::sleep(BY_HAND);
        ben.line("this line took longer to type than the message has stood above it");
        let before = ben.expect("ben: this line took longer");
        assert_eq!(before.contains(hint), is_told, "{before}");
        ben.expect("ben> ");
    }
}
