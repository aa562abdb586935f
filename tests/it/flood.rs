//! Bytes that mean nothing, as fast as they go: nobody else notices, and memory stays bounded.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::{Server, room_with};

/// Connections that send rubbish; every second one also reads what it is answered.
const FLOODERS: u64 = 10;
/// How long it goes on.
const WHILE: Duration = Duration::from_secs(3);

#[test]
fn random_bytes_at_full_speed_disturb_nobody() {
    for rate in ["0", "10"] {
        let mut server = Server::start(&["--rate", rate, "--log", "error"]);
        let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
        let before = server.memory_kib();
        let streams: Vec<TcpStream> = (0..FLOODERS)
            .map(|_| TcpStream::connect(server.address()).expect("the server accepts"))
            .collect();
        thread::scope(|scope| {
            for (seed, stream) in (1..).zip(&streams) {
                scope.spawn(move || flood(stream, seed));
                if seed % 2 == 0 {
                    scope.spawn(move || drain(stream));
                }
            }
            let start = Instant::now();
            let mut count = 0;
            while start.elapsed() < WHILE {
                ann.say(&format!("line {count}"));
                ben.expect(&format!("[HH:MM:SS] ann: line {count}\n"));
                count += 1;
            }
            // The flooders may be stuck in a write; this ends it.
            for stream in &streams {
                let _ = stream.shutdown(Shutdown::Both);
            }
        });
        let grown = server.memory_kib().saturating_sub(before);
        assert!(grown < 32 * 1024, "the server grew by {grown} KiB");
        ann.say("still here");
        ben.expect("[HH:MM:SS] ann: still here\n");
        assert!(!server.log().contains("panicked"), "{}", server.log());
        server.signal("TERM");
        assert_eq!(server.expect_exit().code(), Some(0));
    }
}

/// Sends pseudo-random bytes until the connection ends.
fn flood(mut stream: &TcpStream, seed: u64) {
    let mut state = seed;
    let mut buffer = [0; 16 * 1024];
    loop {
        for word in buffer.chunks_exact_mut(8) {
            // xorshift64: reproducible, and random enough to be rubbish.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            word.copy_from_slice(&state.to_le_bytes());
        }
        if stream.write_all(&buffer).is_err() {
            return;
        }
    }
}

/// Reads until the connection ends.
fn drain(mut stream: &TcpStream) {
    let mut buffer = [0; 16 * 1024];
    while matches!(stream.read(&mut buffer), Ok(count) if count > 0) {}
}
