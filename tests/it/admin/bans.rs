//! Bans of the whole server.

use super::{Place, log_in};
use crate::harness::{PASSWORD, Server, at_menu, registered, room_with};

#[test]
fn whoever_comes_from_a_banned_address_is_told_why_and_counted() {
    let place = Place::new();
    let server = place.server(&[]);
    let mut eve = server.client_from("eve", [127, 0, 7, 9]);
    eve.expect("anon> ");
    let answer = place.ask("ban 127.0.7.9 for 2h flood of joins");
    assert_eq!(
        answer,
        "127.0.7.9 is banned for 2h. 1 connection was closed.\n"
    );
    eve.expect("* You are banned from this server for 2h: flood of joins\n");
    eve.expect_eof();
    for _ in 0..3 {
        let mut eve = server.client_from("eve", [127, 0, 7, 9]);
        eve.expect("* You are banned from this server for 2h: flood of joins\n");
        eve.expect_eof();
    }
    let bans = place.json("bans");
    assert_eq!(bans[0]["target"], "127.0.7.9");
    assert_eq!(bans[0]["kind"], "address");
    assert_eq!(bans[0]["hits"], 4);
    assert!(
        bans[0]["seconds_left"]
            .as_u64()
            .is_some_and(|left| left > 7000)
    );
    server.expect_log("security: operator-banned address=none by=unix:");
    server.expect_log(" whom=127.0.7.9 closed=1\n");
    server.expect_log("security: refused address=127.0.7.9 reason=banned\n");
    let _other = server.client_from("other", [127, 0, 7, 10]);
    assert!(
        place
            .refused("unban 127.0.7.0/24")
            .starts_with("127.0.7.0/24 is not banned.")
    );
    assert_eq!(
        place.ask("unban 127.0.7.9"),
        "127.0.7.9 is no longer banned.\n"
    );
    let mut eve = server.client_from("eve", [127, 0, 7, 9]);
    eve.expect("anon> ");
    assert_eq!(place.ask("bans"), "Nobody is banned.\n");
}

#[test]
fn addresses_of_version_4_are_the_same_over_a_socket_of_version_6_and_a_48_is_one_ban() {
    let place = Place::new();
    let server = place.server(&["--listen", "[::]:0"]);
    let port = server.listening("[::]:");
    let over = |address: &str| {
        let address = format!("{address}:{port}").parse().expect("an address");
        server.client_at("eve", address)
    };
    over("127.0.0.1").expect("anon> ");
    over("[::1]").expect("anon> ");
    assert!(
        place
            .ask("ban ::ffff:127.0.0.9/104")
            .starts_with("127.0.0.0/8 is banned.")
    );
    over("127.0.0.1").expect("* You are banned from this server.\n");
    over("[::1]").expect("anon> ");
    place.ask("unban 127.0.0.0/8");
    assert!(place.ask("ban ::9/48").starts_with("::/48 is banned."));
    over("[::1]").expect("* You are banned from this server.\n");
    over("127.0.0.1").expect("anon> ");
    let refused = place.refused("unban ::1");
    assert!(refused.starts_with("::/64 itself is not banned, but ::/48 is, which covers it."));
    // The socket of operators is not asked.
    assert!(
        place
            .ask("ban 0.0.0.0/0")
            .starts_with("0.0.0.0/0 is banned.")
    );
    assert_eq!(place.json("bans").as_array().map(Vec::len), Some(2));
}

#[test]
fn nobody_takes_a_banned_name_or_one_that_looks_like_it() {
    let place = Place::new();
    let server = place.server(&[]);
    let [mut ann, mut eve] = room_with(&server, "1150", ["ann", "DAI"]);
    let answer = place.ask("ban Dai no such names");
    assert_eq!(answer, "The name Dai is banned. 1 connection was closed.\n");
    eve.expect("* You are banned from this server: no such names\n");
    eve.expect_eof();
    ann.expect("* DAI left\n");
    let mut eve = at_menu(&server, "eve");
    for name in ["Dai", "DAI", "Ðai"] {
        eve.line(format!("\\name {name}"));
        eve.expect(&format!(
            "Update username failed. {name} is banned from this server"
        ));
        eve.expect("anon> ");
    }
    assert!(place.refused("rename ann Dai").starts_with("Dai is banned"));
    assert_eq!(place.json("bans")[0]["target"], "name:Dai");
    assert_eq!(
        place.ask("unban dai"),
        "The name Dai is no longer banned.\n"
    );
    eve.line("\\name Dai");
    eve.expect("Update username successful\n");
}

#[test]
fn a_banned_account_is_out_and_stays_out_after_a_restart_until_the_ban_is_lifted() {
    let place = Place::new();
    let server = place.server_with_file(&[]);
    let mut bo = registered(&server, "Bo");
    let answer = place.ask("ban Bo for 7d spam");
    assert_eq!(
        answer,
        "The account Bo is banned for 7d. 1 connection was closed.\n"
    );
    bo.expect("* You are banned from this server for 7d: spam\n");
    bo.expect_eof();
    let refused = |server: &Server| {
        let mut bo = at_menu(server, "Bo");
        log_in(&mut bo, "Bo");
        bo.expect("Bo is banned from this server for 7d. Nothing was changed. The reason: spam\n");
        // A wrong password learns nothing of it.
        bo.line("\\login Bo");
        bo.expect("Password of Bo: ");
        bo.line(PASSWORD.to_uppercase());
        bo.expect("Bo is not registered, or that is not its password.");
    };
    refused(&server);
    place.ask("ban 192.0.2.0/24");
    server.stop();
    let server = place.server_with_file(&[]);
    let bans = place.json("bans");
    assert_eq!(bans[0]["target"], "account:Bo");
    assert_eq!(bans[0]["why"], "spam");
    assert_eq!(bans[0]["hits"], 2, "{bans}");
    assert_eq!(bans[1]["target"], "192.0.2.0/24");
    refused(&server);
    assert_eq!(
        place.ask("unban Bo"),
        "The account Bo is no longer banned.\n"
    );
    server.stop();
    let server = place.server_with_file(&[]);
    let mut bo = at_menu(&server, "Bo");
    log_in(&mut bo, "Bo");
    bo.expect("Welcome back, Bo.");
    let bans = place.json("bans");
    assert_eq!(bans.as_array().map(Vec::len), Some(1), "{bans}");
}
