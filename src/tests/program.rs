//! The program as a process: this test binary, started again. The library holds the whole command line, so what runs
//! (and is killed) here is what is shipped.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

use super::PATIENCE;
use super::database::TestDatabase;
use super::http_client::client;
use crate::commands::{Cli, run};

const AS_CHILD: &str = "ROLITT_TEST_COMMAND";
/// `point:n`: the process kills itself when it reaches a named point for the n-th time.
pub const DIES_AT: &str = "ROLITT_TEST_DIES_AT";
/// A worker that waits for an answer as long as it ever may: while a test looks at what it holds, it does not give up.
pub const PATIENT: (&str, &str) = ("PROVIDER_TIMEOUT_MS", "20000");

/// `point:text`: the first time that it reaches a named point, the process cuts the text in the middle of its first
/// letter that is not ASCII, as a careless program would.
pub const PANICS_AT: &str = "ROLITT_TEST_PANICS_AT";

/// Not a test by itself: this test binary, started again as the program. The library holds the whole command line, so
/// what is killed here is what is shipped.
#[test]
fn the_program_as_a_child_process() {
    let Ok(command) = std::env::var(AS_CHILD) else { return };
    // `FAILPOINTS` shortens spans, and loosens what should hold.
    let _spans = fail::FailScenario::setup();
    if let Ok(place) = std::env::var(DIES_AT) {
        die_at(&place);
    }
    if let Ok(place) = std::env::var(PANICS_AT) {
        panic_at(&place);
    }
    let words = std::iter::once("rolitt").chain(command.split(' '));
    let cli = Cli::try_parse_from(words).unwrap_or_else(|error| error.exit());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    std::process::exit(i32::from(runtime.block_on(run(cli))));
}

/// SIGKILL, by its own hand and therefore on the spot: nothing is flushed, closed or told to anybody.
fn die_at(place: &str) {
    let (point, times) = place.split_once(':').unwrap();
    let left = AtomicU32::new(times.parse().unwrap());
    let die = move || {
        if left.fetch_sub(1, Ordering::SeqCst) == 1 {
            kill_process(rustix::process::getpid(), Signal::KILL).unwrap();
            // The signal comes when this thread next looks.
            loop {
                std::thread::park();
            }
        }
    };
    fail::cfg_callback(point, die).unwrap();
}

fn panic_at(place: &str) {
    let (point, text) = place.split_once(':').unwrap();
    let (text, first) = (text.to_owned(), AtomicBool::new(true));
    let cut = move || {
        if first.swap(false, Ordering::SeqCst) {
            let inside = text.find(|c: char| !c.is_ascii()).unwrap() + 1;
            assert!(text[..inside].is_empty(), "it was cut");
        }
    };
    fail::cfg_callback(point, cut).unwrap();
}

fn program(command: &str) -> Command {
    let mut program = Command::new(std::env::current_exe().unwrap());
    program
        .args(["--exact", "tests::program::the_program_as_a_child_process", "--nocapture"])
        .env(AS_CHILD, command)
        .env("RUST_LOG", "error")
        .stdin(Stdio::piped())
        .kill_on_drop(true);
    program
}

/// Runs a command to its end: exit status, and what it printed on both outputs.
pub async fn run_to_end(command: &str, variables: &[(&str, &str)], input: &str) -> (i32, String) {
    let mut program = program(command);
    let mut child =
        program.envs(variables.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A command that reads nothing may be gone already.
    drop(stdin.write_all(input.as_bytes()).await);
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&printed).into_owned())
}

pub struct Program {
    child: Mutex<Child>,
    pub base: String,
}

impl Program {
    pub async fn start(command: &str, port: u16, database: &TestDatabase) -> Self {
        let program = Self::start_with(command, port, database, &[]);
        program.ready("/readyz").await;
        program
    }

