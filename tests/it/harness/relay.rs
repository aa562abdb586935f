//! A network with a delay, between a client and the server.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Passes each connection on to `server`, every byte `delay` later in either direction. Gives the address to
/// connect to. Its threads end with their connections, or with the test program.
pub(crate) fn slow_way_to(server: SocketAddr, delay: Duration) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let server = TcpStream::connect(server).expect("the server accepts");
            let ends = || [&client, &server].map(|end| end.try_clone().expect("a clone"));
            let ([client_in, server_out], [client_out, server_in]) = (ends(), ends());
            pass(client_in, server_out, delay);
            pass(server_in, client_out, delay);
        }
    });
    address
}

/// Reads on one thread and writes on another, so that what is on its way holds up nothing behind it.
fn pass(mut from: TcpStream, mut to: TcpStream, delay: Duration) {
    to.set_nodelay(true).expect("a TCP option");
    let (sender, on_its_way) = mpsc::channel::<(Instant, Vec<u8>)>();
    thread::spawn(move || {
        let mut buffer = [0; 16 * 1024];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            let due = Instant::now() + delay;
            if sender.send((due, buffer[..count].to_vec())).is_err() {
                break;
            }
        }
    });
    thread::spawn(move || {
        for (due, bytes) in on_its_way {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.write_all(&bytes).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
}
