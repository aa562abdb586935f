//! Turns the results of `scripts/bench.sh` into tables and a plot.
//!
//! The input has one line a figure: `run TAB case TAB server TAB metric TAB value`.

mod plot;
mod results;
mod targets;

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use argh::FromArgs;

use crate::results::Results;

/// Prints tables of benchmark results, and puts them into a document.
#[derive(Debug, FromArgs)]
struct Args {
    /// the results, one figure a line
    #[argh(positional)]
    results: PathBuf,

    /// where to write a plot as SVG
    #[argh(option)]
    plot: Option<PathBuf>,

    /// a Markdown document whose part between the marks `results` and `end of results` is replaced
    #[argh(option)]
    into: Option<PathBuf>,

    /// the results are those of several nodes
    #[argh(switch)]
    cluster: bool,

    /// a sentence about the machine and the run, put above the tables
    #[argh(option, default = "String::new()")]
    about: String,
}

fn main() -> ExitCode {
    match run(&argh::from_env()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("report: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), String> {
    let read = |path: &PathBuf| {
        fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
    };
    let write = |path: &PathBuf, text: String| {
        fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
    };
    let results = Results::parse(&read(&args.results)?)?;
    let mut tables = String::new();
    if !args.about.is_empty() {
        let _ = writeln!(tables, "{}\n", args.about);
    }
    write_figures(&results, &mut tables);
    tables.push('\n');
    let wanted = match args.cluster {
        true => targets::CLUSTER,
        false => targets::SINGLE,
    };
    targets::write(&results, wanted, &mut tables);
    print!("{tables}");
    if let Some(path) = &args.plot {
        write(path, plot::draw(&results))?;
    }
    if let Some(path) = &args.into {
        write(path, replace_marked(&read(path)?, &tables)?)?;
    }
    Ok(())
}

/// A table of every figure: medians, and parlor's as a ratio to the baseline's.
fn write_figures(results: &Results, out: &mut String) {
    let _ = writeln!(
        out,
        "| {:18} | {:22} | {:>10} | {:>10} | {:>6} |\n|:--|:--|--:|--:|--:|",
        "case", "median of", "baseline", "parlor", "ratio"
    );
    for (case, metric) in results.rows() {
        let baseline = results.median(case, "baseline", metric);
        let parlor = results.median(case, "parlor", metric);
        let ratio = parlor
            .zip(baseline)
            .map(|(parlor, baseline)| parlor / baseline);
        let _ = writeln!(
            out,
            "| {case:18} | {metric:22} | {:>10} | {:>10} | {:>6} |",
            baseline.map_or(String::new(), shown),
            parlor.map_or(String::new(), shown),
            ratio
                .filter(|ratio| ratio.is_finite())
                .map_or(String::new(), |ratio| format!("{ratio:.2}")),
        );
    }
}

/// A number short enough for a table: three digits or more, as they matter.
fn shown(value: f64) -> String {
    match value.abs() {
        size if size >= 1e6 => format!("{:.2} M", value / 1e6),
        size if size >= 1e4 => format!("{:.1} k", value / 1e3),
        size if size >= 100.0 => format!("{value:.0}"),
        _ => format!("{value:.2}"),
    }
}

const BEGIN: &str = "<!-- results -->";
const END: &str = "<!-- end of results -->";

fn replace_marked(document: &str, tables: &str) -> Result<String, String> {
    let missing = || format!("the document has no part between {BEGIN} and {END}");
    let (before, rest) = document.split_once(BEGIN).ok_or_else(missing)?;
    let (_, after) = rest.split_once(END).ok_or_else(missing)?;
    Ok(format!("{before}{BEGIN}\n{tables}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_marked_part_of_a_document_is_replaced() {
        let document = format!("top\n{BEGIN}\nold\n{END}\nbottom\n");
        let replaced = replace_marked(&document, "new\n");
        assert_eq!(replaced, Ok(format!("top\n{BEGIN}\nnew\n{END}\nbottom\n")));
        assert!(replace_marked("no marks", "new").is_err());
    }

    #[test]
    fn numbers_are_short() {
        let table = [
            (12_345_678.0, "12.35 M"),
            (20_536.2, "20.5 k"),
            (123.4, "123"),
            (1.234, "1.23"),
        ];
        for (value, text) in table {
            assert_eq!(shown(value), text);
        }
    }
}
