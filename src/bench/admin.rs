//! The admin on a shop of some size: a database that `rolitt demo` has filled, an owner who is signed in, and the rooms
//! where people spend their day. A room that does not answer 200 is said to, and not measured.

use std::time::{Duration, Instant};

use crate::Outcome;
use crate::ground::{Ground, Kind};
use crate::load::closed;
use crate::process::{Process, free_address, spawn};
use crate::table::Table;
use crate::wire::{Connection, get, post};

/// People at work at once.
const CONNECTIONS: usize = 4;
const OWNER: (&str, &str) = ("bench@example.com", "a long password of the bench");
/// How many pages back the deep one is. What it costs must not depend on it.
const DEEP: usize = 100;

/// `ROLITT_BENCH_PREORDERS`, for a quick look on fewer.
pub fn preorders() -> Outcome<u64> {
    match std::env::var("ROLITT_BENCH_PREORDERS") {
        Ok(count) => count.parse().map_err(|_| "ROLITT_BENCH_PREORDERS is a whole number".into()),
        Err(_) => Ok(1_000_000),
    }
}

pub async fn measure(ground: &Ground, kind: Kind, time: Duration, table: &mut Table) -> Outcome<()> {
    let (name, count) = (kind.name(), preorders()?);
    let took = fill(ground, count).await?;
    let size = ground.size().await? / 1e9;
    table.value(
        &format!("admin, {} preorders", grouped(count)),
        name,
        format!("made in {:.0} s, {size:.2} GB; {CONNECTIONS} connections", took.as_secs_f64()),
    );

    let shop = start(ground).await?;
    let (at_rest, _) = shop.memory()?;
    let cookie = sign_in(&shop).await?;
    let mut visitor = Visitor { connection: Connection::open(shop.address).await?, cookie };
    for (what, path) in rooms(ground, &mut visitor).await? {
        let request = visitor.request(&path);
        let status = visitor.connection.send(&request).await?.status;
        if status != 200 {
            table.value(&what, name, format!("answered {status}, not measured: {path}"));
            continue;
        }
        let load = closed(shop.address, CONNECTIONS, time, |_| request.clone(), |answer| answer.status == 200).await?;
        table.load(&what, name, load, String::new());
    }
    let (after, peak) = shop.memory()?;
    let note = format!("{at_rest:.0} MB at rest, {peak:.0} MB at most, {after:.0} MB after");
    table.value("admin: memory", name, note);
    shop.stop().await
}

async fn fill(ground: &Ground, count: u64) -> Outcome<Duration> {
    eprintln!("  making {} preorders …", grouped(count));
    let began = Instant::now();
    // The providers are stand-ins, by other addresses.
    let arguments = ["demo", "--preorders", &count.to_string(), "--i-know"];
    let settings = ground.settings(free_address()?);
    let status = spawn(&ground.binary, &ground.home, &arguments, &settings)?.wait().await?;
    if status.success() { Ok(began.elapsed()) } else { Err(format!("rolitt demo: {status}").into()) }
}

async fn start(ground: &Ground) -> Outcome<Process> {
    let address = free_address()?;
    let mut settings = ground.settings(address);
    settings.extend([("ADMIN_EMAIL", OWNER.0.to_owned()), ("ADMIN_PASSWORD", OWNER.1.to_owned())]);
    let arguments = ["serve", "--no-workers"];
    Process::start(&ground.binary, &ground.home, &arguments, &settings, address, "/readyz").await
}

/// The cookie of an owner's session.
async fn sign_in(shop: &Process) -> Outcome<String> {
    let form = serde_urlencoded::to_string([("email", OWNER.0), ("password", OWNER.1)])?;
    let request = post("/api/admin/login", "application/x-www-form-urlencoded", "", &form);
    let mut connection = Connection::open(shop.address).await?;
    let answer = connection.send(&request).await?;
    let head = String::from_utf8_lossy(answer.head);
    let set = head.lines().find_map(|line| line.strip_prefix("set-cookie: rolitt_admin="));
    let token = set.and_then(|line| line.split(';').next()).ok_or_else(|| format!("signing in: {}", answer.status))?;
    Ok(format!("rolitt_admin={token}"))
}

struct Visitor {
    connection: Connection,
    cookie: String,
}

impl Visitor {
    fn request(&self, path: &str) -> Vec<u8> {
        let mut request = get(path, "identity");
        request.truncate(request.len() - 2);
        request.extend_from_slice(format!("cookie: {}\r\n\r\n", self.cookie).as_bytes());
        request
    }

    /// Where the page's link to older rows leads.
    async fn older(&mut self, path: &str) -> Outcome<Option<String>> {
        let request = self.request(path);
        let page = String::from_utf8(self.connection.send(&request).await?.content())?;
        let mut links = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
        let older = links.find(|link| link.starts_with("/admin/preorders?") && link.contains("after="));
        Ok(older.map(|link| link.replace("&amp;", "&")))
    }
}

/// What is measured: its line in the table, and its address.
async fn rooms(ground: &Ground, visitor: &mut Visitor) -> Outcome<Vec<(String, String)>> {
    const LIST: &str = "/admin/preorders";
    let (id, number, email) = ground.some_preorder().await?;
    let mut deep = LIST.to_owned();
    let mut pages = 0;
    while pages < DEEP
        && let Some(older) = visitor.older(&deep).await?
    {
        deep = older;
        pages += 1;
    }
    // The second half of one person's address, and of nearly half of all.
    let at = email.find('@').unwrap_or_default();
    let rare = email.get(at.saturating_sub(6)..at + 4).unwrap_or(&email).replace('@', "%40");
    Ok([
        ("overview, 7 days", "/admin".to_owned()),
        ("overview, 90 days", "/admin?span=90d".to_owned()),
        ("preorders, newest", LIST.to_owned()),
        (&*format!("preorders, {pages} pages back"), deep),
        ("preorders, disputed", format!("{LIST}?payment=disputed")),
        ("preorders, paid and one colour", format!("{LIST}?payment=paid&color=sakura-pink")),
        ("search, half a rare address", format!("{LIST}?q={rare}")),
        ("search, half a common address", format!("{LIST}?q=example.c")),
        ("search, a number", format!("{LIST}?q={number}")),
        ("one preorder", format!("{LIST}/{id}")),
        ("payments to look at", "/admin/payments?view=worklist".to_owned()),
        ("webhooks", "/admin/webhooks".to_owned()),
        ("background", "/admin/background".to_owned()),
        ("audit log", "/admin/audit".to_owned()),
    ]
    .map(|(what, path)| (format!("admin: {what}"), path))
    .to_vec())
}

fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join(",")
}
