//! The command line. Exit status 0 is good, 1 found a problem, 2 was called wrongly.

use std::process::ExitCode;

use clap::Parser;
use rolitt::commands::{Cli, run};

#[tokio::main]
async fn main() -> ExitCode {
    ExitCode::from(run(Cli::parse()).await)
}
