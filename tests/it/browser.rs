//! A browser, by way of shellinabox, as docs/browser.md says.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::Command;

use rustix::process::{getegid, geteuid};
use tempfile::TempDir;

use crate::harness::{Helper, PROGRAM, Server, eventually, program, room_with};

const DOCUMENT: &str = include_str!("../../docs/browser.md");

/// What a page's script asks of shellinabox.
struct Page {
    address: SocketAddr,
    session: String,
    /// Everything that the terminal was sent, as JSON has it.
    shown: String,
}

impl Page {
    fn open(address: SocketAddr) -> Self {
        let mut page = Self {
            address,
            session: String::new(),
            shown: String::new(),
        };
        let answer = page.post("");
        let (_, rest) = answer
            .split_once("\"session\":\"")
            .expect("a session begins");
        page.session = rest.split('"').next().expect("it has a name").to_owned();
        page
    }

    fn post(&self, more: &str) -> String {
        let session = match self.session.as_str() {
            "" => String::new(),
            session => format!("&session={session}"),
        };
        let body = format!("width=80&height=24&rooturl=http://localhost/{session}{more}");
        let mut stream = TcpStream::connect(self.address).expect("it listens");
        let length = body.len();
        let head = format!(
            "POST / HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {length}\r\n\r\n"
        );
        stream
            .write_all(format!("{head}{body}").as_bytes())
            .expect("it reads");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("it answers");
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn keys(&self, keys: &str) {
        let mut hex = String::new();
        for key in keys.bytes() {
            write!(hex, "{key:02X}").expect("a string");
        }
        self.post(&format!("&keys={hex}"));
    }

    /// Asks for what is new, which is held back until something is, until `text` was shown.
    fn expect(&mut self, text: &str) {
        eventually(text, || {
            if !self.shown.contains(text) {
                let answer = self.post("");
                self.shown.push_str(&answer);
            }
            self.shown.contains(text)
        });
    }
}

/// The line of the document that starts shellinabox.
fn documented() -> &'static str {
    let mut lines = DOCUMENT.lines();
    lines
        .find(|line| line.starts_with("shellinaboxd "))
        .expect("the document says how")
}

#[test]
fn somebody_at_a_browser_edits_at_a_terminal_and_comes_from_where_they_come() {
    let folder = TempDir::new().expect("a directory");
    let socket = folder.path().join("socket").display().to_string();
    let server = Server::start(&["--listen", &format!("proxy+unix:{socket}")]);
    // It cannot choose a free port itself.
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr());
    let port = port.expect("a free port").port();
    let (user, group) = (geteuid().as_raw(), getegid().as_raw());
    let line = documented()
        .replace("shellinaboxd", &program("shellinaboxd", "shellinabox"))
        .replace("--port 4200", &format!("--port {port} --verbose"))
        .replace(":www-data:parlor:", &format!(":{user}:{group}:"))
        .replace("/usr/bin/parlor", PROGRAM)
        .replace("/run/parlor/web.sock", &socket);
    let mut sh = Command::new("sh");
    sh.args(["-c", &format!("exec {line}")]);
    let _shellinabox = Helper::start(server.tape("shellinaboxd"), &mut sh, "Listening on port");

    let [mut host] = room_with(&server, "1150", ["host"]);
    let mut page = Page::open(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    page.expect("anon> ");
    server.expect_log("peer=127.0.0.1:0");
    page.keys("\\name bo\r");
    page.expect("bo> ");
    page.keys("\\join 1150\r");
    host.expect("* bo joined\n");
    page.keys("hello wrld\x1b[D\x1b[D\x1b[Do\r");
    host.expect("bo: hello world\n");
    host.say("welcome");
    page.expect(": welcome");
    page.keys("\\quit\r");
    host.expect("* bo left\n");
}
