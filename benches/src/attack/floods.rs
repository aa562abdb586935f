//! Attacks that make others wait, or the server grow.

use std::thread;
use std::time::{Duration, Instant};

use super::bystander::{Bystander, unique};
use super::report::Outcome;
use super::stage::{ARCHIVE, Before, COSTLY_WORD, Scale, Stage, Target};
use super::swarm::{Reads, Script, Swarm};
use crate::wire;

/// How long a bystander measures before the attack, so that its own coming is over.
const WARM_UP: Duration = Duration::from_millis(500);

/// Lines a second that a server takes from one client for long.
const LINES_PER_SECOND: f64 = 10.0;

/// Attackers as many as one address may have, but for a few who prepare.
const CROWD: usize = 250;

/// Connections that are made before the server has a turn.
const AT_ONCE: usize = 200;

/// Silent connections, and how many of them share an address.
const SILENT: usize = 9_000;
const SILENT_PER_ADDRESS: usize = 230;

type Outcomes = Result<Vec<Outcome>, String>;

/// What is measured of a swarm.
struct Flood<'a> {
    stage: &'a Stage,
    label: &'a str,
    count: usize,
    lasts: Duration,
    archive: Option<&'a str>,
}

impl<'a> Flood<'a> {
    fn new(stage: &'a Stage, label: &'a str, usual: usize) -> Flood<'a> {
        Flood {
            stage,
            label,
            count: stage.connections(usual),
            lasts: stage.scale.seconds,
            archive: None,
        }
    }

    /// Plays it: a bystander begins to measure, the attackers come, do what they do, and go.
    fn play(self, script: impl Fn(usize) -> Script + 'static) -> Result<Outcome, String> {
        let stage = self.stage;
        let mut swarm = Swarm::new(stage.address, script)?;
        let bystander = Bystander::start(
            stage.address,
            stage.bystanders(),
            stage.process,
            self.archive,
        )?;
        let warm_up = Instant::now();
        thread::sleep(WARM_UP);
        let cpu = || stage.process.map(|process| process.cpu_seconds());
        let (begun, cpu_begun) = (Instant::now(), cpu());
        while swarm.opened < self.count {
            swarm.open(AT_ONCE.min(self.count - swarm.opened))?;
            swarm.run_until(Instant::now() + Duration::from_millis(20))?;
        }
        swarm.run_until(begun + self.lasts)?;
        let (ended, cpu_ended) = (Instant::now(), cpu());
        let mut outcome = Outcome::new(self.label);
        outcome.connections = self.count;
        outcome.sent = swarm.sent;
        outcome.received = swarm.received;
        if self.count > 0 {
            let open = swarm.size() as f64;
            outcome.find(open, "connections still open at the end");
        }
        let counted = swarm.counted;
        swarm.leave();
        thread::sleep(stage.scale.seconds);
        let cpu_after = cpu();
        let after = ended.elapsed();
        let memory_after = stage.process.map(|process| process.rough_resident_kib());
        let measured = bystander.finish();
        outcome.during = Some(measured.between(begun, ended));
        outcome.after = Some(measured.between(ended, Instant::now()));
        outcome.memory_kib = measured
            .memory_peak_kib(warm_up, begun)
            .zip(measured.memory_peak_kib(begun, Instant::now()))
            .zip(memory_after)
            .map(|((before, peak), after)| [before, peak, after]);
        if let (Some(begun_at), Some(ended_at), Some(after_at)) = (cpu_begun, cpu_ended, cpu_after)
        {
            let busy = (ended_at - begun_at) / (ended - begun).as_secs_f64();
            outcome.processors = Some(busy);
            let later = (after_at - ended_at) / after.as_secs_f64();
            if later > 0.2 {
                outcome.find(tenths(later), "processors busy after they had gone");
            }
        }
        if counted > 0 {
            outcome.find(counted as f64, "answers");
        }
        Ok(outcome)
    }
}

/// Nobody attacks: what everything else is to be compared with.
pub(crate) fn idle(target: &Target, scale: Scale) -> Outcomes {
    let stage = Stage::set(target, scale, Before::Nothing, &[])?;
    let mut flood = Flood::new(&stage, "idle", 0);
    flood.count = 0;
    Ok(vec![flood.play(|_| Script::default())?])
}

