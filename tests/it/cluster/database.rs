//! The database dies, is away, slow, full, or older than it was.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::geteuid;

use super::stage::{
    Person, Row, at_any_moment_within, expect_agreement, node, rounds, three, while_talking,
};
use crate::harness::postgres::PostgresServer;
use crate::harness::{Server, Wire, eventually, http};

/// One who only watches, on each node.
fn watchers(nodes: &[Server]) -> Vec<Person> {
    let numbered = (1..).zip(nodes);
    let watchers = numbered.map(|(number, node)| Person::join(node, &format!("watcher{number}")));
    watchers.collect()
}

/// Two who talk, on each node.
fn speakers(nodes: &[Server]) -> Vec<Person> {
    let numbered = (1..).zip(nodes.iter().chain(nodes));
    let speakers = numbered.map(|(number, node)| Person::join(node, &format!("speaker{number}")));
    speakers.collect()
}

/// Waits until one of the watchers sees something new.
fn expect_progress(watcher: &mut Person) {
    let before = watcher.heard().len();
    watcher.wait_for("a new line", |rows| {
        let said = rows.iter().filter(|row| matches!(row, Row::Said(..)));
        (said.count() > before).then_some(())
    });
}

#[test]
fn what_was_acknowledged_is_stored_and_seen_however_often_the_database_is_killed() {
    let kills = rounds("FAULTS_DATABASE_KILLS", 5);
    let postgres = PostgresServer::start();
    let url = postgres.fresh();
    let nodes = three(&url);
    let (mut watchers, mut speakers) = (watchers(&nodes), speakers(&nodes));
    let ((), rate) = while_talking(&mut speakers, 10, || {
        for _ in 0..kills {
            expect_progress(&mut watchers[0]);
            at_any_moment_within(Duration::from_millis(300));
            postgres.kill();
            postgres.start_again();
        }
        watchers.iter_mut().for_each(expect_progress);
    });
    let (stored, refused) = expect_agreement(&url, &mut watchers, &mut speakers);
    eprintln!("{kills} kills, {rate:.0} lines/s: {stored} stored, {refused} refused");
}

#[test]
fn while_the_database_is_away_no_line_is_both_refused_and_shown_and_reading_goes_on() {
    let seconds = rounds("FAULTS_AWAY_SECONDS", 5);
    let postgres = PostgresServer::start();
    let url = postgres.fresh();
    let nodes = three(&url);
    let (mut watchers, mut speakers) = (watchers(&nodes), speakers(&nodes));
    let ((), _) = while_talking(&mut speakers, 3, || {
        watchers.iter_mut().for_each(expect_progress);
        postgres.kill();
        let since = Instant::now();
        for watcher in &mut watchers {
            // The past is read from the database; what there is without it is there.
            watcher.client.line("\\who");
            watcher.client.expect("in room 1150");
            watcher.client.line("said while it is away");
            watcher.wait_for("that it was not sent", |rows| {
                let refused = rows.iter().any(|row| matches!(row, Row::NotSent(_)));
                refused.then_some(())
            });
            // Nobody can come to a room that cannot be told of it, but the menu is there.
            watcher.client.line("\\rooms");
            watcher.client.expect("1150");
        }
        // It is away for at least so long: that is what is tried.
        thread::sleep(Duration::from_secs(seconds).saturating_sub(since.elapsed()));
        postgres.start_again();
        watchers.iter_mut().for_each(expect_progress);
    });
    let (stored, refused) = expect_agreement(&url, &mut watchers, &mut speakers);
    assert!(refused > 0, "nothing was refused, and {stored} were stored");
}

