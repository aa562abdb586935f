//! The PROXY protocol: whom a proxy brings counts as who comes, and nobody else can say so.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::harness::{Client, Helper, MENU, Server, eventually, own_address, piped, program};

/// A line of version 1 for somebody at this address.
fn v1(ip: &str) -> String {
    format!("PROXY TCP4 {ip} 198.51.100.1 4711 50006\r\n")
}

/// Version 2 for somebody at this address, with fields behind it.
fn v2(ip: [u8; 4], fields: &[u8]) -> Vec<u8> {
    let length = (12 + fields.len() as u16).to_be_bytes();
    let start = b"\r\n\r\n\0\r\nQUIT\n\x21\x11";
    let addresses = [&ip[..], &[198, 51, 100, 1, 0x12, 0x67, 0xc3, 0x56]].concat();
    [&start[..], &length, &addresses, fields].concat()
}

/// A server that takes headers at the address that comes too.
fn proxied(args: &[&str]) -> (Server, SocketAddr) {
    let server = Server::start(&[&["--listen", "proxy+127.0.0.1:0"], args].concat());
    let port = server.listening("proxy+127.0.0.1:");
    (server, SocketAddr::from(([127, 0, 0, 1], port)))
}

#[test]
fn who_comes_is_whom_the_proxy_brings_and_what_follows_is_theirs() {
    let (server, address) = proxied(&[]);
    let headers = [
        (v1("192.0.2.7").into_bytes(), "peer=192.0.2.7:4711"),
        (
            b"PROXY TCP6 2001:db8::7 2001:db8::1 4712 50006\r\n".to_vec(),
            "peer=[2001:db8::7]:4712",
        ),
        (v2([192, 0, 2, 8], b""), "peer=192.0.2.8:4711"),
        (v2([192, 0, 2, 9], b"\x04\0\x03abc"), "peer=192.0.2.9:4711"),
    ];
    for (number, (header, logged)) in headers.into_iter().enumerate() {
        // Together with the first line, and each byte in a packet of its own.
        for is_cut in [false, true] {
            let name = format!("n{number}{is_cut}");
            let mut client = server.client_at(&name, address);
            let all = [&header[..], format!("\\name {name}\n").as_bytes()].concat();
            match is_cut {
                true => all.chunks(1).for_each(|byte| client.send(byte)),
                false => client.send(all),
            }
            client.expect_next(&format!("{MENU}anon> "));
            client.expect_next("Update username successful\n");
            client.expect_next(&client.prompt());
            server.expect_log(logged);
        }
    }
}

#[test]
fn callers_are_counted_by_their_own_addresses() {
    let (server, address) = proxied(&["--max-per-address", "1", "--connect-burst", "100"]);
    let call = |ip: &str| {
        let mut client = server.client_at(ip, address);
        client.send(v1(ip));
        client
    };
    let mut all: Vec<Client> = (1..=9)
        .map(|host| call(&format!("192.0.2.{host}")))
        .collect();
    for client in &mut all {
        client.expect("anon> ");
    }
    let mut second = call("192.0.2.1");
    second.expect("Too many connections from your address");
    second.expect_eof();
    server.expect_log("security: refused address=192.0.2.1 reason=address-full");
    drop(all.remove(0));
    eventually("the place is free again", || {
        let mut next = call("192.0.2.1");
        next.line("\\quit");
        next.expect_eof().contains("Goodbye")
    });
}

