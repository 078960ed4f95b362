//! Who was asked what and when: every request that reached a stand-in, also those that a fault swallowed before they were
//! read. What was done with them is in the inbox.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::faults::Service;

const KEEP: usize = 20_000;

#[derive(Default)]
pub struct Asked(VecDeque<Request>);

struct Request {
    at_ms: i64,
    service: Service,
    what: String,
    fault: Option<&'static str>,
}

impl Asked {
    pub fn note(&mut self, at_ms: i64, service: Service, what: &str, fault: Option<&'static str>) {
        self.0.push_back(Request { at_ms, service, what: what.to_owned(), fault });
        if self.0.len() > KEEP {
            self.0.pop_front();
        }
    }

    /// Oldest first, each service's.
    pub fn json(&self) -> Value {
        let of = |service: Service| -> Vec<Value> {
            let its = self.0.iter().filter(|request| request.service == service);
            its.map(|r| json!({ "at_ms": r.at_ms, "what": r.what, "fault": r.fault })).collect()
        };
        Service::ALL.iter().map(|service| (service.name().to_owned(), Value::Array(of(*service)))).collect()
    }
}