#[test]
fn a_network_that_is_cut_and_not_closed_is_noticed_and_heals() {
    let seconds = rounds("FAULTS_CUT_SECONDS", 8);
    let postgres = PostgresServer::start();
    let url = postgres.fresh();
    let wire = Wire::to(postgres.address());
    let far_url = url.replace(&postgres.address().to_string(), &wire.address().to_string());
    let nodes = [node(&far_url, "far", &[]), node(&url, "near", &[])];
    let (mut watchers, mut speakers) = (watchers(&nodes), speakers(&nodes));
    // Those of the first node, and those of the second.
    speakers.sort_by_key(|speaker| speaker.name().ends_with(['2', '4']));
    let [far, near] = &mut watchers[..] else {
        panic!("one a node");
    };
    let ((), _) = while_talking(&mut speakers, 3, || {
        for watcher in [&mut *far, &mut *near] {
            expect_progress(watcher);
        }
        wire.cut();
        let since = Instant::now();
        far.client.line("said while it is cut");
        far.wait_for("that it was not sent", |rows| {
            let refused = rows.iter().any(|row| matches!(row, Row::NotSent(_)));
            refused.then_some(())
        });
        near.sees("watcher1 left");
        thread::sleep(Duration::from_secs(seconds).saturating_sub(since.elapsed()));
        expect_progress(near);
        wire.mend();
        near.wait_for("a line from afar", |rows| {
            let left = rows.iter().rposition(|row| *row == Row::Notice("watcher1 left".to_owned()));
            let later = &rows[left?..];
            let is_far = |row: &Row| matches!(row, Row::Said(who, _) if who == "speaker1" || who == "speaker3");
            later.iter().any(is_far).then_some(())
        });
        expect_progress(far);
    });
    expect_agreement(&url, &mut watchers, &mut speakers);
}

#[test]
fn a_database_that_is_slow_is_waited_for_and_many_lines_share_one_wait() {
    let postgres = PostgresServer::start();
    let url = postgres.fresh();
    let wire = Wire::to(postgres.address());
    let slow_url = url.replace(&postgres.address().to_string(), &wire.address().to_string());
    let nodes = ["a", "b"].map(|name| node(&slow_url, name, &[]));
    let (mut watchers, mut speakers) = (watchers(&nodes), speakers(&nodes));
    wire.delay(Duration::from_millis(100));
    let ((), rate) = while_talking(&mut speakers, 50, || {
        for _ in 0..20 {
            watchers.iter_mut().for_each(expect_progress);
        }
    });
    let (stored, refused) = expect_agreement(&url, &mut watchers, &mut speakers);
    assert_eq!(refused, 0, "of {stored}");
    // Ten answers a second, if each line waited for one.
    assert!(rate > 40.0, "{rate} lines/s");
}

#[test]
fn a_database_that_takes_no_more_connections_is_away_until_it_does() {
    let postgres = PostgresServer::start();
    let database = postgres.database();
    let url = postgres.url(&database);
    let nodes = three(&url);
    let (mut watchers, mut speakers) = (watchers(&nodes), speakers(&nodes));
    let ((), _) = while_talking(&mut speakers, 3, || {
        // Superusers are not held to a limit; the database that takes nobody at all is the same to the nodes.
        postgres.sql(
            "postgres",
            &format!("ALTER DATABASE {database} ALLOW_CONNECTIONS false"),
        );
        let all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ";
        postgres.sql("postgres", &format!("{all}'{database}'"));
        watchers[0].client.line("said meanwhile");
        watchers[0].wait_for("that it was not sent", |rows| {
            let refused = rows.iter().any(|row| matches!(row, Row::NotSent(_)));
            refused.then_some(())
        });
        postgres.sql(
            "postgres",
            &format!("ALTER DATABASE {database} ALLOW_CONNECTIONS true"),
        );
        watchers.iter_mut().for_each(expect_progress);
    });
    expect_agreement(&url, &mut watchers, &mut speakers);
}

#[test]
fn a_database_whose_disk_is_full_refuses_lines_until_there_is_space() {
    if !geteuid().is_root() {
        eprintln!("not tried: only root can make a small disk");
        return;
    }
    let postgres = PostgresServer::start();
    postgres.shut_down();
    let folder = postgres.data().join("base");
    let disk = SmallDisk::under(&folder);
    postgres.start_again();
    let url = postgres.fresh();
    let nodes = three(&url);
    let (mut watchers, mut speakers) = (watchers(&nodes), speakers(&nodes));
    let ((), _) = while_talking(&mut speakers, 20, || {
        watchers.iter_mut().for_each(expect_progress);
        disk.fill();
        for node in &nodes {
            node.expect_log("No space left on device");
        }
        // A few lines may find a place in what there is.
        while watchers[0].refused() == 0 {
            watchers[0].speak(1);
        }
        disk.free();
        watchers.iter_mut().for_each(expect_progress);
    });
    let (_, refused) = expect_agreement(&url, &mut watchers, &mut speakers);
    assert!(refused > 0, "the disk was never full");
}

