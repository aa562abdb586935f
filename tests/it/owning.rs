//! Who owns a room may lock it, hide it, put people out and end it; everybody sees what was done and by whom.

use std::path::Path;

use tempfile::TempDir;

use crate::harness::{Client, MENU, Server, TELNET, room_with};

const PASSWORD: &str = "pizza4all";

/// At the menu under this name.
fn newcomer(server: &Server, name: &str) -> Client {
    let mut client = server.client(name);
    client.expect("anon> ");
    client.login();
    client
}

/// Asks to join room 1150, up to whatever comes then.
fn knock(client: &mut Client) {
    client.line("2");
    client.expect("Please enter room number: ");
    client.line("1150");
}

/// An order that everybody sees, the owner with the prompt at once.
fn order(owner: &mut Client, line: &str, notice: &str) {
    owner.line(line);
    owner.expect_next(&format!("{notice}\n{}", owner.prompt()));
}

/// The owner locks the room.
fn lock(owner: &mut Client) {
    owner.line("\\lock");
    owner.expect("New password of the room: ");
    owner.line(PASSWORD);
    owner.expect("locked the room: joining needs a password\n");
    owner.expect(&owner.prompt());
}

#[test]
fn who_is_kicked_is_told_at_the_menu_and_may_come_again() {
    let server = Server::start(&[]);
    let [mut ann, mut ben, mut cat] = room_with(&server, "1150", ["ann", "ben", "cat"]);
    order(
        &mut ann,
        "\\kick BEN too loud",
        "* ben was kicked by ann: too loud",
    );
    cat.expect_next("\n* ben was kicked by ann: too loud\ncat> ");
    ben.expect_next(&format!(
        "\n* You were kicked from room 1150 by ann: too loud\n{MENU}ben> "
    ));
    ann.say("quiet now");
    ben.line("3");
    ben.expect_next(&format!("Active Room(s): 1150\n{MENU}ben> "));
    assert!(ben.join("1150").contains("ann: quiet now\n"));
    ann.expect_next("\n* ben joined\nann> ");
}

