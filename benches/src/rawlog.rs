//! The log alone, on PostgreSQL: what a chat on several nodes cannot do without, and nothing else. It is what parlor on
//! several nodes is compared with, in the same run.
//!
//! A node appends all that waits in one transaction, which fences and deduplicates, orders, and inserts; when that is
//! acknowledged it wakes the others, and these read what is new. There are no rooms, names, rights, clients or sockets.
//!
//! Output is one line a figure, as that of `load`.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpStream};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use argh::FromArgs;
use async_channel::Receiver;
use futures_lite::future;
use hdrhistogram::Histogram;
use smol::{Async, Timer};
use tokio_postgres::{AsyncMessage, Client, Config, NoTls, Statement};
use tokio_util::compat::FuturesAsyncReadCompatExt;

/// What everybody says; with what parlor stores of a line beside its text it is as long as the lines of `load`.
const TEXT: &str = "0000 00000000 .................................................";

/// What passes before measuring begins.
const WARM_UP: Duration = Duration::from_secs(1);

/// How long lines on their way may take to arrive.
const DRAIN: Duration = Duration::from_secs(3);

/// Lines that one transaction may have.
const BATCH_MAX: u64 = 4096;

/// Rooms of which one wake-up tells: PostgreSQL takes 8,000 bytes.
const ROOMS_PER_WAKE_UP: usize = 400;

