//! Makes a database with millions of lines and measures what it costs to use it.
//!
//! usage: `big_file FILE [LINES]`; a file that exists is only measured.

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use futures_lite::future::{block_on, zip};
use parlor::chat::history::{HistoryCursor, RoomId};
use parlor::chat::message::{Kind, MemberId, NewMessage};
use parlor::chat::name::{Name, RoomName};
use parlor::chat::room::{At, Entry};
use parlor::runtime::Clock;
use parlor::store::{Durability, Proposal, Retention, Store};
use parlor::time::Timestamp;
use rusqlite::{Connection, OpenFlags};

/// Rooms that the lines are spread over; every second line is in the first.
const ROOMS: u64 = 100;

/// What no made-up word contains.
const RARE_WORD: &str = "quetzalcoatl";

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let file = args.next().ok_or("usage: big_file FILE [LINES]")?;
    let lines = args.next().map_or(Ok(10_000_000), |lines| lines.parse())?;
    let path = Path::new(&file);
    if !path.exists() {
        let since = Instant::now();
        make(path, lines)?;
        println!("made {lines} lines in {:.0?}", since.elapsed());
    }
    println!("file: {} MB", std::fs::metadata(path)?.len() / 1_000_000);
    block_on(measure(path))
}

fn open(path: &Path) -> Result<Store, Box<dyn Error>> {
    let clock = Clock::system();
    Ok(Store::open(
        path,
        Durability::Normal,
        Retention::default(),
        &clock,
    )?)
}

/// Fills a new file in one transaction, and waits until a store has made its index.
fn make(path: &Path, lines: u64) -> Result<(), Box<dyn Error>> {
    let store = open(path)?;
    for number in 1..=ROOMS {
        block_on(store.create_room(RoomName::parse(&format!("room{number}"))?))?;
    }
    block_on(store.close());
    let mut db = Connection::open(path)?;
    db.pragma_update(None, "synchronous", "off")?;
    db.pragma_update(None, "cache_size", -200_000)?;
    let words = words();
    let change = db.transaction()?;
    let mut random = Random(7);
    for room in 1..=ROOMS {
        let count = match room {
            1 => lines / 2,
            _ => lines / 2 / (ROOMS - 1),
        };
        fill(&change, room, count, &words, &mut random)?;
    }
    change.commit()?;
    println!("messages are in");
    db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?;
    let since = Instant::now();
    let store = open(path)?;
    let given: u64 = db.query_row("SELECT sum(last_id) FROM rooms", (), |row| row.get(0))?;
    while indexed(path).unwrap_or(0) < given {
        std::thread::sleep(Duration::from_secs(1));
    }
    tell("the index took", since);
    block_on(store.close());
    Ok(())
}

