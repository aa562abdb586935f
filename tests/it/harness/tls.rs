//! A client's side of TLS.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use parlor_bench::tls::Clients;
use rustls::ClientConnection;

/// A client that believes any certificate.
pub(crate) fn tls_client() -> ClientConnection {
    Clients::new().client()
}

/// Passes each connection on to `server` by TLS, in pieces of at most `size` bytes. Gives the address to connect to.
/// Its threads end with their connections, or with the test program.
pub(crate) fn tls_way_to(server: SocketAddr, size: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let server = TcpStream::connect(server).expect("the server accepts");
            server.set_nodelay(true).expect("a TCP option");
            let way = Arc::new(Way {
                client,
                server,
                size,
                tls: Mutex::new(tls_client()),
            });
            let back = Arc::clone(&way);
            thread::spawn(move || back.pass_back());
            thread::spawn(move || way.pass_on());
        }
    });
    address
}

/// One connection that is passed on.
struct Way {
    client: TcpStream,
    server: TcpStream,
    size: usize,
    tls: Mutex<ClientConnection>,
}

impl Way {
    fn tls(&self) -> MutexGuard<'_, ClientConnection> {
        self.tls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends what there is.
    fn send(&self, tls: &mut ClientConnection) -> io::Result<()> {
        let mut bytes = Vec::new();
        while tls.wants_write() {
            tls.write_tls(&mut bytes)?;
        }
        let mut pieces = bytes.chunks(self.size);
        pieces.try_for_each(|piece| (&self.server).write_all(piece))
    }

    /// From the client to the server.
    fn pass_on(&self) {
        let mut buffer = [0; 16 * 1024];
        loop {
            let count = (&self.client).read(&mut buffer).unwrap_or(0);
            let mut tls = self.tls();
            match count {
                0 => tls.send_close_notify(),
                // It has no bound worth mentioning, and what it holds is sent at once.
                _ => tls
                    .writer()
                    .write_all(&buffer[..count])
                    .expect("there is space"),
            }
            if self.send(&mut tls).is_err() || count == 0 {
                let _ = self.server.shutdown(Shutdown::Write);
                return;
            }
        }
    }

    /// From the server to the client.
    fn pass_back(&self) {
        let _ = self.send(&mut self.tls());
        let (mut buffer, mut text) = ([0; 16 * 1024], [0; 16 * 1024]);
        while let Ok(count @ 1..) = (&self.server).read(&mut buffer) {
            let mut rest = &buffer[..count];
            while !rest.is_empty() {
                let mut tls = self.tls();
                let taken = tls.read_tls(&mut rest).and_then(|_| {
                    tls.process_new_packets().map_err(io::Error::other)?;
                    self.send(&mut tls)
                });
                let mut said = Vec::new();
                while let Ok(count @ 1..) = tls.reader().read(&mut text) {
                    said.extend_from_slice(&text[..count]);
                }
                drop(tls);
                if (&self.client).write_all(&said).is_err() || taken.is_err() {
                    rest = &[];
                }
            }
        }
        let _ = self.client.shutdown(Shutdown::Both);
    }
}