#[test]
fn a_header_that_makes_no_sense_ends_the_connection_with_a_line_in_the_log_and_nobody_else_notices()
{
    let (server, address) = proxied(&[]);
    let mut ben = server.client_at("ben", address);
    ben.send(v1("192.0.2.7"));
    ben.expect("anon> ");
    let mut short = v2([192, 0, 2, 7], b"");
    short[15] = 4;
    let mut long = v2([192, 0, 2, 7], b"");
    long[14] = 0xff;
    for (header, why) in [
        (short, "the PROXY header has the wrong length 4"),
        (long, "the PROXY header has the wrong length 65292"),
        (
            v2([192, 0, 2, 7], b"\x04\0\x09abc"),
            "a field of the PROXY header is malformed",
        ),
        (
            b"PROXY TCP4 nonsense\r\n".to_vec(),
            "the PROXY line is malformed",
        ),
        (b"hello\r\n".to_vec(), "what came is no PROXY header"),
        (
            b"\x16\x03\x01\x02\x00".to_vec(),
            "what came is no PROXY header",
        ),
    ] {
        let mut client = server.client_at("mallory", address);
        client.send(&header);
        // It waits for no more, and says nothing to whoever does not speak its language.
        assert_eq!(client.expect_eof(), "");
        server.expect_log(why);
    }
    let mut cut = server.client_at("cut", address);
    cut.send("PROXY TCP4 192.0.2.7");
    cut.shutdown_write();
    assert_eq!(cut.expect_eof(), "");
    server.expect_log("it ended in the middle of the PROXY header");
    assert!(server.log().contains("no PROXY header"), "{}", server.log());
    ben.line("\\name ben");
    ben.expect("ben> ");
}

#[test]
fn a_proxy_that_says_nothing_has_five_seconds() {
    let (server, address) = proxied(&[]);
    let start = Instant::now();
    let mut silent = server.client_at("silent", address);
    let mut slow = server.client_at("slow", address);
    slow.send("PROXY TCP4 192.0.2.7 ");
    for client in [&mut silent, &mut slow] {
        assert_eq!(client.expect_eof(), "");
    }
    assert!(start.elapsed() >= Duration::from_secs(5));
    server.expect_log("no whole PROXY header came within 5 s");
}

#[test]
fn a_header_from_elsewhere_is_text() {
    let (server, address) = proxied(&["--proxy-from", "127.0.0.3", "--proxy-from", "10.0.0.0/8"]);
    let plain = server.address();
    for (name, address) in [("unlisted", address), ("plain", plain)] {
        let mut client = server.client_at(name, address);
        // It is served at once.
        client.expect_next(&format!("{MENU}anon> "));
        client.send(v1("192.0.2.7"));
        client.expect("You have entered illegal/incorrect input.");
        client.line("\\quit");
        client.expect("Goodbye.");
    }
    assert!(!server.log().contains("192.0.2.7"), "{}", server.log());
    let mut listed = server.client_between("listed", [127, 0, 0, 3], address);
    listed.send(v1("192.0.2.7"));
    listed.expect("anon> ");
    server.expect_log("peer=192.0.2.7:4711");
}

