//! The cases: what the crowd does and what is measured of it.

use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::Args;
use crate::crowd::{Crowd, Seen, Shape};
use crate::nodes::Nodes;
use parlor_bench::server::{Server, own_cpu_seconds};

/// What a case measured: name and value.
pub(crate) type Figures = Vec<(&'static str, f64)>;

/// What passes before measuring begins.
const WARM_UP: Duration = Duration::from_secs(1);

/// How long lines on their way may take to arrive once nothing more is sent.
const DRAIN_MAX: Duration = Duration::from_secs(10);

/// How long a server has for tidying up before its memory is looked at.
const SETTLE: Duration = Duration::from_millis(700);

/// Lines that a sender may have on their way in the open loop; only an overloaded server gets there.
const OPEN_WINDOW: usize = 4096;

/// Lines of each sender in one burst: what all send fits into a member's receive buffer.
const BURST_LINES: u32 = 100;

/// Lines with which [`stalled`] fills whatever is filled by a member that does not read.
const FLOOD_LINES: u32 = 20_000;

/// Lines that each sender of [`crowd`] sends before memory is looked at again.
const TALK_LINES: u32 = 100;

/// The longest latency that is told from longer ones, in nanoseconds: a minute.
const LATENCY_MAX_NS: u64 = 60_000_000_000;

/// Starts that [`startup`] takes the median of.
const STARTS: usize = 21;

/// Closed loop: each sender has a window of lines on their way; a line is done when every member has it.
pub(crate) fn closed(args: &Args, server: &Nodes) -> Result<Figures, String> {
    let mut crowd = Crowd::new(shape(args, args.window), server.placing())?;
    if !crowd.first_joins()? {
        eprintln!(
            "load: {}: skipped, the server does not enter character mode",
            args.label
        );
        return Ok(vec![("skipped", 1.0)]);
    }
    crowd.join_until(crowd.size())?;
    talk_until(&mut crowd, args.window, Instant::now() + WARM_UP)?;

    let (begun, deliveries) = (Instant::now(), crowd.tally.deliveries);
    let (cpu, own_cpu) = (server.cpu_seconds(), own_cpu_seconds());
    talk_until(
        &mut crowd,
        args.window,
        begun + Duration::from_secs_f64(args.seconds),
    )?;
    let (cpu, own_cpu) = (server.cpu_seconds() - cpu, own_cpu_seconds() - own_cpu);
    let (seconds, deliveries) = (
        begun.elapsed().as_secs_f64(),
        crowd.tally.deliveries - deliveries,
    );

    drain(&mut crowd, |_| {})?;
    let deliveries = deliveries as f64;
    let mut figures = vec![
        ("deliveries_per_s", deliveries / seconds),
        ("deliveries_per_cpu_s", deliveries / cpu),
        ("server_cpu", cpu / seconds),
        ("generator_cpu", own_cpu / seconds),
    ];
    if args.nodes > 1 {
        let members = (args.members / args.rooms.max(1)) as f64;
        figures.push(("lines_per_s", deliveries / seconds / members));
    }
    Ok(figures)
}

/// Bursts that all but the senders read only afterwards. The kernel keeps what they are sent, so the
/// generator has next to nothing to do while the server works, and does not take a processor from it.
pub(crate) fn burst(args: &Args, server: &Nodes) -> Result<Figures, String> {
    let mut crowd = Crowd::new(shape(args, BURST_LINES as usize), server.placing())?;
    crowd.join_until(crowd.size())?;
    let window = args.window as u32;
    send_burst(&mut crowd, window)?;
    let deliveries = crowd.tally.deliveries;
    let (mut seconds, mut own_cpu) = (0.0, 0.0);
    let begun = Instant::now();
    while begun.elapsed().as_secs_f64() < args.seconds {
        let (took, cpu) = send_burst(&mut crowd, window)?;
        seconds += took.as_secs_f64();
        own_cpu += cpu;
    }
    let deliveries = (crowd.tally.deliveries - deliveries) as f64;
    Ok(vec![
        ("deliveries_per_s", deliveries / seconds),
        ("generator_cpu", own_cpu / seconds),
    ])
}

/// Open loop: lines are sent at their time whatever the server does, and their latency is counted from that
/// time, so that a server that stalls cannot hide it by stalling the generator.
pub(crate) fn open(args: &Args, server: &Nodes) -> Result<Figures, String> {
    let mut crowd = Crowd::new(shape(args, OPEN_WINDOW), server.placing())?;
    crowd.join_until(crowd.size())?;
    let (latency, cpu) = send_on_time(&mut crowd, args, server)?;
    let mut figures = vec![("server_cpu", cpu)];
    figures.extend(percentiles(&latency));
    Ok(figures)
}

/// The open loop before and after one member stops reading; what that member costs.
pub(crate) fn stalled(args: &Args, server: &Nodes) -> Result<Figures, String> {
    let mut crowd = Crowd::new(shape(args, OPEN_WINDOW), server.placing())?;
    crowd.join_until(crowd.size())?;
    let quiet_kib = settled_kib(server);
    flood(&mut crowd, args)?;
    let before_kib = settled_kib(server);
    let (before, _) = send_on_time(&mut crowd, args, server)?;

    crowd.join_stalled()?;
    flood(&mut crowd, args)?;
    let after_kib = settled_kib(server);
    let (after, _) = send_on_time(&mut crowd, args, server)?;

    let p99 = |latency: &Histogram<u64>| microseconds(latency.value_at_quantile(0.99));
    Ok(vec![
        ("p99_before_us", p99(&before)),
        ("p99_after_us", p99(&after)),
        ("flood_kib", before_kib - quiet_kib),
        ("stalled_member_kib", after_kib - before_kib),
    ])
}

/// Many members: how fast they come and go, and what they cost while they sit there.
pub(crate) fn crowd(args: &Args, server: &Nodes) -> Result<Figures, String> {
    let empty_kib = settled_kib(server);
    let cpu = server.cpu_seconds();
    let mut crowd = Crowd::new(shape(args, args.window), server.placing())?;
    let tenth = crowd.size() / 10;
    let mut joining = crowd.join_until(tenth)?;
    let tenth_kib = settled_kib(server);
    joining += crowd.join_until(crowd.size())?;
    let all_kib = settled_kib(server);
    let cpu = server.cpu_seconds() - cpu;
    send_lines(&mut crowd, args.window, TALK_LINES)?;
    drain(&mut crowd, |_| {})?;
    let talked_kib = settled_kib(server);
    let size = crowd.size() as f64;
    let leaving = crowd.leave_all()?;
    let left_kib = settled_kib(server);
    crowd.join_until(crowd.size())?;
    let again_kib = settled_kib(server);
    Ok(vec![
        ("join_s", joining.as_secs_f64()),
        ("joins_per_s", size / joining.as_secs_f64()),
        ("join_cpu_us", cpu / size * 1e6),
        ("leaves_per_s", size / leaving.as_secs_f64()),
        ("empty_kib", empty_kib),
        (
            "member_kib_at_tenth",
            (tenth_kib - empty_kib) / tenth as f64,
        ),
        ("member_kib", (all_kib - empty_kib) / size),
        ("member_kib_after_talk", (talked_kib - empty_kib) / size),
        ("left_kib", left_kib),
        ("member_kib_second_time", (again_kib - empty_kib) / size),
        (
            "given_back",
            (talked_kib - left_kib) / (talked_kib - empty_kib),
        ),
    ])
}

/// From starting the program until it says that it listens.
pub(crate) fn startup(command: &[String], limit: Duration) -> Result<Figures, String> {
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let server = Server::start(command)?;
        server.end_after(limit);
        times.push(server.startup);
    }
    times.sort();
    Ok(vec![(
        "startup_ms",
        times[STARTS / 2].as_secs_f64() * 1000.0,
    )])
}

