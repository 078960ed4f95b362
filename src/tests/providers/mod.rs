//! Providers on fire: slow, refusing, resetting, busy, failing, garbling, silent, forgetful; with and without an end.

mod faults;
mod ground;
mod line;
mod matrix;
mod received;
mod run;
mod stripe;
mod ten_minutes;
mod till;

pub use ground::Ground;
