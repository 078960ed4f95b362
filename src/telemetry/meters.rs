//! Small instruments that more than one room uses.

/// Somebody who waits for something, counted for as long as they do.
pub struct Waiting(metrics::Gauge);

impl Waiting {
    pub fn at(gauge: metrics::Gauge) -> Self {
        gauge.increment(1.0);
        Self(gauge)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}