fn shape(args: &Args, window: usize) -> Shape {
    Shape {
        dialect: args.speak,
        rooms: args.rooms,
        members_per_room: args.members / args.rooms.max(1),
        senders_per_room: args.senders,
        all_named: args.named,
        window,
        patient: args.case == "burst",
        mixed: args.mixed,
        by_tls: args.tls,
    }
}

/// Every sender fills its window whenever a line is done, until `end`.
fn talk_until(crowd: &mut Crowd, window: usize, end: Instant) -> Result<(), String> {
    while Instant::now() < end {
        crowd.chatter()?;
        top_up(crowd, window, u32::MAX)?;
    }
    Ok(())
}

/// Every sender sends `count` more lines, a window at a time.
fn send_lines(crowd: &mut Crowd, window: usize, count: u32) -> Result<(), String> {
    let wanted: Vec<u32> = crowd.sent.iter().map(|sent| sent + count).collect();
    let give_up = Instant::now() + 3 * DRAIN_MAX;
    while crowd.sent != wanted {
        top_up(crowd, window, wanted[0])?;
        if Instant::now() > give_up {
            return Err("the lines were not delivered in time".to_owned());
        }
    }
    Ok(())
}

/// Sends what fits into every sender's window, up to line `end` of each, and receives once.
fn top_up(crowd: &mut Crowd, window: usize, end: u32) -> Result<(), String> {
    for sender in 0..crowd.sent.len() {
        let may_be_sent = (crowd.tally.completed(sender) + window as u32).min(end);
        let count = may_be_sent - crowd.sent[sender];
        if count > 0 {
            crowd.say(sender, count)?;
        }
    }
    receive(crowd, |_| {})
}

