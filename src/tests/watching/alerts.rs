//! The alert rules: each speaks of metrics that exist, and says what to do.

use std::collections::BTreeSet;

use super::exposition::family;
use crate::telemetry::metric;

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
            let each = wanted.unwrap_or_default().split(", ").flat_map(alternatives);
            labels.extend(each.map(|one| (family(name), one)));
        }
    }
    (names, labels)
}

/// `label="a"`, and `label=~"a|b"` as one each. What a rule does not want need not exist, and jobs are Prometheus'.
fn alternatives(wanted: &str) -> Vec<String> {
    let split = wanted.split_once("=~\"").or_else(|| wanted.split_once("=\""));
    let Some((label, words)) = split.filter(|(label, _)| !label.ends_with('!') && *label != "job") else {
        return Vec::new();
    };
    words.trim_end_matches('"').split('|').map(|word| format!("{label}=\"{word}\"")).collect()
}

#[test]
fn the_rule_on_checkouts_knows_every_way_that_ends_without_a_page_but_that_the_buyer_left() {
    let rule = RULES.split("- alert: ").find(|rule| rule.starts_with("RolittCheckoutsFail")).unwrap();
    let named = rule.split("rolitt_checkouts_total{result=~\"").nth(1).unwrap().split('"').next().unwrap();
    let without = |word: &&str| !["page", "settled", "sold_out", "left"].contains(word);
    let there_are: Vec<&str> = metric::CHECKOUT_RESULTS.iter().copied().filter(without).collect();
    assert_eq!(named.split('|').collect::<Vec<_>>(), there_are);
}

#[test]
fn that_nobody_looks_through_the_records_is_noticed_also_where_no_process_has_lived_long_enough_to_say() {
    let rule = RULES.split("- alert: ").find(|rule| rule.starts_with("RolittPromisesNotChecked")).unwrap();
    assert!(rule.contains(&format!("or absent({})", metric::PROMISES_CHECKED)), "{rule}");
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
