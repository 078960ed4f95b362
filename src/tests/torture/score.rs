//! What a storm came to. Nothing here judges: `verdict` does.

use std::collections::BTreeMap;

use crate::fail_points::Point;
use crate::workflows::check_promises::Harm;

#[derive(Debug, Default)]
pub struct Score {
    /// Requests of buyers, staff and Stripe's side that were answered as they should be.
    pub operations: u64,
    /// SIGKILLs, by our hand or by the process's own.
    pub kills: u64,
    /// Processes that were told to stop, were put to sleep past their leases, or lost their database for a while.
    pub nuisances: u64,
    /// As the sandbox counts them.
    pub faults: u64,
    pub lost: u64,
    pub duplicated: u64,
    pub wrong: u64,
    /// What was found, in words.
    pub findings: Vec<String>,
    /// How often somebody died at each point.
    pub reached: BTreeMap<&'static str, u64>,
    /// Text messages that reached somebody, and those that wait for a person because they may have.
    pub texts: u64,
    pub parked: u64,
}

impl Score {
    pub fn merge(&mut self, other: Self) {
        self.operations += other.operations;
        self.kills += other.kills;
        self.nuisances += other.nuisances;
        self.faults += other.faults;
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        self.wrong += other.wrong;
        self.texts += other.texts;
        self.parked += other.parked;
        self.findings.extend(other.findings);
        for (point, times) in other.reached {
            *self.reached.entry(point).or_default() += times;
        }
    }

    pub fn find(&mut self, harm: Harm, count: u64, what: impl Into<String>) {
        if count == 0 {
            return;
        }
        match harm {
            Harm::Lost => self.lost += count,
            Harm::Duplicated => self.duplicated += count,
            Harm::Wrong => self.wrong += count,
        }
        let what = what.into();
        self.findings.push(format!("{harm:?}: {count} {what}"));
    }

    pub fn missed(&self) -> Vec<&'static str> {
        Point::ALL.iter().map(|point| point.as_str()).filter(|point| !self.reached.contains_key(point)).collect()
    }

    /// One line, the verdict.
    pub fn announce(&self, of: &str) {
        println!(
            "torture, {of}: {} operations, {} kills, {} faults injected, {} lost, {} duplicated, {} wrong \
             ({} other nuisances, {} texts sent, {} parked)",
            self.operations,
            self.kills,
            self.faults + self.nuisances,
            self.lost,
            self.duplicated,
            self.wrong,
            self.nuisances,
            self.texts,
            self.parked
        );
    }

    pub fn assert_nothing_broken(&self) {
        assert!(self.findings.is_empty(), "{:#?}", self.findings);
    }
}
