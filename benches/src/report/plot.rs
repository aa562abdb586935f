//! *Pure.* A plot of the results: bars for the medians, a thin line from the smallest to the largest run.

use std::fmt::Write as _;

use crate::results::Results;
use crate::shown;

/// Rows of a panel: case, metric, label.
type Rows = &'static [(&'static str, &'static str, &'static str)];

const THROUGHPUT: Rows = &[
    (
        "closed-100x16",
        "deliveries_per_cpu_s",
        "100 members, 16 on their way",
    ),
    (
        "closed-100x64",
        "deliveries_per_cpu_s",
        "100 members, 64 on their way",
    ),
    (
        "closed-1000x16",
        "deliveries_per_cpu_s",
        "1,000 members, 16 on their way",
    ),
    (
        "closed-1000x64",
        "deliveries_per_cpu_s",
        "1,000 members, 64 on their way",
    ),
    ("rooms-1000x10", "deliveries_per_cpu_s", "1,000 rooms of 10"),
    (
        "char-1000x16",
        "deliveries_per_cpu_s",
        "1,000 in character mode, 16 on their way",
    ),
];

const LATENCY: Rows = &[
    ("open-1000x50", "p50_us", "p50"),
    ("open-1000x50", "p99_us", "p99"),
    ("open-1000x50", "p999_us", "p99.9"),
];

/// Servers and the colours of their bars; both stand out from white and from black.
const SERVERS: [(&str, &str); 2] = [("baseline", "#8a94a6"), ("parlor", "#2f7ed8")];

const WIDTH: f64 = 860.0;
const LABELS: f64 = 270.0;
const BARS: f64 = 490.0;
const BAR: f64 = 14.0;
const ROW: f64 = 2.0 * BAR + 14.0;
const TITLE: f64 = 34.0;

/// The plot as SVG.
pub(crate) fn draw(results: &Results) -> String {
    let mut body = String::new();
    let mut top = 20.0;
    legend(&mut body, top);
    top += 10.0;
    for (title, rows) in [
        (
            "Closed loop: deliveries per processor second of the server (more is better)",
            THROUGHPUT,
        ),
        (
            "Open loop, 1,000 members, 50 lines a second: latency in microseconds (less is better)",
            LATENCY,
        ),
    ] {
        top = panel(results, title, rows, top, &mut body);
    }
    let height = top + 10.0;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n{body}</svg>\n"
    )
}

fn legend(out: &mut String, top: f64) {
    for (place, (server, colour)) in SERVERS.iter().enumerate() {
        let left = LABELS + 120.0 * place as f64;
        let _ = writeln!(
            out,
            "<rect x=\"{left}\" y=\"{}\" width=\"{BAR}\" height=\"{BAR}\" fill=\"{colour}\"/>\
             <text x=\"{}\" y=\"{top}\">{server}</text>",
            top - 12.0,
            left + 20.0
        );
    }
}

/// Appends a panel at `top` and returns where the next may begin.
fn panel(results: &Results, title: &str, rows: Rows, top: f64, out: &mut String) -> f64 {
    let largest = rows
        .iter()
        .flat_map(|(case, metric, _)| {
            SERVERS
                .iter()
                .map(move |(server, _)| (case, server, metric))
        })
        .flat_map(|(case, server, metric)| results.values(case, server, metric))
        .fold(0.0, f64::max);
    let mut top = top + TITLE;
    let _ = writeln!(
        out,
        "<text x=\"10\" y=\"{}\" font-weight=\"bold\">{title}</text>",
        top - 10.0
    );
    for (case, metric, label) in rows {
        let _ = writeln!(
            out,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{label}</text>",
            LABELS - 10.0,
            top + BAR + 4.0
        );
        for (place, (server, colour)) in SERVERS.iter().enumerate() {
            let values = results.values(case, server, metric);
            let Some(median) = results.median(case, server, metric) else {
                continue;
            };
            let scaled: Vec<f64> = values.iter().map(|value| BARS * value / largest).collect();
            bar(
                out,
                top + place as f64 * BAR,
                colour,
                BARS * median / largest,
                &scaled,
                &shown(median),
            );
        }
        top += ROW;
    }
    top
}

fn bar(out: &mut String, top: f64, colour: &str, length: f64, runs: &[f64], text: &str) {
    let (first, last) = (
        runs.first().unwrap_or(&length),
        runs.last().unwrap_or(&length),
    );
    let middle = top + BAR / 2.0;
    let _ = writeln!(
        out,
        "<rect x=\"{LABELS}\" y=\"{top:.1}\" width=\"{length:.1}\" height=\"{}\" fill=\"{colour}\"/>\
         <line x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{middle:.1}\" y2=\"{middle:.1}\" stroke=\"#1b1f27\"/>\
         <text x=\"{:.1}\" y=\"{:.1}\" font-size=\"11\">{text}</text>",
        BAR - 2.0,
        LABELS + first,
        LABELS + last,
        LABELS + length.max(*last) + 6.0,
        middle + 4.0
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_run_fills_the_width_and_what_was_not_measured_has_no_bar() {
        let text = "1\trooms-1000x10\tbaseline\tdeliveries_per_cpu_s\t50\n\
                    1\trooms-1000x10\tparlor\tdeliveries_per_cpu_s\t100\n";
        let svg = draw(&Results::parse(text).expect("it is well formed"));
        assert!(svg.contains("width=\"490.0\""));
        assert!(svg.contains("width=\"245.0\""));
        // Two bars, two marks of the legend, the background.
        assert_eq!(svg.matches("<rect").count(), 5);
    }
}