/// A small file system with what was in a folder before.
struct SmallDisk<'a> {
    folder: &'a Path,
}

impl<'a> SmallDisk<'a> {
    fn under(folder: &'a Path) -> Self {
        let aside = folder.with_extension("aside");
        fs::rename(folder, &aside).expect("it is ours");
        fs::create_dir(folder).expect("there is space");
        let run = |program: &str, args: &[&str], paths: &[&Path]| {
            let status = Command::new(program).args(args).args(paths).status();
            assert!(status.is_ok_and(|status| status.success()), "{program}");
        };
        run(
            "mount",
            &["-t", "tmpfs", "-o", "size=96m", "parlor-test"],
            &[folder],
        );
        let disk = SmallDisk { folder };
        run("cp", &["-a"], &[&aside.join("."), folder]);
        fs::remove_dir_all(&aside).expect("it is ours");
        disk
    }

    /// Leaves no byte free.
    fn fill(&self) {
        let file = fs::File::create(self.folder.join("filler")).expect("a file");
        let mut file = std::io::BufWriter::new(file);
        let all = std::io::copy(&mut std::io::repeat(0), &mut file);
        assert!(all.is_err(), "it has an end");
    }

    fn free(&self) {
        fs::remove_file(self.folder.join("filler")).expect("it is there");
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        // Lazily: the server may run yet.
        let _ = Command::new("umount").arg("-l").arg(self.folder).status();
    }
}

#[test]
fn an_old_copy_of_the_database_under_running_nodes_is_refused() {
    let postgres = PostgresServer::start();
    let url = postgres.fresh();
    let metrics: &[&str] = &["--metrics", "127.0.0.1:0"];
    let nodes = ["a", "b"].map(|name| node(&url, name, metrics));
    let [mut ann, mut ben] =
        [("ann", 0), ("ben", 1)].map(|(name, at)| Person::join(&nodes[at], name));
    ann.client.say("before the backup");
    ben.hears("ann", "before the backup");
    let cid = Person::join(&nodes[1], "cid");
    ann.sees("cid joined");
    postgres.shut_down();
    let copy = |from: &Path, to: &Path| {
        let status = Command::new("cp").arg("-a").args([from, to]).status();
        assert!(status.is_ok_and(|status| status.success()), "cp");
    };
    let (data, backup) = (postgres.data(), postgres.folder().join("backup"));
    copy(&data, &backup);
    postgres.start_again();
    let health = |node: &Server| http::get(node.metrics_address(), "/health").status;
    eventually("they are well again", || {
        nodes.iter().all(|node| health(node) == 200)
    });
    ann.client.line("after the backup");
    ben.hears("ann", "after the backup");

    postgres.kill();
    // Whoever is the first to be there again, before the node has had a look. It has written nothing since the backup.
    let mut cid = [cid];
    let ((), _) = while_talking(&mut cid, 1, || {
        fs::remove_dir_all(&data).expect("it is ours");
        copy(&backup, &data);
        postgres.start_again();
        for node in &nodes {
            node.expect_log("the database has gone back in time");
        }
    });
    let [mut cid] = cid;
    assert_eq!(cid.shown(), [""; 0]);
    for (person, node) in [(&mut ann, &nodes[0]), (&mut ben, &nodes[1])] {
        person.client.line("into the old one");
        person.wait_for("that it was not sent", |rows| {
            let refused = rows.iter().any(|row| matches!(row, Row::NotSent(_)));
            refused.then_some(())
        });
        assert_eq!(health(node), 503);
    }
    let all = [&mut ann, &mut ben].map(|person| person.heard());
    assert!(
        all.iter()
            .flatten()
            .all(|(_, text)| text != "into the old one"),
        "{all:?}"
    );
    let stored = super::stage::stored(&url);
    assert!(
        stored
            .iter()
            .all(|(who, text)| who != "cid" && text != "into the old one"),
        "{stored:?}"
    );
    // Who is started now knows nothing of it, and everybody goes on from what there is.
    drop(nodes);
    let node = node(&url, "c", metrics);
    let mut cat = Person::join(&node, "cat");
    cat.client.say("on");
}