#[test]
fn only_the_owner_may_and_the_others_are_told_whom_to_ask() {
    let server = Server::start(&[]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    let refused = "Only an owner can do that. Nothing was done. Owner: ann.";
    for line in [
        "\\kick ann",
        "\\ban ann for 2h",
        "\\ban",
        "\\unban ann",
        "\\mute ann",
        "\\unmute ann",
        "\\own ben",
        "\\private",
        "\\unlock",
        "\\close",
    ] {
        ben.line(line);
        ben.expect_next(&format!("{refused}\nben> "));
    }
    ann.say("still here");
    ben.expect_next("\n[HH:MM:SS] ann: still here\nben> ");
}

#[test]
fn who_is_banned_stays_out_until_the_ban_is_taken_back() {
    let server = Server::start(&[]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    order(
        &mut ann,
        "\\ban ben for 2h spam",
        "* ben was banned by ann for 2h: spam",
    );
    ben.expect_next(&format!(
        "\n* You were banned from room 1150 by ann for 2h: spam\n{MENU}ben> "
    ));
    for name in ["ben", "bob"] {
        ben.line(format!("\\name {name}"));
        ben.expect(&format!("{name}> "));
        knock(&mut ben);
        let refused = "Join room 1150 failed. You are banned there for 2h: spam";
        ben.expect_next(&format!("{refused}\n{MENU}{name}> "));
    }
    ann.line("\\ban");
    ann.expect_next(
        "1 banned here (type \\unban NAME to lift a ban):\nben for 2h, by ann: spam\nann> ",
    );
    order(&mut ann, "\\unban Ben", "* Ben was unbanned by ann");
    knock(&mut ben);
    ben.expect("Join room 1150 successful\n");
    ann.expect_next("\n* bob joined\nann> ");
    ann.line("\\ban");
    ann.expect_next("Nobody is banned here. Type \\ban NAME to ban somebody.\nann> ");
}

#[test]
fn a_ban_of_an_address_keeps_out_all_from_there_but_the_owner() {
    let server = Server::start(&[]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    let notice = "* An address was banned by ann\n* ben was banned by ann";
    order(&mut ann, "\\ban 127.0.0.1", notice);
    ben.expect("* You were banned from room 1150 by ann\n");
    let mut cat = newcomer(&server, "cat");
    knock(&mut cat);
    cat.expect_next(&format!(
        "Join room 1150 failed. You are banned there.\n{MENU}cat> "
    ));
    ann.line("\\exit");
    ann.expect(MENU);
    ann.join("1150");
    order(
        &mut ann,
        "\\unban 127.0.0.1",
        "* An address was unbanned by ann",
    );
    cat.join("1150");
}

#[test]
fn who_is_muted_may_only_read_and_is_told_for_each_line() {
    let server = Server::start(&[]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    order(&mut ann, "\\mute ben", "* ben was muted by ann");
    ben.expect_next("\n* ben was muted by ann\nben> ");
    let not_sent = "Not sent: you are muted here. The room's owners can \\unmute you.\n";
    for line in ["hello?", "\\me waves"] {
        ben.line(line);
        ben.expect_next(&format!("{not_sent}ben> "));
    }
    // However many at once, each is accounted for, and what comes after them is done.
    ben.line("one\ntwo\n\\name bob");
    ben.expect("bob> ");
    assert_eq!(ben.text().matches(not_sent).count(), 4);
    // A new name would say to everybody what a muted member may not.
    order(&mut ann, "\\unmute bob", "* bob was unmuted by ann");
    ben.expect_next("\n* bob was unmuted by ann\nbob> ");
    ben.line("at last");
    ann.expect_next("\n[HH:MM:SS] bob: at last\nann> ");
}

#[test]
fn a_locked_room_asks_for_its_password_three_times() {
    let server = Server::start(&[]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    let locked = "* ann locked the room: joining needs a password";
    lock(&mut ann);
    ben.expect_next(&format!("\n{locked}\nben> "));
    let mut cat = newcomer(&server, "cat");
    knock(&mut cat);
    cat.expect_next(
        "(your terminal shows what you type; a telnet client would hide it)\n\
         Password of room 1150: ",
    );
    cat.line("pizza4none");
    cat.expect_next(
        "That is not the password. You have 2 more tries; \\exit gives up.\nPassword of room 1150: ",
    );
    cat.line("pizza");
    cat.expect_next(
        "That is not the password. You have one more try; \\exit gives up.\nPassword of room 1150: ",
    );
    cat.line("pizza4some");
    let refused = "That is not the password. Ask the room's owner for it.";
    cat.expect_next(&format!("Join room 1150 failed. {refused}\n{MENU}cat> "));
    knock(&mut cat);
    cat.expect_next("Password of room 1150: ");
    cat.line("\\exit");
    cat.expect_next(&format!("{MENU}cat> "));
    knock(&mut cat);
    cat.expect_next("Password of room 1150: ");
    cat.line(PASSWORD);
    cat.expect_next("Join room 1150 successful\n");
    ben.expect_next("\n* cat joined\nben> ");
    // Who owns it is not asked.
    ann.line("\\exit");
    ann.expect(MENU);
    ann.join("1150");
    order(&mut ann, "\\unlock", "* ann unlocked the room");
    let mut dai = newcomer(&server, "dai");
    dai.join("1150");
}

#[test]
fn a_locked_room_may_be_joined_from_another_and_who_gives_up_stays_there() {
    let server = Server::start(&[]);
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    lock(&mut ann);
    let [mut ben, mut cat] = room_with(&server, "7", ["ben", "cat"]);
    ben.line("\\join 1150");
    ben.expect("Password of room 1150: ");
    // The room that he is in goes on meanwhile.
    cat.say("still here?");
    ben.expect_next("\n[HH:MM:SS] cat: still here?\nPassword of room 1150: ");
    ben.line("\\exit");
    ben.expect_next("ben> ");
    ben.say("still here");
    cat.expect_next("\n[HH:MM:SS] ben: still here\ncat> ");
    ben.line("\\join 1150");
    ben.expect_next("Password of room 1150: ");
    ben.line(PASSWORD);
    ben.expect("------------ Room 1150 ------------\n");
    cat.expect_next("\n* ben left\ncat> ");
    ann.expect_next("\n* ben joined\nann> ");
    // Who is put out of one room while another asks is asked no more.
    cat.line("\\join 1150");
    cat.expect("Password of room 1150: ");
    let mut dai = newcomer(&server, "dai");
    dai.join("7");
    cat.expect("* dai joined\n");
    dai.line("\\who");
    dai.expect("dai> ");
    ben.line("\\join 7");
    ben.expect("------------ Room 7 ------------\n");
    ben.expect("ben> ");
    dai.expect("* ben joined\ndai> ");
    cat.expect("* ben joined\nPassword of room 1150: ");
    // He created it.
    ben.line("\\close\n7");
    ben.expect("* Room 7 was closed by ben\n");
    let hint = "(its owner can undo that within 7d: \\reopen 7)\n";
    cat.expect_next(&format!("\n* Room 7 was closed by ben\n{hint}{MENU}cat> "));
    dai.expect_next(&format!("\n* Room 7 was closed by ben\n{hint}{MENU}dai> "));
}

#[test]
fn where_we_own_the_echo_a_password_is_neither_shown_nor_recalled() {
    let server = Server::start(&[]);
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    lock(&mut ann);
    let mut person = TELNET.start(&server);
    person.expect_prompt("anon>");
    person.line("2");
    person.expect_prompt("Please enter room number:");
    person.line("1150");
    person.expect_prompt("Password of room 1150:");
    person.line(PASSWORD);
    person.expect("------------ Room 1150");
    person.expect_prompt("anon>");
    let screen = person.screen();
    assert!(!screen.contains("pizza"), "{screen}");
    // The last line is the room's name.
    person.keys("\x10");
    person.expect_prompt("anon> 1150");
}

#[test]
fn passwords_cannot_be_guessed_for_long() {
    let server = Server::start(&[]);
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    // A new password counts as well.
    lock(&mut ann);
    let mut cat = newcomer(&server, "cat");
    let mut tried = 1;
    let last = loop {
        knock(&mut cat);
        cat.expect("Password of room 1150: ");
        let mut answer = String::new();
        for _ in 0..3 {
            cat.line(format!("guess number {tried}"));
            tried += 1;
            answer = cat.expect("\n");
        }
        cat.expect("cat> ");
        if tried >= 10 {
            break answer;
        }
    };
    assert!(last.contains("That is not the password"), "{last}");
    knock(&mut cat);
    cat.expect("Password of room 1150: ");
    cat.line(PASSWORD);
    cat.expect_next(&format!(
        "Join room 1150 failed. Too many wrong passwords from your address. \
         Please try again in a minute.\n{MENU}cat> "
    ));
}

#[test]
fn a_password_that_is_too_short_locks_nothing() {
    let server = Server::start(&[]);
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    for password in ["pizza", ""] {
        ann.line("\\lock");
        ann.expect("New password of the room: ");
        ann.line(password);
        ann.expect_next(
            "A password has 8 to 128 bytes. Nothing was done. Type \\lock to choose another.\nann> ",
        );
    }
    // One in the line has been seen, and may be remembered where it was typed.
    ann.line("\\lock pizza4all");
    ann.expect_next("The room was not locked. Type \\lock alone");
    ann.expect("ann> ");
    newcomer(&server, "ben").join("1150");
}

#[test]
fn a_private_room_is_in_no_list() {
    let server = Server::start(&[]);
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    let mut ben = newcomer(&server, "ben");
    order(
        &mut ann,
        "\\private",
        "* ann made the room private: no list shows it",
    );
    ben.line("3");
    ben.expect_next(&format!("There are no created rooms yet\n{MENU}ben> "));
    ben.line("\\rooms");
    assert!(!ben.expect("ben> ").contains("1150"));
    ben.line("\\whois ann");
    assert!(!ben.expect("ben> ").contains("1150"));
    ben.join("1150");
    ann.expect("* ben joined\nann> ");
    order(&mut ann, "\\private off", "* ann made the room public");
    newcomer(&server, "cat").line("3");
    ben.line("\\exit");
    ben.expect(MENU);
    ben.expect("ben> ");
    ben.line("3");
    ben.expect_next("Active Room(s): 1150\n");
}

#[test]
fn closing_puts_everybody_at_the_menu_and_frees_the_name() {
    let server = Server::start(&[]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    ann.say("last words");
    ben.expect("last words\nben> ");
    ann.line("\\close");
    ann.expect_next("Room 1150 has 1 message. To close it, type its name: ");
    ann.line("1150");
    let hint = "(its owner can undo that within 7d: \\reopen 1150)\n";
    ann.expect_next(&format!("* Room 1150 was closed by ann\n{hint}{MENU}ann> "));
    ben.expect_next(&format!(
        "\n* Room 1150 was closed by ann\n{hint}{MENU}ben> "
    ));
    ben.line("3");
    ben.expect_next(&format!("There are no created rooms yet\n{MENU}ben> "));
    knock(&mut ben);
    ben.expect_next("Join room 1150 failed. There is no such room.");
    ben.expect("ben> ");
    ben.create("1150");
    assert_eq!(ben.join("1150"), "", "it is another room");
    order(
        &mut ben,
        "\\private",
        "* ben made the room private: no list shows it",
    );
}

#[test]
fn ownership_is_shared_and_taken_back_and_goes_on_when_the_owner_goes() {
    let server = Server::start(&[]);
    let [mut ann, mut ben, mut cat] = room_with(&server, "1150", ["ann", "ben", "cat"]);
    order(&mut ann, "\\own ben", "* ben was made an owner by ann");
    ben.expect_next("\n* ben was made an owner by ann\nben> ");
    cat.expect_next("\n* ben was made an owner by ann\ncat> ");
    ben.line("\\kick ann");
    ben.expect_next("ann has owned the room for longer than you. Nothing was done.\nben> ");
    order(&mut ann, "\\mute ben", "* ben was muted by ann");
    ben.expect("* ben was muted by ann\nben> ");
    cat.expect("* ben was muted by ann\ncat> ");
    ben.line("\\kick cat");
    ben.expect("Only an owner can do that.");
    ben.expect("ben> ");
    // She leaves the room and is its owner still; then she goes for good.
    ann.line("\\exit");
    ann.expect(MENU);
    ben.expect_next("\n* ann left\nben> ");
    cat.expect_next("\n* ann left\ncat> ");
    cat.line("\\unmute ben");
    cat.expect_next(
        "Only an owner can do that. Nothing was done. No owner is here right now.\ncat> ",
    );
    ann.line("\\quit");
    ann.expect_eof();
    // Ben has been there for longer, but may only read.
    cat.expect_next("\n* cat now owns the room\ncat> ");
    ben.expect_next("\n* cat now owns the room\nben> ");
    order(&mut cat, "\\unmute ben", "* ben was unmuted by cat");
    cat.line("\\quit");
    cat.expect_eof();
    // Who is alone simply owns the room.
    ben.expect("* cat left\nben> ");
    order(
        &mut ben,
        "\\private",
        "* ben made the room private: no list shows it",
    );
}

#[test]
fn whoever_comes_into_an_empty_room_whose_owner_has_gone_owns_it() {
    let server = Server::start(&[]);
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    ann.line("\\quit");
    ann.expect_eof();
    let mut ben = newcomer(&server, "ben");
    assert_eq!(ben.join("1150"), "");
    order(
        &mut ben,
        "\\private",
        "* ben made the room private: no list shows it",
    );
}

#[test]
fn lines_on_their_way_when_their_sender_is_put_out_are_counted_not_lost_in_silence() {
    let server = Server::start(&["--rate", "0"]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    let lines: String = (0..2000).map(|number| format!("line {number}\n")).collect();
    ben.send(&lines);
    ann.expect("ben: line 0\n");
    ann.line("\\kick ben");
    ann.expect("* ben was kicked by ann\n");
    ben.expect("* You were kicked from room 1150 by ann\n");
    ann.expect("ann> ");
    ann.say("gone");
    let text = ann.text();
    let seen = text.matches("] ben: line ").count();
    ben.line("\\name done");
    ben.expect("done> ");
    let text = ben.text();
    assert_eq!(text.matches("] ben: line ").count(), seen);
    // What was not sent was said to be, or came to be an answer at the menu.
    let lost: usize = text
        .lines()
        .find_map(|line| {
            line.strip_prefix("Your last ")?
                .split(' ')
                .next()?
                .parse()
                .ok()
        })
        .unwrap_or(usize::from(text.contains("Your last line was not sent.")));
    let at_menu = text.matches("illegal/incorrect input").count();
    assert_eq!(seen + lost + at_menu, 2000, "{seen} seen, {lost} lost");
}

fn server(file: &Path) -> Server {
    Server::start(&["--data", &file.to_string_lossy()])
}

#[test]
fn what_owners_have_decided_survives_a_restart_and_closed_rooms_do_not() {
    let folder = TempDir::new().expect("a directory");
    let file = folder.path().join("chat.db");
    let first = server(&file);
    let [mut ann, _ben] = room_with(&first, "1150", ["ann", "ben"]);
    let mut cat = newcomer(&first, "cat");
    cat.create("gone");
    cat.join("gone");
    cat.say("nobody shall see this");
    cat.line("\\close\ngone");
    cat.expect("* Room gone was closed by cat\n");
    lock(&mut ann);
    order(
        &mut ann,
        "\\private",
        "* ann made the room private: no list shows it",
    );
    order(
        &mut ann,
        "\\ban ben for 7d",
        "* ben was banned by ann for 7d",
    );
    first.stop();

    let second = server(&file);
    let mut ben = newcomer(&second, "ben");
    ben.line("3");
    ben.expect_next(&format!("There are no created rooms yet\n{MENU}ben> "));
    knock(&mut ben);
    ben.expect_next("Join room 1150 failed. You are banned there for ");
    ben.expect("ben> ");
    let mut dai = newcomer(&second, "dai");
    knock(&mut dai);
    dai.expect("Password of room 1150: ");
    dai.line(PASSWORD);
    dai.expect("------------ Room 1150 ------------\ndai> ");
    // Nobody owned it any more, so who comes first does.
    order(&mut dai, "\\unban ben", "* ben was unbanned by dai");
    dai.line("\\exit");
    dai.expect(MENU);
    dai.create("gone");
    assert_eq!(dai.join("gone"), "");
    second.stop();
    let check = crate::harness::run(&["check", "--data", &file.to_string_lossy()]);
    assert!(check.status.success(), "{check:?}");
}

#[test]
fn an_owner_with_an_account_owns_the_room_after_a_restart_and_until_it_is_forgotten() {
    const SECRET: &str = "hunter2hunter2";
    let folder = TempDir::new().expect("a directory");
    let file = folder.path().join("chat.db");
    let first = server(&file);
    let [mut ann, _ben] = room_with(&first, "1150", ["ann", "ben"]);
    // She owns it already when she registers.
    ann.line(format!("\\register\n{SECRET}\n{SECRET}"));
    ann.expect("ann is registered.");
    ann.expect("ann> ");
    ann.line("\\exit");
    ann.expect(MENU);
    first.stop();

    let second = server(&file);
    let mut ben = newcomer(&second, "ben");
    ben.join("1150");
    ben.line("\\private");
    ben.expect("Only an owner can do that. Nothing was done. No owner is here right now.");
    ben.expect("ben> ");
    let mut cat = newcomer(&second, "cat");
    cat.join("1150");
    ben.expect("* cat joined\nben> ");
    cat.line(format!("\\login ann\n{SECRET}"));
    cat.expect("Welcome back, ann.");
    cat.expect("ann> ");
    ben.expect("* cat is now known as ann\nben> ");
    cat.line("\\mute ben");
    cat.expect("* ben was muted by ann\nann> ");
    cat.line("\\unmute ben");
    cat.expect("* ben was unmuted by ann\nann> ");
    // Logged out it is the account's still, and so it is nobody else's.
    cat.line("\\name cat");
    cat.expect("cat> ");
    cat.line("\\private");
    cat.expect("Only an owner can do that.");
    cat.expect("cat> ");
    cat.line(format!("\\login ann\n{SECRET}"));
    cat.expect("Welcome back, ann.");
    cat.expect("ann> ");
    // Without the account she owns it as long as she is connected.
    cat.line(format!("\\forget\n{SECRET}"));
    cat.expect("ann is no longer registered.");
    cat.expect("ann> ");
    cat.line("\\private");
    cat.expect("* ann made the room private: no list shows it\nann> ");
    let mut dai = newcomer(&second, "dai");
    dai.join("1150");
    cat.line("\\quit");
    dai.expect("* ann left\n* ben now owns the room\ndai> ");
}
