//! *Pure.* Figures of several runs, and their medians.

use std::collections::HashMap;

/// All figures of one results file.
#[derive(Debug, Default)]
pub(crate) struct Results {
    /// Cases and metrics in the order in which they first came.
    rows: Vec<(String, String)>,
    values: HashMap<(String, String, String), Vec<f64>>,
}

impl Results {
    /// Reads lines of `run TAB case TAB server TAB metric TAB value`.
    pub(crate) fn parse(text: &str) -> Result<Results, String> {
        let mut results = Results::default();
        for line in text.lines() {
            let fields: Vec<&str> = line.split('\t').collect();
            let [_, case, server, metric, value] = fields[..] else {
                return Err(format!("not five fields: {line}"));
            };
            let value: f64 = value.parse().map_err(|_| format!("no number: {line}"))?;
            let row = (case.to_owned(), metric.to_owned());
            let key = (case.to_owned(), server.to_owned(), metric.to_owned());
            if !results.rows.contains(&row) {
                results.rows.push(row);
            }
            results.values.entry(key).or_default().push(value);
        }
        Ok(results)
    }

    /// Cases and metrics in the order in which they came.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&str, &str)> {
        self.rows
            .iter()
            .map(|(case, metric)| (case.as_str(), metric.as_str()))
    }

    /// The values of all runs, smallest first.
    pub(crate) fn values(&self, case: &str, server: &str, metric: &str) -> Vec<f64> {
        let key = (case.to_owned(), server.to_owned(), metric.to_owned());
        let mut values = self.values.get(&key).cloned().unwrap_or_default();
        values.sort_by(f64::total_cmp);
        values
    }

    /// The middle value of all runs; the lower of the two if their number is even.
    pub(crate) fn median(&self, case: &str, server: &str, metric: &str) -> Option<f64> {
        let values = self.values(case, server, metric);
        values.get(values.len().saturating_sub(1) / 2).copied()
    }

    /// parlor's median divided by the baseline's.
    pub(crate) fn ratio(&self, case: &str, metric: &str) -> Option<f64> {
        let baseline = self.median(case, "baseline", metric)?;
        Some(self.median(case, "parlor", metric)? / baseline)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_run_counts() {
        let text =
            "1\tc\tparlor\tm\t9\n2\tc\tparlor\tm\t1\n3\tc\tparlor\tm\t2\n1\tc\tbaseline\tm\t4\n";
        let results = Results::parse(text).expect("it is well formed");
        assert_eq!(results.median("c", "parlor", "m"), Some(2.0));
        assert_eq!(results.ratio("c", "m"), Some(0.5));
        assert_eq!(results.ratio("c", "other"), None);
        assert_eq!(results.rows().collect::<Vec<_>>(), [("c", "m")]);
        assert!(Results::parse("1\tc\tparlor\tm\n").is_err());
        assert!(Results::parse("1\tc\tparlor\tm\tx\n").is_err());
    }
}