/// How many lines the index has; an error while there is none.
fn indexed(path: &Path) -> rusqlite::Result<u64> {
    let mut index = path.as_os_str().to_owned();
    index.push("-index");
    let index = Connection::open_with_flags(index, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    index.query_row("SELECT sum(last_id) FROM rooms", (), |row| row.get(0))
}

fn fill(
    db: &Connection,
    room: u64,
    count: u64,
    words: &[String],
    random: &mut Random,
) -> rusqlite::Result<()> {
    let mut insert = db.prepare_cached(
        "INSERT INTO messages(place, time, name, kind, text) VALUES (?1, ?2, ?3, 0, ?4)",
    )?;
    let mut text = String::new();
    for id in 1..=count {
        text.clear();
        text.push_str(if id % 10 == 0 { "the" } else { "so" });
        while text.len() < 64 {
            text.push(' ');
            // Some words come often and most come seldom, as in any language.
            let (one, two) = (random.below(words.len()), random.below(words.len()));
            text.push_str(&words[one * two / words.len()]);
        }
        if id == count / 3 {
            text.push_str(" Quetzalcoatl");
        }
        let place = (room << 40 | id) as i64;
        let time = 1_700_000_000_000 + id as i64 * 1000;
        insert.execute((place, time, format!("name{}", id % 50), &text))?;
    }
    db.execute(
        "UPDATE rooms SET last_id = ?2 WHERE id = ?1",
        (room as i64, count as i64),
    )?;
    Ok(())
}

async fn measure(path: &Path) -> Result<(), Box<dyn Error>> {
    let since = Instant::now();
    let store = open(path)?;
    let rooms = store.rooms().await?.len();
    tell("start-up", since);
    let room = RoomId(1);
    for (what, count) in [("tail of 10 lines", 10), ("tail of 1000 lines", 1000)] {
        let since = Instant::now();
        let lines = store.tail(room, count).await?.len();
        tell(&format!("{what} ({rooms} rooms, {lines} lines)"), since);
    }
    let since = Instant::now();
    let time = HistoryCursor::Time(Timestamp(1_700_000_000_000 + 1_000_000_000));
    let lines = store.page_back(room, time, 20).await?.len();
    tell(&format!("page back from a time ({lines} lines)"), since);
    let since = Instant::now();
    append(&store, room, 1).await;
    tell("append one line", since);
    for words in [
        RARE_WORD,
        "the",
        "so",
        "kamika",
        "kamika tenvin zzz",
        "xy",
        "mikaten lovinrai",
    ] {
        for room in [1, 50] {
            let since = Instant::now();
            let found = store.search(RoomId(room), words, 20).await?;
            let cut_short = if found.cut_short { ", cut short" } else { "" };
            let count = found.lines.len();
            tell(
                &format!("search {words} in room {room} ({count} found{cut_short})"),
                since,
            );
        }
    }
    append_many(&store, room).await?;
    append_now_and_then(&store, room).await;
    store.close().await;
    let status = std::fs::read_to_string("/proc/self/status")?;
    for line in status
        .lines()
        .filter(|line| line.starts_with("VmHWM") || line.starts_with("VmRSS"))
    {
        println!("{line}");
    }
    Ok(())
}

/// What a closed loop gets, and what it costs to wait for a commit.
async fn append_many(store: &Store, room: RoomId) -> Result<(), Box<dyn Error>> {
    for size in [1, 100, 1000] {
        let since = Instant::now();
        let mut rounds = 0;
        while since.elapsed() < Duration::from_secs(2) {
            append(store, room, size).await;
            rounds += 1;
        }
        let each = since.elapsed() / rounds;
        println!(
            "append {size} lines, again and again: {each:.1?} each, {:.1?} a line",
            each / size as u32
        );
    }
    let since = Instant::now();
    let rounds = 1000;
    for _ in 0..rounds {
        let two = zip(append(store, RoomId(2), 10), append(store, RoomId(3), 10));
        zip(append(store, room, 10), two).await;
    }
    println!(
        "append 10 lines in three rooms at once: {:.1?}",
        since.elapsed() / rounds
    );
    Ok(())
}

/// What a line waits for while the index catches up with those before it.
async fn append_now_and_then(store: &Store, room: RoomId) {
    let mut waits = Vec::new();
    for _ in 0..200 {
        std::thread::sleep(Duration::from_millis(22));
        let since = Instant::now();
        append(store, room, 1).await;
        waits.push(since.elapsed());
    }
    waits.sort();
    let (half, most) = (waits[waits.len() / 2], &waits[waits.len() - 5..]);
    println!("append one line while the index catches up: {half:.1?}, at most {most:.1?}");
}

async fn append(store: &Store, room: RoomId, count: usize) {
    let line = NewMessage {
        time: Timestamp(1_800_000_000_000),
        member: MemberId::NOBODY,
        name: Name::anon(),
        kind: Kind::Message,
        text: "a line of sixty-four bytes, which is about what people type in".into(),
    };
    let entries = (0..count).map(|_| Entry::said(line.clone())).collect();
    let proposal = Proposal::new(line.time, entries);
    let appended = store.append(room, At::default(), proposal);
    appended.await.expect("stored");
}

fn tell(what: &str, since: Instant) {
    println!("{what}: {:.1?}", since.elapsed());
}

/// Some thousands of words of two to four syllables.
fn words() -> Vec<String> {
    const SYLLABLES: [&str; 20] = [
        "ka", "lo", "mi", "ten", "sor", "ral", "vin", "dop", "ash", "ech", "quo", "zin", "bar",
        "wel", "tri", "ny", "ou", "est", "ing", "men",
    ];
    let mut random = Random(1);
    let mut word = || {
        let count = 2 + random.below(3);
        (0..count)
            .map(|_| SYLLABLES[random.below(SYLLABLES.len())])
            .collect()
    };
    (0..5000).map(|_| word()).collect()
}

/// xorshift64: the same lines every time.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}
