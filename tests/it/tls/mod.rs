//! TLS.

/// Certificates: made, given, and wrong.
mod certificates;
/// The clients that people have: each at a terminal and in a pipe.
mod clients;
/// Clients that do not do as they should, or take nothing, and a thousand at once.
mod faults;

use std::net::SocketAddr;

use crate::harness::Server;

/// A server that listens by TLS too, and where it does.
fn start(args: &[&str]) -> (Server, SocketAddr) {
    let listen = ["--listen", "tls+127.0.0.1:0"];
    let server = Server::start(&[&listen, args].concat());
    let port = server.listening("tls+127.0.0.1:");
    (server, SocketAddr::from(([127, 0, 0, 1], port)))
}
