//! The network between a server and a database: it can be cut without anybody being told, be slow, or lead elsewhere.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Passes connections on. Its threads end with their connections, or with the test program.
#[derive(Debug)]
pub(crate) struct Wire {
    address: SocketAddr,
    inside: Arc<Inside>,
}

#[derive(Debug)]
struct Inside {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    target: SocketAddr,
    is_cut: bool,
    /// How much later answers come.
    delay: Duration,
    connections: Vec<TcpStream>,
}

impl Wire {
    /// A way to `target`.
    pub(crate) fn to(target: SocketAddr) -> Wire {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let inside = Arc::new(Inside {
            state: Mutex::new(State {
                target,
                is_cut: false,
                delay: Duration::ZERO,
                connections: Vec::new(),
            }),
            changed: Condvar::new(),
        });
        let copy = Arc::clone(&inside);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let inside = Arc::clone(&copy);
                thread::spawn(move || inside.connect(&client));
            }
        });
        Wire { address, inside }
    }

    /// Where it begins.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Nothing goes through any more, in either direction, and nobody is told. What is sent meanwhile comes later.
    pub(crate) fn cut(&self) {
        self.inside.lock().is_cut = true;
    }

    /// What was cut goes through again.
    pub(crate) fn mend(&self) {
        self.inside.lock().is_cut = false;
        self.inside.changed.notify_all();
    }

    /// What the far end sends comes so much later from now on.
    pub(crate) fn delay(&self, delay: Duration) {
        self.inside.lock().delay = delay;
    }

    /// New connections lead there, and those that there are end.
    pub(crate) fn lead_to(&self, target: SocketAddr) {
        self.inside.lock().target = target;
        self.hang_up();
    }

    /// All connections end.
    pub(crate) fn hang_up(&self) {
        for connection in self.inside.lock().connections.drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}

impl Inside {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits as long as the wire is cut.
    fn wait(&self) -> MutexGuard<'_, State> {
        let state = self.lock();
        self.changed
            .wait_while(state, |state| state.is_cut)
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn connect(self: Arc<Self>, client: &TcpStream) {
        let target = self.wait().target;
        let Ok(server) = TcpStream::connect(target) else {
            let _ = client.shutdown(Shutdown::Both);
            return;
        };
        let ends = || [client, &server].map(|end| end.try_clone().expect("a clone"));
        self.lock().connections.extend(ends());
        let ([client_in, server_out], [client_out, server_in]) = (ends(), ends());
        self.pass(client_in, server_out, |_| Duration::ZERO);
        self.pass(server_in, client_out, |state| state.delay);
    }

    /// Reads on one thread and writes on another, so that what is on its way holds up nothing behind it.
    fn pass(
        self: &Arc<Self>,
        mut from: TcpStream,
        mut to: TcpStream,
        delay: impl Fn(&State) -> Duration + Send + 'static,
    ) {
        to.set_nodelay(true).expect("a TCP option");
        let (sender, on_its_way) = mpsc::channel::<(Instant, Vec<u8>)>();
        let (reading, writing) = (Arc::clone(self), Arc::clone(self));
        thread::spawn(move || {
            let mut buffer = [0; 16 * 1024];
            while let Ok(count @ 1..) = from.read(&mut buffer) {
                let due = Instant::now() + delay(&reading.lock());
                if sender.send((due, buffer[..count].to_vec())).is_err() {
                    break;
                }
            }
        });
        thread::spawn(move || {
            for (due, bytes) in on_its_way {
                thread::sleep(due.saturating_duration_since(Instant::now()));
                drop(writing.wait());
                if to.write_all(&bytes).is_err() {
                    break;
                }
            }
            // Nor is the end of a connection told by a wire that is cut.
            drop(writing.wait());
            let _ = to.shutdown(Shutdown::Both);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends a byte, and waits for it to come back.
    fn ping(stream: &mut TcpStream) -> std::io::Result<u8> {
        let mut byte = [0];
        stream.write_all(b"x")?;
        stream.read_exact(&mut byte)?;
        Ok(byte[0])
    }

    /// Answers every byte with `answer`.
    fn echo(answer: u8) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        thread::spawn(move || {
            for mut client in listener.incoming().flatten() {
                thread::spawn(move || {
                    let mut byte = [0];
                    while client.read_exact(&mut byte).is_ok() {
                        if client.write_all(&[answer]).is_err() {
                            break;
                        }
                    }
                });
            }
        });
        address
    }

    #[test]
    fn a_wire_is_cut_and_mended_slow_and_leads_elsewhere() {
        let wire = Wire::to(echo(b'a'));
        let mut client = TcpStream::connect(wire.address()).expect("it accepts");
        assert_eq!(ping(&mut client).expect("an answer"), b'a');

        wire.cut();
        let short = Some(Duration::from_millis(100));
        client.set_read_timeout(short).expect("a socket option");
        assert!(ping(&mut client).is_err());
        let mut late = TcpStream::connect(wire.address()).expect("the kernel accepts");
        late.write_all(b"x").expect("the kernel takes it");
        wire.mend();
        client.set_read_timeout(None).expect("a socket option");
        let mut byte = [0];
        client.read_exact(&mut byte).expect("it comes later");
        late.read_exact(&mut byte).expect("it comes later");

        wire.delay(Duration::from_millis(50));
        let before = Instant::now();
        assert_eq!(ping(&mut client).expect("an answer"), b'a');
        assert!(before.elapsed() >= Duration::from_millis(50));

        wire.lead_to(echo(b'b'));
        assert!(ping(&mut client).is_err());
        let mut client = TcpStream::connect(wire.address()).expect("it accepts");
        assert_eq!(ping(&mut client).expect("an answer"), b'b');
    }
}
