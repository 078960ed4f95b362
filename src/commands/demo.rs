//! `rolitt demo`: fills the database with a year of invented orders, to look at and to measure.

use std::time::Instant;

use super::{Failure, told};
use crate::config::Settings;
use crate::demo::{MOST_PEOPLE, Plan, fill};
use crate::domain::timestamp::Timestamp;
use crate::store::Db;
use crate::store::bulk::has_preorders;
use crate::store::search_index;

#[derive(clap::Args)]
pub struct Demo {
    /// How many preorders to make
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=MOST_PEOPLE))]
    preorders: u64,
    /// Another seed makes other orders, the same one the same
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Over how many days
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=3650))]
    days: u32,
    /// Up to when: a date, or an instant such as 2026-11-20T15:00:00Z (now, unless said otherwise)
    #[arg(long, value_parser = instant)]
    until: Option<Timestamp>,
    /// Also into a database that has preorders, and beside providers that are no stand-ins
    #[arg(long)]
    i_know: bool,
}

/// A date is its first moment, in UTC.
fn instant(text: &str) -> Result<Timestamp, String> {
    let date = || Some(text.parse::<jiff::civil::Date>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp());
    let found = text.parse::<jiff::Timestamp>().ok().or_else(date);
    let found = found.ok_or_else(|| "is a date, or an instant such as 2026-11-20T15:00:00Z".to_owned())?;
    Ok(Timestamp::from_millis(found.as_millisecond()))
}

pub async fn run(settings: &Settings, demo: Demo) -> Result<(), Failure> {
    if settings.is_production() {
        return Err(Failure::Problem("ROLITT_ENV: invented orders are not made in production".to_owned()));
    }
    let foreign = [
        ("KLAVIYO_API_KEY", settings.klaviyo.is_some()),
        ("FIREBASE_PROJECT_ID", settings.firebase.is_some()),
        ("TWILIO_ACCOUNT_SID", settings.twilio.is_some()),
    ];
    if let Some((variable, _)) = foreign.iter().find(|(_, set)| *set && !demo.i_know) {
        let problem = "is set: workers would tell that provider of invented buyers. Say --i-know if they may";
        return Err(Failure::Misuse(format!("{variable} {problem}")));
    }
    let db = Db::open(&settings.database_url).await.map_err(problem)?;
    db.migrate().await.map_err(problem)?;
    if !demo.i_know && has_preorders(&db).await.map_err(problem)? {
        let problem = "this database has preorders: say --i-know to put invented ones beside them";
        return Err(Failure::Misuse(problem.to_owned()));
    }
    // Whole minutes, so that what is printed makes the same again.
    let now = || Timestamp::from_seconds(crate::clock::Clock::default().now().seconds() / 60 * 60);
    let until = demo.until.unwrap_or_else(now);
    let plan = Plan { preorders: demo.preorders, seed: demo.seed, days: demo.days, until };
    let began = Instant::now();
    let step = (demo.preorders / 10).max(10_000);
    let tell = |done: u64| {
        if done.is_multiple_of(step) || done == demo.preorders {
            println!("  {done:>9} of {} preorders, {:.0} s", demo.preorders, began.elapsed().as_secs_f64());
        }
    };
    let made = fill(&db, plan, tell).await.map_err(problem)?;
    // A shop that runs reads new rows into its search index beside the writer; a million at once are better read now.
    search_index::catch_up(&db, usize::MAX).await.map_err(problem)?;
    println!("{}, in {:.1} s:", db.name(), began.elapsed().as_secs_f64());
    for (table, rows) in made {
        println!("  {rows:>9} {table}");
    }
    let end = jiff::Timestamp::from_millisecond(until.millis()).map(|at| at.to_string()).unwrap_or_default();
    println!("The same again: --preorders {} --seed {} --days {} --until {end}", demo.preorders, demo.seed, demo.days);
    println!("Look at it: `rolitt serve`, then /admin");
    db.close().await;
    Ok(())
}

fn problem(error: crate::store::StoreError) -> Failure {
    Failure::Problem(match error {
        crate::store::StoreError::Duplicate => "these rows are there already: another --seed makes others".to_owned(),
        other => told(other),
    })
}
