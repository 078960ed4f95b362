//! The alert rules: each speaks of metrics that exist, and says what to do.

use std::collections::BTreeSet;

use super::exposition::family;

const RULES: &str = include_str!("../../telemetry/alerts.yml");

/// The metrics that the rules are about, and the labels they want of them as `label="word"`.
pub fn metrics() -> (BTreeSet<String>, Vec<(String, String)>) {
    let (mut names, mut labels) = (BTreeSet::new(), Vec::new());
    let told = |line: &&str| ["#", "summary:", "action:", "- "].iter().any(|begins| line.trim().starts_with(begins));
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    for line in RULES.lines().filter(|line| !told(line)) {
        for (at, _) in ["rolitt_", "process_"].iter().flat_map(|prefix| line.match_indices(prefix)) {
            if line[..at].ends_with(word) {
                continue;
            }
            let name = line[at..].split(|c| !word(c)).next().unwrap();
            names.insert(family(name));
            let wanted = line[at + name.len()..].strip_prefix('{').and_then(|rest| rest.split('}').next());
            let plain = wanted.unwrap_or_default().split(", ").filter(|one| one.contains("=\"") && !one.contains('!'));
            labels.extend(plain.filter(|one| !one.starts_with("job=")).map(|one| (family(name), one.to_owned())));
        }
    }
    (names, labels)
}

#[test]
fn every_rule_has_a_severity_a_summary_and_something_to_do() {
    let rules: Vec<&str> = RULES.split("- alert: ").skip(1).collect();
    assert!(rules.len() >= 20, "{}", rules.len());
    for rule in rules {
        for part in ["expr:", "severity: ", "summary: \"", "action: \""] {
            assert!(rule.contains(part), "{part} is missing: {rule}");
        }
    }
    let (names, labels) = metrics();
    assert!(names.len() > 15 && labels.len() > 10, "the file is not read: {names:?} {labels:?}");
}
