//! *Pure.* What parlor is to reach, and whether it does.

use std::fmt::Write as _;

use crate::results::Results;
use crate::shown;

/// Where a figure comes from.
pub(crate) enum Figure {
    /// parlor's median of a case and metric, divided by the baseline's.
    Ratio(&'static str, &'static str),
    /// parlor's median of a case and metric.
    Absolute(&'static str, &'static str),
    /// parlor's medians of two cases or metrics, the first divided by the second.
    Within([(&'static str, &'static str); 2]),
    /// parlor's medians of two cases or metrics, the second taken from the first.
    Above([(&'static str, &'static str); 2]),
}

/// The bound of a figure.
pub(crate) enum Wanted {
    AtLeast(f64),
    AtMost(f64),
}

use Figure::{Above, Absolute, Ratio, Within};
use Wanted::{AtLeast, AtMost};

const PER_CPU: &str = "deliveries_per_cpu_s";
const PER_SECOND: &str = "deliveries_per_s";

/// What is to be reached, where it comes from, and what it is to be.
pub(crate) type Target = (&'static str, Figure, Wanted);

/// What several nodes on one database are to reach.
pub(crate) const CLUSTER: &[Target] = &[
    (
        "us from node to node, p50, 1,000 lines/s",
        Absolute("nodes-3x1000", "p50_us"),
        AtMost(3000.0),
    ),
    (
        "us from node to node, p99, 1,000 lines/s",
        Absolute("nodes-3x1000", "p99_us"),
        AtMost(12_000.0),
    ),
    (
        "lines/s in one stream from one node",
        Absolute("stream", "lines_per_s"),
        AtLeast(20_000.0),
    ),
    (
        "telling 1,000 members on a node, of a server alone",
        Within([("here-1000x16", PER_CPU), ("closed-1000x16", PER_CPU)]),
        AtLeast(0.9),
    ),
    (
        "telling 1,000 members on another node, of a server alone",
        Within([("there-1000x16", PER_CPU), ("closed-1000x16", PER_CPU)]),
        AtLeast(0.9),
    ),
];

/// What one server is to reach.
pub(crate) const SINGLE: &[Target] = &[
    (
        "1 closed loop, 100 members, 16 on their way, of the baseline",
        Ratio("closed-100x16", PER_CPU),
        AtLeast(1.0),
    ),
    (
        "1 closed loop, 100 members, 64 on their way, of the baseline",
        Ratio("closed-100x64", PER_CPU),
        AtLeast(1.0),
    ),
    (
        "1 closed loop, 1,000 members, 16 on their way, of the baseline",
        Ratio("closed-1000x16", PER_CPU),
        AtLeast(1.0),
    ),
    (
        "1 closed loop, 1,000 members, 64 on their way, of the baseline",
        Ratio("closed-1000x64", PER_CPU),
        AtLeast(1.0),
    ),
    (
        "2 open loop, processor time, of the baseline",
        Ratio("open-1000x50", "server_cpu"),
        AtMost(1.3),
    ),
    (
        "2 open loop, p50, of the baseline",
        Ratio("open-1000x50", "p50_us"),
        AtMost(1.5),
    ),
    (
        "2 open loop, p99, of the baseline",
        Ratio("open-1000x50", "p99_us"),
        AtMost(1.5),
    ),
    (
        "3 1,000 rooms of 10, of the baseline",
        Ratio("rooms-1000x10", PER_CPU),
        AtLeast(0.9),
    ),
    (
        "4 KiB a member, 10,000 sit there",
        Absolute("crowd-10000", "member_kib"),
        AtMost(2.4),
    ),
    (
        "4 KiB a member, 10,000 have talked",
        Absolute("crowd-10000", "member_kib_after_talk"),
        AtMost(2.4),
    ),
    (
        "4 memory given back when 10,000 have left",
        Absolute("crowd-10000", "given_back"),
        AtLeast(0.5),
    ),
    (
        "5 joins a second, of the baseline",
        Ratio("crowd-10000", "joins_per_s"),
        AtLeast(0.5),
    ),
    (
        "5 seconds for 10,000 to join 100 rooms",
        Absolute("crowd-10000", "join_s"),
        AtMost(5.0),
    ),
    (
        "6 KiB for a member that does not read",
        Absolute("stalled-1000", "stalled_member_kib"),
        AtMost(2048.0),
    ),
    (
        "6 p99 of the others, of what it was before",
        Within([
            ("stalled-1000", "p99_after_us"),
            ("stalled-1000", "p99_before_us"),
        ]),
        AtMost(1.5),
    ),
    (
        "7 character mode, 100 members, of plain",
        Within([("char-100x16", PER_CPU), ("closed-100x16", PER_CPU)]),
        AtLeast(0.6),
    ),
    (
        "7 character mode, 1,000 members, of plain",
        Within([("char-1000x16", PER_CPU), ("closed-1000x16", PER_CPU)]),
        AtLeast(0.6),
    ),
    (
        "7 2,000 members of mixed zones, names and ignores, of plain",
        Within([("mixed-2000x16", PER_CPU), ("closed-2000x16", PER_CPU)]),
        AtLeast(0.7),
    ),
    (
        "10 TLS, closed loop, 1,000 members, of plain",
        Within([("tls-1000x16", PER_CPU), ("closed-1000x16", PER_CPU)]),
        AtLeast(0.5),
    ),
    (
        "10 TLS, KiB a member above plain, 1,000 sit there",
        Above([
            ("tls-crowd-1000", "member_kib"),
            ("crowd-1000", "member_kib"),
        ]),
        AtMost(6.0),
    ),
    (
        "10 TLS, us of processor time above plain for a member to join",
        Above([
            ("tls-crowd-1000", "join_cpu_us"),
            ("crowd-1000", "join_cpu_us"),
        ]),
        AtMost(300.0),
    ),
    (
        "8 two executor threads, of one",
        Within([("threads-2", PER_SECOND), ("threads-1", PER_SECOND)]),
        AtLeast(1.5),
    ),
    (
        "9 --data, closed loop, 100 members, of without",
        Within([("data-100x16", PER_SECOND), ("closed-100x16", PER_SECOND)]),
        AtLeast(0.85),
    ),
    (
        "9 --data, closed loop, 1,000 members, of without",
        Within([("data-1000x16", PER_SECOND), ("closed-1000x16", PER_SECOND)]),
        AtLeast(0.85),
    ),
    (
        "9 --data, open loop, us of p50 more than without",
        Above([("data-open-1000x50", "p50_us"), ("open-1000x50", "p50_us")]),
        AtMost(5000.0),
    ),
];

/// Appends a table of all targets.
pub(crate) fn write(results: &Results, targets: &[Target], out: &mut String) {
    let _ = writeln!(
        out,
        "| {:62} | {:>8} | {:>13} | {:11} |\n|:--|--:|--:|:--|",
        "target", "figure", "wanted", ""
    );
    for (what, figure, wanted) in targets {
        let figure = figure.value(results).filter(|value| !value.is_nan());
        let verdict = match figure {
            None => "not measured",
            Some(value) if wanted.is_met(value) => "reached",
            Some(_) => "NOT REACHED",
        };
        let _ = writeln!(
            out,
            "| {what:62} | {:>8} | {:>13} | {verdict:11} |",
            figure.map_or(String::new(), shown),
            wanted.words(),
        );
    }
}

impl Figure {
    fn value(&self, results: &Results) -> Option<f64> {
        match self {
            Ratio(case, metric) => results.ratio(case, metric),
            Absolute(case, metric) => results.median(case, "parlor", metric),
            Within([one, other]) => {
                let other = results.median(other.0, "parlor", other.1)?;
                Some(results.median(one.0, "parlor", one.1)? / other)
            }
            Above([one, other]) => {
                let other = results.median(other.0, "parlor", other.1)?;
                Some(results.median(one.0, "parlor", one.1)? - other)
            }
        }
    }
}

impl Wanted {
    fn is_met(&self, value: f64) -> bool {
        match *self {
            AtLeast(least) => value >= least,
            AtMost(most) => value <= most,
        }
    }

    fn words(&self) -> String {
        match self {
            AtLeast(least) => format!("at least {least}"),
            AtMost(most) => format!("at most {most}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_reached_missed_or_not_measured() {
        let text = "1\trooms-1000x10\tbaseline\tdeliveries_per_cpu_s\t100\n\
                    1\trooms-1000x10\tparlor\tdeliveries_per_cpu_s\t89\n\
                    1\tcrowd-10000\tparlor\tmember_kib\t2.4\n";
        let mut out = String::new();
        let results = Results::parse(text).expect("it is well formed");
        write(&results, SINGLE, &mut out);
        let row = |start: &str| out.lines().find(|row| row.starts_with(start)).expect(start);
        assert!(row("| 3 1,000 rooms").contains("NOT REACHED"));
        assert!(row("| 4 KiB a member, 10,000 sit").contains("| reached"));
        assert!(row("| 8 two").contains("not measured"));
    }
}
