//! A network between a node and its database that can be cut without being closed: what is on its way stays there.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Passes connections on to a server.
pub(super) struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    /// New connections are cut as well.
    is_cut: AtomicBool,
    connections: Mutex<Vec<Arc<Connection>>>,
}

/// One connection, in both directions.
struct Connection {
    client: TcpStream,
    up: Gate,
    down: Gate,
}

/// Bytes wait here while it is shut.
#[derive(Default)]
struct Gate {
    is_shut: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    fn lock(&self) -> MutexGuard<'_, bool> {
        self.is_shut.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, is_shut: bool) {
        *self.lock() = is_shut;
        self.opened.notify_all();
    }

    fn wait(&self) {
        let shut = self.lock();
        let _open = self.opened.wait_while(shut, |is_shut| *is_shut);
    }
}

impl Proxy {
    /// A way to `server`. Its threads end with their connections, or with the test program.
    pub(super) fn to(server: SocketAddr) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Shared {
            is_cut: AtomicBool::new(false),
            connections: Mutex::default(),
        });
        let of_thread = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                of_thread.pass_on(client, server);
            }
        });
        Proxy { address, shared }
    }

    /// The URL of a database of the server behind it.
    pub(super) fn url(&self, database: &str) -> String {
        format!("postgres://postgres@{}/{database}", self.address)
    }

    /// From now on nothing comes through, on new connections either.
    pub(super) fn cut(&self) {
        self.shared.is_cut.store(true, Ordering::SeqCst);
        self.each(|connection| {
            connection.up.set(true);
            connection.down.set(true);
        });
    }

    /// Everything comes through again, what was held back too.
    pub(super) fn mend(&self) {
        self.shared.is_cut.store(false, Ordering::SeqCst);
        self.each(|connection| {
            connection.up.set(false);
            connection.down.set(false);
        });
    }

    /// What the clients that are connected now send is held back.
    pub(super) fn hold_requests(&self) {
        self.each(|connection| connection.up.set(true));
    }

    /// What the clients that are connected now are sent is held back.
    pub(super) fn hold_answers(&self) {
        self.each(|connection| connection.down.set(true));
    }

    /// Closes the connections of the clients. The server does not hear of it while it is held back.
    pub(super) fn hang_up(&self) {
        self.each(|connection| {
            let _ = connection.client.shutdown(Shutdown::Both);
        });
    }

    fn each(&self, act: impl Fn(&Connection)) {
        self.shared.lock().iter().for_each(|it| act(it));
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Connection>>> {
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn pass_on(&self, client: TcpStream, server: SocketAddr) {
        // One that is not there refuses its clients.
        let Ok(server) = TcpStream::connect(server) else {
            return;
        };
        for end in [&client, &server] {
            end.set_nodelay(true).expect("a TCP option");
        }
        let clone = |end: &TcpStream| end.try_clone().expect("a clone");
        let connection = Arc::new(Connection {
            client: clone(&client),
            up: Gate::default(),
            down: Gate::default(),
        });
        let is_cut = self.is_cut.load(Ordering::SeqCst);
        connection.up.set(is_cut);
        connection.down.set(is_cut);
        self.lock().push(Arc::clone(&connection));
        let (from, to, it) = (clone(&client), clone(&server), Arc::clone(&connection));
        thread::spawn(move || pump(from, to, &it.up));
        thread::spawn(move || pump(server, client, &connection.down));
    }
}

/// Reads on, and hands on when the gate is open; the end of it as well.
fn pump(mut from: TcpStream, mut to: TcpStream, gate: &Gate) {
    let mut buffer = [0; 64 * 1024];
    loop {
        let read = from.read(&mut buffer).unwrap_or(0);
        gate.wait();
        if read == 0 || to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