/// Names that are taken and cost much to compare: each letter is eighteen when it is decomposed.
pub(crate) fn names(target: &Target, scale: Scale) -> Outcomes {
    let stage = Stage::set(target, scale, Before::Nothing, &[])?;
    let source = stage.attackers();
    let costly = [
        "\u{fdfa}".repeat(32),
        "\u{fdfa}\u{308}\u{301}\u{323}\u{330}".repeat(32),
        "\u{1e69}\u{308}\u{301}".repeat(32),
        "\u{0e01}\u{0e33}\u{0e49}".repeat(32),
    ];
    let flood = Flood::new(&stage, "names", 230);
    let outcome = flood.play(move |index| {
        // The first four take them, if they are given.
        let held = costly.get(index).map(|name| format!("\\name {name}\n"));
        let asked = &costly[index % costly.len()];
        Script {
            source,
            repeated: match &held {
                Some(_) => Vec::new(),
                None => format!("\\name {asked}\n").into_bytes(),
            },
            intro: held.unwrap_or_default().into_bytes(),
            pace: Some(LINES_PER_SECOND),
            counted: "Update username failed",
            ..Script::default()
        }
    })?;
    Ok(vec![outcome])
}

/// Tab keys, each of which looks for what completes a word among all rooms, or all people.
pub(crate) fn tabs(target: &Target, scale: Scale) -> Outcomes {
    let mut outcomes = Vec::new();
    for count in [4, 20] {
        let stage = Stage::set(target, scale, Before::Rooms, &[])?;
        make_rooms(&stage)?;
        let source = stage.attackers();
        let label = format!("tabs, {count}");
        let flood = Flood::new(&stage, &label, count);
        let outcome = flood.play(move |_| Script {
            source,
            intro: [&wire::character_mode(80, 24)[..], b"\\join "].concat(),
            // Many for rooms, a few for people.
            repeated: b"\t\t\t\t\t\t\t\t\x15\\msg \t\t\x15\\join ".to_vec(),
            ..Script::default()
        })?;
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

/// Members who each see the times of a zone of their own, and say long lines in which all are named.
pub(crate) fn zones(target: &Target, scale: Scale) -> Outcomes {
    let stage = Stage::set(target, scale, Before::Nothing, &[])?;
    let source = stage.attackers();
    let room = format!("zones{}", unique());
    let mut line = String::new();
    for number in (0..CROWD).cycle() {
        if line.len() > 4_080 {
            break;
        }
        line.push_str(&format!("z{number} "));
    }
    line.push('\n');
    let outcome = Flood::new(&stage, "zones", CROWD).play(move |index| {
        // No two in the first 1,680 are alike.
        let minutes = (index as i32 * 11) % 1680 - 840;
        let sign = if minutes < 0 { '-' } else { '+' };
        let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
        let intro = format!(
            "\\ansi\n\\timezone {sign}{hours:02}:{rest:02}\n\\name z{index}\n1\n{room}\n2\n{room}\n"
        );
        Script {
            source,
            intro: intro.into_bytes(),
            repeated: line.clone().into_bytes(),
            pace: Some(LINES_PER_SECOND),
            ..Script::default()
        }
    })?;
    Ok(vec![outcome])
}

/// Lists of all rooms, again and again.
pub(crate) fn lists(target: &Target, scale: Scale) -> Outcomes {
    let stage = Stage::set(target, scale, Before::Rooms, &[])?;
    make_rooms(&stage)?;
    let source = stage.attackers();
    let outcome = Flood::new(&stage, "lists", 100).play(move |index| Script {
        source,
        repeated: [&b"3\n"[..], b"\\rooms\n"][index % 2].to_vec(),
        pace: Some(LINES_PER_SECOND),
        ..Script::default()
    })?;
    Ok(vec![outcome])
}

/// Searches that look at every line, by askers who do not wait for the answer.
pub(crate) fn searches(target: &Target, scale: Scale) -> Outcomes {
    let stage = Stage::set(target, scale, Before::Lines, &[])?;
    if !stage.is_ours {
        let mut outcome = Outcome::new("searches");
        outcome.find(0.0, "played: it needs a file made for it");
        return Ok(vec![outcome]);
    }
    let source = stage.attackers();
    let mut flood = Flood::new(&stage, "searches", 100);
    flood.archive = Some(ARCHIVE);
    let mut outcome = flood.play(move |index| Script {
        source,
        intro: format!("2\n{ARCHIVE}\n\\search {COSTLY_WORD} q{index}\n").into_bytes(),
        stays: Some(Duration::from_millis(300)),
        ..Script::default()
    })?;
    if let Some(search) = outcome.during.as_ref().map(|seen| seen.search.clone()) {
        let milliseconds = |latency: Option<Duration>| {
            latency.map_or(f64::NAN, |latency| tenths(latency.as_secs_f64() * 1000.0))
        };
        let half = milliseconds(search.at(0.5));
        let what = format!("ms at most for the bystander's own searches (p50 {half})");
        outcome.find(milliseconds(search.max()), what);
    }
    Ok(vec![outcome])
}

/// Long pages that are asked for and not read, or hardly.
pub(crate) fn pages(target: &Target, scale: Scale) -> Outcomes {
    let mut outcomes = Vec::new();
    let little = Reads::Little(2048, Duration::from_secs(20));
    for (label, reads, lasts) in [
        ("pages", Reads::Nothing, scale.seconds),
        ("pages, 2 KB in 20 s", little, scale.patience),
    ] {
        let stage = Stage::set(target, scale, Before::LongLines, &[])?;
        let source = stage.attackers();
        let mut flood = Flood::new(&stage, label, CROWD);
        flood.lasts = lasts;
        let outcome = flood.play(move |_| Script {
            source,
            intro: format!("2\n{ARCHIVE}\n\\history 1000\n\\history 1000\n").into_bytes(),
            reads,
            ..Script::default()
        })?;
        outcomes.push(with_share(outcome));
    }
    let stage = Stage::set(target, scale, Before::Rooms, &[])?;
    make_rooms(&stage)?;
    let source = stage.attackers();
    let outcome = Flood::new(&stage, "pages, choice 3", CROWD).play(move |_| Script {
        source,
        intro: b"3\n".repeat(100),
        reads: Reads::Nothing,
        ..Script::default()
    })?;
    outcomes.push(with_share(outcome));
    Ok(outcomes)
}

/// Connections that send nothing, from many addresses.
pub(crate) fn silent(target: &Target, scale: Scale) -> Outcomes {
    let stage = Stage::set(target, scale, Before::Nothing, &[])?;
    let sources: Vec<_> = (0..=SILENT / SILENT_PER_ADDRESS)
        .map(|number| stage.somebody(number))
        .collect();
    let mut flood = Flood::new(&stage, "silent", SILENT);
    flood.lasts = scale.patience;
    let outcome = flood.play(move |index| Script {
        source: sources[index / SILENT_PER_ADDRESS % sources.len()],
        ..Script::default()
    })?;
    Ok(vec![with_share(outcome)])
}

/// Rooms that one address makes in some seconds; with its own server also what a race does to the limit.
pub(crate) fn rooms(target: &Target, scale: Scale) -> Outcomes {
    let stage = Stage::set(target, scale, Before::Nothing, &[])?;
    let label = "rooms";
    let mut flood = Flood::new(&stage, label, CROWD);
    flood.lasts = scale.seconds.max(ROOMS_TIME.min(scale.patience));
    let outcome = flood.play(room_makers(&stage))?;
    let made = outcome.found("answers").unwrap_or(0.0);
    let mut outcome = Outcome {
        findings: Vec::new(),
        ..outcome
    };
    outcome.find(made, "rooms made by one address");
    Ok(vec![outcome])
}

/// How long rooms are made: so long it took to make all that there may be.
const ROOMS_TIME: Duration = Duration::from_secs(11);

fn room_makers(stage: &Stage) -> impl Fn(usize) -> Script + 'static {
    let (source, id) = (stage.attackers(), unique());
    move |index| {
        let lines: String = (0..100)
            .map(|number| format!("1\nm{id}-{index}-{number}\n"))
            .collect();
        Script {
            source,
            intro: lines.into_bytes(),
            counted: " successful\n",
            ..Script::default()
        }
    }
}

/// Makes as many rooms as there are to be, or as many as one address may, in a server that had none.
fn make_rooms(stage: &Stage) -> Result<(), String> {
    if stage.is_ours {
        return Ok(());
    }
    let mut swarm = Swarm::new(stage.address, room_makers(stage))?;
    swarm.open(CROWD)?;
    let wanted = stage.scale.rooms as u64;
    swarm.run_until_done(Instant::now() + ROOMS_TIME, |swarm| swarm.counted >= wanted)?;
    swarm.leave();
    Ok(())
}

/// Tells what a connection costs the server.
fn with_share(mut outcome: Outcome) -> Outcome {
    if let Some([before, peak, _]) = outcome.memory_kib {
        let share = (peak - before) / outcome.connections.max(1) as f64;
        outcome.find(tenths(share), "KiB of memory each at the most");
    }
    outcome
}

fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