#[test]
fn a_proxy_that_looks_whether_the_server_is_well_leaves_no_trace_in_the_log() {
    let (server, address) = proxied(&[]);
    let mut looks = server.client_at("looks", address);
    looks.send(b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0");
    looks.expect("anon> ");
    drop(looks);
    let connects = server.client_at("connects", address);
    drop(connects);
    let mut unknown = server.client_at("unknown", address);
    unknown.send("PROXY UNKNOWN\r\n\\quit\n");
    unknown.expect("Goodbye.");
    server.expect_log("closed id=");
    let log = server.log();
    assert_eq!(log.matches(" connected ").count(), 1, "{log}");
    assert!(!log.contains("before it was said who came"), "{log}");
}

#[test]
fn the_list_of_proxies_is_doubted_where_none_comes() {
    let server = Server::start(&["--proxy-from", "10.0.0.0/8"]);
    server.expect_log("proxy_from counts for nothing");
    let (server, _) = proxied(&["--proxy-from", "10.0.0.0/8"]);
    assert!(!server.log().contains("counts for nothing"));
    for (text, why) in [("10.0.0.0/33", "from 0 to 32"), ("haproxy", "user:NAME")] {
        let output = crate::harness::run(&["--listen", "proxy+127.0.0.1:0", "--proxy-from", text]);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(
            stderr.contains("--proxy-from") && stderr.contains(why),
            "{stderr}"
        );
    }
}

// ---- HAProxy itself ----

/// What operators are told to configure.
const DOCUMENT: &str = include_str!("../../docs/operating.md");

/// HAProxy before a server that takes its headers at `back`, as the document says, but for what is to be put in other words.
fn haproxy(server: &Server, back: SocketAddr, words: &[(&str, &str)]) -> (Helper, TempDir) {
    let blocks = DOCUMENT.split("```text\n").skip(1);
    let mut blocks = blocks.map(|block| block.split("```").next().expect("a block ends"));
    let block = blocks.find(|block| block.contains("send-proxy"));
    let mut config = block.expect("the document has it").to_owned();
    let back = back.to_string();
    for (old, new) in words.iter().chain(&[("127.0.0.1:50007", back.as_str())]) {
        assert!(config.contains(old), "{old}: {config}");
        config = config.replace(old, new);
    }
    let folder = TempDir::new().expect("a directory");
    let file = folder.path().join("haproxy.cfg");
    fs::write(&file, config).expect("a file");
    let mut command = Command::new(program("haproxy", "haproxy"));
    command.args(["-W", "-f"]).arg(&file);
    let helper = Helper::start(server.tape("haproxy"), &mut command, "Loading success.");
    (helper, folder)
}

/// The same without its place for TLS.
fn plain_haproxy(
    server: &Server,
    back: SocketAddr,
    words: &[(&str, &str)],
) -> (Helper, TempDir, SocketAddr) {
    let front = own_address(50006);
    let (_, tls) = DOCUMENT
        .split_once("\nlisten chat-tls")
        .expect("it is there");
    let (tls, _) = tls.split_once("```").expect("a block ends");
    let (front_text, tls) = (front.to_string(), format!("\nlisten chat-tls{tls}"));
    let own = [(tls.as_str(), "\n"), (":50006", front_text.as_str())];
    let (helper, folder) = haproxy(server, back, &[&own[..], words].concat());
    (helper, folder, front)
}

/// Seven sources of this machine walk in, and the second of one of them does not.
fn seven_sources(words: &[(&str, &str)]) -> Server {
    let (server, address) = proxied(&["--max-per-address", "1"]);
    let (_haproxy, _folder, front) = plain_haproxy(&server, address, words);
    let call = |name: &str, host: u8| server.client_between(name, [127, 0, 0, host], front);
    let mut seven: Vec<Client> = (2..=8)
        .map(|host| call(&format!("n{host}"), host))
        .collect();
    for client in &mut seven {
        client.expect("anon> ");
        client.login();
    }
    for host in 2..=8 {
        server.expect_log(&format!("peer=127.0.0.{host}:"));
    }
    let mut eighth = call("eighth", 2);
    eighth.expect("Too many connections from your address.");
    server
}

#[test]
fn seven_sources_behind_haproxy_count_as_seven() {
    let checks = ("send-proxy-v2 check", "send-proxy-v2 check inter 50");
    let server = seven_sources(&[checks]);
    let log = server.log();
    assert_eq!(log.matches(" connected ").count(), 7, "{log}");
}

#[test]
fn seven_sources_count_as_seven_in_version_1_too_and_with_a_checksum() {
    let version_1 = ("send-proxy-v2 check", "send-proxy");
    drop(seven_sources(&[version_1]));
    let checksum = "send-proxy-v2 proxy-v2-options crc32c,unique-id";
    drop(seven_sources(&[("send-proxy-v2 check", checksum)]));
}

#[test]
fn passwords_are_taken_from_callers_whose_tls_haproxy_has_ended_and_from_no_others() {
    let folder = TempDir::new().expect("a directory");
    let data = folder.path().join("chat.db").display().to_string();
    let (server, address) = proxied(&["--data", &data]);
    let certificate = self_signed(folder.path());
    let (plain, tls) = (own_address(50006), own_address(50992));
    let words = [
        (":50006", plain.to_string()),
        (":50992", tls.to_string()),
        ("/etc/haproxy/chat.pem", certificate.display().to_string()),
    ];
    let words = words.each_ref().map(|(old, new)| (*old, new.as_str()));
    let _haproxy = haproxy(&server, address, &words);

    let mut dai = server.client_at("dai", plain);
    dai.expect("anon> ");
    dai.login();
    dai.line("\\register");
    dai.expect("Passwords are not accepted over this connection");
    let script = "\\name ben\n\\register\nhunter2 hunter2\nhunter2 hunter2\n\\quit\n";
    let openssl = [
        program("openssl", "openssl"),
        "s_client".to_owned(),
        "-quiet".to_owned(),
        "-connect".to_owned(),
        tls.to_string(),
    ];
    let seen = piped(&openssl, script.as_bytes());
    assert!(seen.contains("ben is registered."), "{seen}");
}

#[test]
fn tls_passes_through_haproxy_behind_a_header() {
    let folder = TempDir::new().expect("a directory");
    let certificate = self_signed(folder.path()).display().to_string();
    let server = Server::start(
        &[
            &["--listen", "proxy+tls+127.0.0.1:0"][..],
            &["--tls-cert", &certificate, "--tls-key", &certificate],
        ]
        .concat(),
    );
    let port = server.listening("proxy+tls+127.0.0.1:");
    let back = SocketAddr::from(([127, 0, 0, 1], port));
    for words in ["send-proxy", "send-proxy-v2"] {
        let words = [("send-proxy-v2 check", words)];
        let (_haproxy, _folder, front) = plain_haproxy(&server, back, &words);
        let openssl = ["s_client", "-quiet", "-bind", "127.0.0.5:0", "-connect"];
        let openssl = openssl.map(str::to_owned);
        let program = [program("openssl", "openssl")];
        let command = [&program[..], &openssl, &[front.to_string()]].concat();
        let seen = piped(&command, b"\\name Bo\n\\quit\n");
        assert!(seen.contains("Bo> Goodbye."), "{seen}");
    }
    server.expect_log("closed id=2");
    assert_eq!(
        server.log().matches("peer=127.0.0.5:").count(),
        4,
        "{}",
        server.log()
    );
    // Who may not say whom they bring come by TLS at once.
    let unlisted = Server::start(
        &[
            &[
                "--listen",
                "proxy+tls+127.0.0.1:0",
                "--proxy-from",
                "192.0.2.1",
            ][..],
            &["--tls-cert", &certificate, "--tls-key", &certificate],
        ]
        .concat(),
    );
    let port = unlisted.listening("proxy+tls+127.0.0.1:");
    let address = format!("127.0.0.1:{port}");
    let openssl = program("openssl", "openssl");
    let command = [&openssl, "s_client", "-quiet", "-connect", &address].map(str::to_owned);
    let seen = piped(&command, b"\\quit\n");
    assert!(seen.contains("Goodbye."), "{seen}");
}

/// A certificate and its key in one file.
fn self_signed(folder: &Path) -> PathBuf {
    let file = |name: &str| folder.join(name).display().to_string();
    let (key, certificate) = (file("key"), file("certificate"));
    let made = Command::new(program("openssl", "openssl"))
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
        ])
        .args(["-nodes", "-days", "2", "-subj", "/CN=localhost"])
        .args(["-keyout", &key, "-out", &certificate])
        .output()
        .expect("openssl runs");
    assert!(made.status.success(), "{made:?}");
    let both = folder.join("both.pem");
    let read = |path: &str| fs::read(path).expect("it was made");
    fs::write(&both, [read(&certificate), read(&key)].concat()).expect("a file");
    both
}