fn receive(crowd: &mut Crowd, seen: impl FnMut(Seen)) -> Result<(), String> {
    let wait = if crowd.is_held_up() { 1 } else { 100 };
    crowd.receive(Duration::from_millis(wait), seen)?;
    crowd.flush()
}

/// Waits for all lines to arrive, and fails unless each has, once and in order, at every member.
fn drain(crowd: &mut Crowd, mut seen: impl FnMut(Seen)) -> Result<(), String> {
    let give_up = Instant::now() + DRAIN_MAX;
    let sent = crowd.sent.clone();
    while !crowd.tally.is_whole(&sent) {
        receive(crowd, &mut seen)?;
        if Instant::now() > give_up {
            return Err(format!("lines went astray: {:?}", crowd.tally.faults));
        }
    }
    Ok(())
}

/// Sends one burst, a window of each sender's lines at a time; then lets everybody read. Returns how long it
/// took until the senders had all, and the generator's processor seconds meanwhile.
fn send_burst(crowd: &mut Crowd, window: u32) -> Result<(Duration, f64), String> {
    crowd.only_senders_read()?;
    let start = crowd.sent.clone();
    let senders = start.len() as u32;
    let mut received = vec![0; start.len()];
    let (begun, cpu) = (Instant::now(), own_cpu_seconds());
    while received.iter().any(|count| *count < BURST_LINES * senders) {
        for sender in 0..start.len() {
            let done = received[sender] / senders;
            let end = start[sender] + (done + window).min(BURST_LINES);
            let count = end.saturating_sub(crowd.sent[sender]);
            if count > 0 {
                crowd.say(sender, count)?;
            }
        }
        receive(crowd, |seen| received[seen.sender] += 1)?;
        if begun.elapsed() > DRAIN_MAX {
            return Err("a burst did not come back in time".to_owned());
        }
    }
    let (took, cpu) = (begun.elapsed(), own_cpu_seconds() - cpu);
    crowd.all_read()?;
    drain(crowd, |_| {})?;
    Ok((took, cpu))
}

fn flood(crowd: &mut Crowd, args: &Args) -> Result<(), String> {
    send_lines(crowd, args.window, FLOOD_LINES / crowd.sent.len() as u32)?;
    drain(crowd, |_| {})
}

fn settled_kib(server: &Nodes) -> f64 {
    thread::sleep(SETTLE);
    server.resident_kib()
}

/// Sends `--rate` lines a second, the senders in turn, for the warm-up and the time to measure. Returns the
/// latencies of the measured lines at all members (of other servers, if there are several), in nanoseconds, and the server's processor share.
fn send_on_time(
    crowd: &mut Crowd,
    args: &Args,
    server: &Nodes,
) -> Result<(Histogram<u64>, f64), String> {
    let interval = Duration::from_secs(1) / args.rate as u32;
    let lines_in = |time: Duration| (time.as_nanos() / interval.as_nanos()) as u32;
    let measured_from = lines_in(WARM_UP);
    let lines = measured_from + lines_in(Duration::from_secs_f64(args.seconds));
    let senders = crowd.sent.len() as u32;
    let first_numbers = crowd.sent.clone();
    let begun = Instant::now();
    let due = |line: u32| begun + interval * line;

    let mut latency = Histogram::<u64>::new_with_bounds(1, LATENCY_MAX_NS, 3)
        .map_err(|error| error.to_string())?;
    let mut seen = |seen: Seen| {
        let line = (seen.number - first_numbers[seen.sender]) * senders + seen.sender as u32;
        // Of several servers it is the way from one to another that counts.
        if line >= measured_from && (args.nodes == 1 || seen.is_far) {
            latency.saturating_record(due(line).elapsed().as_nanos() as u64);
        }
    };
    let mut cpu = (0.0, begun);
    let mut next = 0;
    while next < lines || Instant::now() < due(lines) {
        if next < lines && due(next) <= Instant::now() {
            if next == measured_from {
                cpu = (server.cpu_seconds(), Instant::now());
            }
            crowd.say((next % senders) as usize, 1)?;
            next += 1;
            continue;
        }
        let wait = due(next).saturating_duration_since(Instant::now());
        crowd.receive(wait, &mut seen)?;
        crowd.flush()?;
    }
    let share = (server.cpu_seconds() - cpu.0) / cpu.1.elapsed().as_secs_f64();
    drain(crowd, &mut seen)?;
    Ok((latency, share))
}

fn percentiles(latency: &Histogram<u64>) -> Figures {
    let at = |quantile| microseconds(latency.value_at_quantile(quantile));
    vec![
        ("p50_us", at(0.5)),
        ("p99_us", at(0.99)),
        ("p999_us", at(0.999)),
        ("max_us", microseconds(latency.max())),
    ]
}

fn microseconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1000.0
}
