//! The table: a line for each measurement, in columns that line up.

use std::time::Duration;

use crate::load::Load;

#[derive(Default)]
pub struct Table {
    lines: Vec<[String; 6]>,
}

impl Table {
    pub fn load(&mut self, what: &str, database: &str, load: Load, note: String) {
        let note = if load.failed > 0 { format!("{note}; {} FAILED", load.failed) } else { note };
        let rate = format!("{:.0}", load.per_second);
        self.lines.push([what.to_owned(), database.to_owned(), rate, ms(load.median), ms(load.p99), note]);
    }

    pub fn value(&mut self, what: &str, database: &str, note: String) {
        self.lines.push([what.to_owned(), database.to_owned(), String::new(), String::new(), String::new(), note]);
    }

    pub fn print(&self) {
        println!("{:<38} {:<11} {:>8} {:>9} {:>9}   ", "", "", "per s", "median", "p99");
        for [what, database, rate, median, p99, note] in &self.lines {
            println!("{what:<38} {database:<11} {rate:>8} {median:>9} {p99:>9}   {note}");
        }
    }
}

pub fn ms(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1_000.0)
}