const SCHEMA: &str = "
DROP TABLE IF EXISTS raw_lines, raw_rooms, raw_nodes;
CREATE TABLE raw_nodes (
    node int PRIMARY KEY, write_no bigint NOT NULL, expires timestamptz NOT NULL
) WITH (fillfactor = 10);
CREATE TABLE raw_rooms (
    room int PRIMARY KEY, head bigint NOT NULL, rights bigint NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE raw_lines (
    room int NOT NULL, seq bigint NOT NULL, due_us bigint NOT NULL, node int NOT NULL, text text NOT NULL,
    PRIMARY KEY (room, seq)
);
CREATE OR REPLACE FUNCTION raw_append(
    me int, write bigint, rooms int[], counts int[], line_rooms int[], places int[], dues bigint[], texts text[]
) RETURNS TABLE (at_room int, at_head bigint) LANGUAGE plpgsql AS $$
BEGIN
    UPDATE raw_nodes SET write_no = write
        WHERE node = me AND write_no = write - 1 AND expires > clock_timestamp();
    IF NOT FOUND THEN
        RAISE EXCEPTION 'fenced';
    END IF;
    PERFORM 1 FROM raw_rooms r WHERE r.room = ANY (rooms) ORDER BY r.room FOR NO KEY UPDATE;
    RETURN QUERY
        WITH moved AS (
            UPDATE raw_rooms r SET head = r.head + new.count
                FROM unnest(rooms, counts) new (room, count)
                WHERE r.room = new.room AND r.rights = 0
                RETURNING r.room, r.head, new.count
        ), stored AS (
            INSERT INTO raw_lines
                SELECT m.room, m.head - m.count + l.place, l.due, me, l.text
                    FROM unnest(line_rooms, places, dues, texts) l (room, place, due, text)
                    JOIN moved m ON m.room = l.room
        )
        SELECT m.room, m.head FROM moved m;
END $$;
";

/// Measures the log alone and prints the figures.
#[derive(Debug, FromArgs)]
struct Args {
    /// where the database listens, where its superuser postgres needs no password
    #[argh(positional)]
    database: SocketAddr,

    /// the case's name in the output
    #[argh(option)]
    label: String,

    /// lines a second of all nodes together (default: 1000); 0: one node writes as fast as it can
    #[argh(option, default = "1000")]
    rate: u64,

    /// lines of one transaction, with --rate 0 (default: 1000)
    #[argh(option, default = "1000")]
    batch: u64,

    /// nodes (default: 3)
    #[argh(option, default = "3")]
    nodes: i32,

    /// rooms (default: 100)
    #[argh(option, default = "100")]
    rooms: i32,

    /// seconds that are measured (default: 5)
    #[argh(option, default = "5.0")]
    seconds: f64,
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let args: Args = argh::from_env();
    let figures = smol::block_on(future::or(run(&args), async {
        let limit = Duration::from_secs_f64(args.seconds) + Duration::from_secs(60);
        Timer::after(limit).await;
        Err("not done in time".into())
    }));
    match figures {
        Ok(figures) => {
            for (metric, value) in figures {
                println!("{}\tbaseline\t{metric}\t{value}", args.label);
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("rawlog: {}: {error}", args.label);
            ExitCode::FAILURE
        }
    }
}

async fn run(args: &Args) -> Result<Vec<(&'static str, f64)>, Failure> {
    let (client, _) = connect(args.database).await?;
    client.batch_execute(SCHEMA).await?;
    let rooms = "INSERT INTO raw_rooms SELECT room, 0, 0 FROM generate_series(1, $1::int) room";
    client.execute(rooms, &[&args.rooms]).await?;
    let nodes = "INSERT INTO raw_nodes SELECT node, 0, clock_timestamp() + interval '1 hour' FROM generate_series(1, $1::int) node";
    client.execute(nodes, &[&args.nodes]).await?;
    match args.rate {
        0 => stream(args).await,
        _ => latency(args).await,
    }
}

/// Connects, and gives what the connection is told by the way.
async fn connect(database: SocketAddr) -> Result<(Client, Receiver<String>), Failure> {
    let socket = Async::<TcpStream>::connect(database).await?;
    socket.get_ref().set_nodelay(true)?;
    let mut config = Config::new();
    config.user("postgres").dbname("postgres");
    let (client, mut connection) = config.connect_raw(socket.compat(), NoTls).await?;
    let (sender, told) = async_channel::unbounded();
    smol::spawn(async move {
        while let Some(Ok(message)) = future::poll_fn(|cx| connection.poll_message(cx)).await {
            if let AsyncMessage::Notification(note) = message {
                // Whoever does not listen has let go of the receiver.
                let _ = sender.try_send(note.payload().to_owned());
            }
        }
    })
    .detach();
    Ok((client, told))
}

/// A line that is to be appended.
struct Line {
    room: i32,
    due_us: i64,
}

/// Appends on behalf of one node.
struct Writer {
    client: Client,
    statement: Statement,
    /// Wakes the others, without waiting for the disk.
    waker: Arc<Client>,
    node: i32,
    write_no: i64,
}

impl Writer {
    async fn new(database: SocketAddr, node: i32) -> Result<Writer, Failure> {
        let (client, _) = connect(database).await?;
        let call = "SELECT at_room, at_head FROM raw_append($1, $2, $3, $4, $5, $6, $7, $8)";
        let statement = client.prepare(call).await?;
        let (waker, _) = connect(database).await?;
        waker.batch_execute("SET synchronous_commit = off").await?;
        Ok(Writer {
            client,
            statement,
            waker: Arc::new(waker),
            node,
            write_no: 0,
        })
    }

    async fn append(&mut self, lines: &[Line]) -> Result<(), Failure> {
        let mut counts = BTreeMap::<i32, i32>::new();
        let (mut rooms_of, mut places, mut dues) = (Vec::new(), Vec::new(), Vec::new());
        for line in lines {
            let count = counts.entry(line.room).or_default();
            *count += 1;
            rooms_of.push(line.room);
            places.push(*count);
            dues.push(line.due_us);
        }
        let (rooms, counts): (Vec<i32>, Vec<i32>) = counts.into_iter().unzip();
        let texts = vec![TEXT; lines.len()];
        self.write_no += 1;
        let heads = self
            .client
            .query(
                &self.statement,
                &[
                    &self.node,
                    &self.write_no,
                    &rooms,
                    &counts,
                    &rooms_of,
                    &places,
                    &dues,
                    &texts,
                ],
            )
            .await?;
        for some in heads.chunks(ROOMS_PER_WAKE_UP) {
            let heads = some
                .iter()
                .map(|row| format!("{}:{}", row.get::<_, i32>(0), row.get::<_, i64>(1)));
            let payload = heads.collect::<Vec<String>>().join(",");
            let waker = Arc::clone(&self.waker);
            smol::spawn(async move {
                // A follower that was not woken looks by itself after a second.
                let _ = waker
                    .execute("SELECT pg_notify('raw', $1)", &[&payload])
                    .await;
            })
            .detach();
        }
        Ok(())
    }
}

/// Reads all that is appended, in order, until `end`; calls `seen` with the node and the due time of each line.
async fn follow(
    database: SocketAddr,
    rooms: i32,
    end: Instant,
    mut seen: impl FnMut(i32, i64),
) -> Result<(), Failure> {
    let (client, told) = connect(database).await?;
    client.batch_execute("LISTEN raw").await?;
    let read = client
        .prepare(
            "SELECT l.room, l.seq, l.node, l.due_us FROM unnest($1::int[], $2::bigint[], $3::bigint[]) w (room, after, upto) \
             CROSS JOIN LATERAL (SELECT * FROM raw_lines l WHERE l.room = w.room AND l.seq > w.after AND l.seq <= w.upto \
             ORDER BY l.seq) l",
        )
        .await?;
    let mut cursors: BTreeMap<i32, i64> = (1..=rooms).map(|room| (room, 0)).collect();
    while Instant::now() < end {
        let mut heads = BTreeMap::<i32, i64>::new();
        let note = future::or(async { told.recv().await.ok() }, async {
            Timer::after(Duration::from_secs(1)).await;
            None
        });
        match note.await {
            Some(mut payload) => loop {
                for head in payload.split(',') {
                    let (room, head) = head.split_once(':').ok_or("a strange wake-up")?;
                    let (room, head): (i32, i64) = (room.parse()?, head.parse()?);
                    let known = heads.entry(room).or_default();
                    *known = head.max(*known);
                }
                match told.try_recv() {
                    Ok(next) => payload = next,
                    Err(_) => break,
                }
            },
            None => {
                for row in client
                    .query("SELECT room, head FROM raw_rooms", &[])
                    .await?
                {
                    heads.insert(row.get(0), row.get(1));
                }
            }
        }
        heads.retain(|room, head| *head > cursors[room]);
        let (rooms, upto): (Vec<i32>, Vec<i64>) = heads.into_iter().unzip();
        let after: Vec<i64> = rooms.iter().map(|room| cursors[room]).collect();
        for row in client.query(&read, &[&rooms, &after, &upto]).await? {
            let (room, seq): (i32, i64) = (row.get(0), row.get(1));
            let cursor = cursors.entry(room).or_default();
            *cursor += 1;
            if *cursor != seq {
                return Err(format!("room {room}: {seq} came, and not {cursor}").into());
            }
            seen(row.get(2), row.get(3));
        }
    }
    Ok(())
}

/// Lines are appended at their time; how much later each is read on other nodes.
async fn latency(args: &Args) -> Result<Vec<(&'static str, f64)>, Failure> {
    let all = WARM_UP + Duration::from_secs_f64(args.seconds);
    let histogram = Histogram::<u64>::new_with_bounds(1, 60_000_000, 3)?;
    let histogram = Arc::new(Mutex::new(histogram));
    let clock = Instant::now();
    let end = clock + Duration::from_secs(1) + all + DRAIN;
    let followers: Vec<_> = (1..=args.nodes)
        .map(|node| {
            let (histogram, database, rooms) = (Arc::clone(&histogram), args.database, args.rooms);
            smol::spawn(follow(database, rooms, end, move |from, due_us| {
                let late = clock.elapsed().as_micros() as i64 - due_us;
                let is_measured = due_us >= (Duration::from_secs(1) + WARM_UP).as_micros() as i64;
                if from != node && is_measured {
                    let mut histogram = histogram.lock().expect("nobody panics with it");
                    histogram.saturating_record(late.max(0) as u64);
                }
            }))
        })
        .collect();
    let interval = Duration::from_secs(1) * args.nodes as u32 / args.rate as u32;
    let writers: Vec<_> = (1..=args.nodes)
        .map(|node| {
            let (database, rooms) = (args.database, args.rooms);
            smol::spawn(async move {
                let mut writer = Writer::new(database, node).await?;
                // Not all nodes at the same moment.
                let first = clock + Duration::from_secs(1) + interval * node as u32 / 3;
                let total = (all.as_nanos() / interval.as_nanos()) as u64;
                let due =
                    |line: u64| first + Duration::from_nanos(interval.as_nanos() as u64 * line);
                let mut sent = 0;
                while sent < total {
                    Timer::at(due(sent)).await;
                    let late = Instant::now().saturating_duration_since(first);
                    let now_due = (late.as_nanos() / interval.as_nanos()) as u64 + 1;
                    let end = now_due.min(total).min(sent + BATCH_MAX);
                    let lines = (sent..end).map(|line| Line {
                        room: (line * 7919 % rooms as u64) as i32 + 1,
                        due_us: (due(line) - clock).as_micros() as i64,
                    });
                    writer.append(&lines.collect::<Vec<Line>>()).await?;
                    sent = end;
                }
                Ok::<u64, Failure>(sent)
            })
        })
        .collect();
    let mut sent = 0;
    for writer in writers {
        sent += writer.await?;
    }
    for follower in followers {
        follower.await?;
    }
    let histogram = histogram.lock().expect("nobody panics with it");
    let warm_up = (sent as f64 * WARM_UP.as_secs_f64() / all.as_secs_f64()) as u64;
    let wanted = (sent - warm_up) * (args.nodes as u64 - 1);
    if histogram.len() + 100 < wanted {
        return Err(format!("{} of {wanted} lines were read", histogram.len()).into());
    }
    let at = |quantile| histogram.value_at_quantile(quantile) as f64;
    Ok(vec![
        ("p50_us", at(0.5)),
        ("p99_us", at(0.99)),
        ("p999_us", at(0.999)),
        ("max_us", histogram.max() as f64),
    ])
}

/// One node appends as fast as it can.
async fn stream(args: &Args) -> Result<Vec<(&'static str, f64)>, Failure> {
    let mut writer = Writer::new(args.database, 1).await?;
    let lines = (0..args.batch).map(|line| Line {
        room: (line % args.rooms as u64) as i32 + 1,
        due_us: 0,
    });
    let lines: Vec<Line> = lines.collect();
    let (begun, mut sent) = (Instant::now(), 0);
    while begun.elapsed().as_secs_f64() < args.seconds {
        writer.append(&lines).await?;
        sent += args.batch;
    }
    let per_second = sent as f64 / begun.elapsed().as_secs_f64();
    Ok(vec![("lines_per_s", per_second)])
}
