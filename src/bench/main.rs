//! `make bench`: how fast the shop is, on this machine, now. Prints numbers and what they compare to, never a verdict; what
//! we aim at is written where it is decided. Everything runs on the loopback, the providers in a process of their own.

mod admin;
mod ground;
mod load;
mod measures;
mod outage;
mod process;
mod table;
mod wire;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;

use ground::{Ground, Kind};
use load::Load;
use table::{Table, ms};

pub type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

#[derive(Parser)]
#[command(about = "Measures a release build of rolitt on this machine")]
struct Arguments {
    /// The binary to measure.
    #[arg(long)]
    rolitt: PathBuf,
    /// Seconds for each measurement.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=10))]
    seconds: u64,
    /// The admin on a large database alone.
    #[arg(long)]
    admin: bool,
}

// One thread: the load generator must leave the cores to what it measures.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let arguments = Arguments::parse();
    let time = Duration::from_secs(arguments.seconds);
    let binary = arguments.rolitt.canonicalize()?;
    let postgres = std::env::var("TEST_DATABASE_URL").ok();
    let mut table = Table::default();
    for kind in [Kind::Sqlite, Kind::Postgres] {
        if kind == Kind::Postgres && postgres.is_none() {
            eprintln!("TEST_DATABASE_URL is not set: SQLite alone");
            continue;
        }
        if !arguments.admin {
            measure(&binary, kind, postgres.as_deref(), time, &mut table).await?;
        }
        let ground = Ground::prepare(&binary, kind, postgres.as_deref()).await?;
        // What was measured before is worth printing, whatever happens here.
        let measured = admin::measure(&ground, kind, time, &mut table).await;
        if let Err(error) = measured.and(ground.leave(postgres.as_deref()).await) {
            table.value("admin", kind.name(), format!("NOT MEASURED: {error}"));
        }
    }
    println!(
        "\n{} connections where nothing else is said, {} s each, {} cores\n",
        measures::CONNECTIONS,
        arguments.seconds,
        std::thread::available_parallelism()?
    );
    table.print();
    Ok(())
}

async fn measure(binary: &Path, kind: Kind, postgres: Option<&str>, time: Duration, table: &mut Table) -> Outcome<()> {
    let name = kind.name();
    eprintln!("{name} …");
    let ground = Ground::prepare(binary, kind, postgres).await?;

    let first = ground.shop(&["serve", "--no-workers"]).await?;
    let fresh = first.ready_after;
    first.stop().await?;
    let mut again = Vec::new();
    for _ in 0..5 {
        let shop = ground.shop(&["serve", "--no-workers"]).await?;
        again.push(shop.ready_after);
        shop.stop().await?;
    }
    again.sort_unstable();
    table.value("cold start to readyz", name, format!("{}, with migrations {}", ms(again[2]), ms(fresh)));

    // Without workers first, so that what is counted is the answer and not the work it leaves behind.
    let shop = ground.shop(&["serve", "--no-workers"]).await?;
    let (at_rest, _) = shop.memory()?;
    if kind == Kind::Sqlite {
        let sizes = measures::first_load(&shop).await?;
        let total: usize = sizes.iter().map(|(_, bytes)| bytes).sum();
        let parts: Vec<String> = sizes.iter().map(|(name, bytes)| format!("{name} {bytes}")).collect();
        table.value("first load, brotli", "", format!("{total} bytes: {}", parts.join(", ")));
    }
    let floor = measures::page(&shop, "/healthz", "identity", time).await?;
    table.load("GET /healthz, the floor", name, floor, String::new());
    let page = measures::page(&shop, "/", "identity", time).await?;
    table.load("product page", name, page, of(floor, page));
    let packed = measures::page(&shop, "/", "br", time).await?;
    table.load("product page, brotli", name, packed, of(floor, packed));
    // Not kept in memory like the storefront: what it costs to render one.
    let rendered = measures::page(&shop, "/order", "identity", time).await?;
    table.load("page rendered for each visitor", name, rendered, of(floor, rendered));
    let (initiate, preorders) = measures::initiate(&shop, "lead", time).await?;
    table.load("initiate_preorder, durable", name, initiate, of(floor, initiate));
    let webhooks = measures::webhooks(&shop, "alone", &preorders, time).await?;
    table.load("webhook intake, signed", name, webhooks, of(floor, webhooks));

    for latency in [0, 300].map(Duration::from_millis) {
        ground.provider_latency(latency).await?;
        let run = format!("c{}", latency.as_millis());
        let theirs = measures::provider_alone(&ground, &run, time).await?;
        let all = measures::checkout(&shop, &run, time).await?;
        let ours = |all: Duration, theirs: Duration| ms(all.saturating_sub(theirs));
        let note = format!("ours: median {}, p99 {}", ours(all.median, theirs.median), ours(all.p99, theirs.p99));
        table.load(&format!("handle_checkout, provider {} ms", latency.as_millis()), name, all, note);
    }
    ground.provider_latency(Duration::ZERO).await?;
    let (after, peak) = shop.memory()?;
    table.value("memory", name, format!("{at_rest:.0} MB at rest, {peak:.0} MB at most, {after:.0} MB after"));
    shop.stop().await?;

    let (per_second, done, left) = measures::drain(&ground, time.mul_f64(1.5).min(Duration::from_secs(10))).await?;
    table.value(
        "outbox, a worker process",
        name,
        format!("{per_second:.0} jobs/s: {done} done, {left} left when time was up"),
    );

    let shop = ground.shop(&["serve"]).await?;
    let (busy, _) = measures::initiate(&shop, "busy", time).await?;
    table.load("initiate_preorder, workers at work", name, busy, of(initiate, busy));
    shop.stop().await?;
    for run in outage::buyers(&ground, time).await? {
        table.load(&run.what, name, run.load, run.note);
    }
    for run in outage::of_stripe(&ground, time).await? {
        table.load(&run.what, name, run.load, run.note);
    }
    ground.leave(postgres).await
}

/// How a load compares to another.
fn of(floor: Load, load: Load) -> String {
    format!("{:.2} × of {:.0}/s", load.per_second / floor.per_second.max(1.0), floor.per_second)
}
