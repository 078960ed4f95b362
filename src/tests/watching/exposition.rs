//! Prometheus' text format, read as strictly as Prometheus does.

use std::collections::{BTreeMap, BTreeSet};

/// Samples by their name and labels, as they are written.
pub struct Exposition(pub BTreeMap<String, f64>);

impl Exposition {
    /// Fails on whatever Prometheus would not take, and on a sample whose family is not described.
    pub fn read(text: &str) -> Self {
        let (mut types, mut helps, mut samples) = (BTreeMap::new(), BTreeSet::new(), BTreeMap::new());
        for line in text.lines().filter(|line| !line.is_empty()) {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, words) = help.split_once(' ').unwrap_or_else(|| panic!("{line}"));
                assert!(words.len() > 10 && helps.insert(name.to_owned()), "{line}");
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').unwrap();
                assert!(types.insert(name.to_owned(), kind.to_owned()).is_none(), "twice: {line}");
            } else {
                let (series, value) = line.rsplit_once(' ').unwrap();
                let value = value.parse().unwrap_or_else(|_| panic!("no number: {line}"));
                assert!(samples.insert(series.to_owned(), value).is_none(), "twice: {line}");
                let family = family(series);
                assert!(types.contains_key(&family) && helps.contains(&family), "not described: {line}");
            }
        }
        Self(samples)
    }

    pub fn get(&self, series: &str) -> f64 {
        self.0.get(series).copied().unwrap_or(0.0)
    }

    /// All series of a metric, whatever their labels, that have all of these texts in them.
    pub fn sum(&self, name: &str, labels: &[&str]) -> f64 {
        let of = |series: &&String| {
            series.split('{').next() == Some(name) && labels.iter().all(|label| series.contains(label))
        };
        self.0.iter().filter(|(series, _)| of(series)).map(|(_, value)| value).sum()
    }

    pub fn families(&self) -> BTreeSet<String> {
        self.0.keys().map(|series| family(series)).collect()
    }
}

/// The metric that a sample belongs to.
pub fn family(series: &str) -> String {
    let name = series.split('{').next().unwrap();
    let of_histogram = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix));
    of_histogram.unwrap_or(name).to_owned()
}