    /// With settings of its own; whether it must be ready is the caller's to say.
    pub fn start_with(command: &str, port: u16, database: &TestDatabase, variables: &[(&str, &str)]) -> Self {
        Self::spawn(command, port, database, variables, (Stdio::null(), Stdio::inherit()))
    }

    /// The same, with all that it prints in a file.
    pub fn start_written_down(
        command: &str,
        port: u16,
        database: &TestDatabase,
        variables: &[(&str, &str)],
        log: &Path,
    ) -> Self {
        let open = || std::fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
        Self::spawn(command, port, database, variables, (open().into(), open().into()))
    }

    fn spawn(
        command: &str,
        port: u16,
        database: &TestDatabase,
        variables: &[(&str, &str)],
        (stdout, stderr): (Stdio, Stdio),
    ) -> Self {
        let mut program = program(command);
        program.env("DATABASE_URL", &database.url).env("LEPTOS_SITE_ADDR", format!("127.0.0.1:{port}"));
        program.env("RATE_LIMIT_PER_MINUTE", "0").envs(variables.iter().copied());
        let child = program.stdout(stdout).stderr(stderr).spawn().unwrap();
        Self { child: Mutex::new(child), base: format!("http://127.0.0.1:{port}") }
    }

    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.lock().unwrap().id().unwrap().cast_signed()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// The status that it ends with by itself.
    pub async fn ended(mut self) -> Option<i32> {
        self.child.get_mut().unwrap().wait().await.unwrap().code()
    }

    pub async fn ready(&self, path: &str) {
        if let Some(status) = self.answers_or_died(path).await {
            panic!("the program died before it was ready: {status}");
        }
    }

    /// Whether it answers before it dies, of itself.
    pub async fn ready_or_dead(&mut self, path: &str) -> bool {
        self.answers_or_died(path).await.is_none()
    }

    /// Nothing once it answers; if it dies first, its status.
    async fn answers_or_died(&self, path: &str) -> Option<ExitStatus> {
        let began = Instant::now();
        while !client().get(format!("{}{path}", self.base)).send().await.is_ok_and(|r| r.status() == 200) {
            let died = self.child.lock().unwrap().try_wait().unwrap();
            if died.is_some() {
                return died;
            }
            assert!(began.elapsed() < PATIENCE, "the program became neither ready nor dead");
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        None
    }

    /// How it ends by itself, if it does within this time.
    pub async fn ends_within(&mut self, time: Duration) -> Option<ExitStatus> {
        Some(tokio::time::timeout(time, self.child.get_mut().unwrap().wait()).await.ok()?.unwrap())
    }

    /// SIGTERM, and the status that it ends with.
    pub async fn stop(self) -> Option<i32> {
        self.signal(Signal::TERM);
        self.ended().await
    }

    /// SIGKILL.
    pub async fn kill(mut self) {
        self.child.get_mut().unwrap().kill().await.unwrap();
    }
}

/// Compiles a page of C that is loaded before a program (LD_PRELOAD), and stands between it and the system.
pub fn preload(source: &str, library: &Path) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests").join(source);
    let mut compiler = std::process::Command::new("cc");
    let compiler = compiler.args(["-shared", "-fPIC", "-O1", "-Wall", "-o"]).arg(library).arg(&source);
    assert!(compiler.args(["-ldl", "-lpthread"]).status().unwrap().success(), "{} does not compile", source.display());
}

/// A port that nobody gets between now and the moment when a child is at last so far as to bind it: below those that
/// the machine gives to outgoing connections and to who binds port 0, and each handed out once. Another run of the
/// tests begins elsewhere.
pub async fn free_port() -> u16 {
    const FIRST: u32 = 20_000;
    const COUNT: u32 = 12_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    for _ in 0..COUNT {
        let number = std::process::id().wrapping_mul(397).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = u16::try_from(FIRST + number % COUNT).unwrap();
        if tokio::net::TcpListener::bind(("127.0.0.1", port)).await.is_ok() {
            return port;
        }
    }
    panic!("no port is free");
}
