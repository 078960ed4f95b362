//! What the operating system says of this process: named as Prometheus' own client libraries name it.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use super::metric;

/// Bytes of a page of memory where we run.
const PAGE: f64 = 4096.0;

/// Once, at the start.
pub fn began() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    metrics::gauge!(metric::PROCESS_START).set(now.as_secs_f64());
    metrics::gauge!(metric::BUILD_INFO, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
}

/// With every scrape. Systems without /proc say nothing.
pub fn measure() {
    let resident = fs::read_to_string("/proc/self/statm").ok();
    if let Some(pages) = resident.and_then(|text| text.split(' ').nth(1)?.parse::<f64>().ok()) {
        metrics::gauge!(metric::PROCESS_MEMORY).set(pages * PAGE);
    }
    if let Ok(files) = fs::read_dir("/proc/self/fd") {
        metrics::gauge!(metric::PROCESS_FILES).set(files.count() as f64);
    }
}
