//! A PostgreSQL of a test's own, which it may kill, stop and hold still. (`.ci/with-postgres` makes the one that all
//! tests share, and that nobody may harm.)

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use tempfile::TempDir;

use crate::tests::program::free_port;

pub struct Cluster {
    folder: TempDir,
    bin: PathBuf,
    port: u16,
    /// PostgreSQL refuses to run as root, and rightly so.
    other_user: bool,
}

impl Cluster {
    pub async fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("rolitt-cluster").tempdir().unwrap();
        let cluster =
            Self { bin: bin(), port: free_port().await, other_user: rustix::process::getuid().is_root(), folder };
        if cluster.other_user {
            let given = Command::new("chown").arg("postgres").arg(cluster.folder.path()).status().unwrap();
            assert!(given.success());
        }
        let data = cluster.data();
        cluster.run("initdb", &["-D", &data, "-U", "rolitt", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]);
        cluster.resume();
        cluster
    }

    /// A database of its own on it.
    pub fn url(&self) -> String {
        format!("postgres://rolitt@127.0.0.1:{}/postgres", self.port)
    }

    /// Starts it again, after whatever was done to it.
    pub fn resume(&self) {
        let sockets = self.folder.path().display();
        let options = format!("-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories='{sockets}'", self.port);
        let log = format!("{sockets}/log");
        let data = self.data();
        let start = ["-D", &data, "-l", &log, "-w", "-t", "60", "-o", &options, "start"];
        // One that was just being born when all were killed holds on to the shared memory until it sees that it is alone.
        for _ in 0..100 {
            if self.output("pg_ctl", &start).status.success() {
                return;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        panic!("it does not start: {}", std::fs::read_to_string(log).unwrap_or_default());
    }

    /// `fast` ends sessions in order, `immediate` as a crash does.
    pub fn stop(&self, mode: &str) {
        self.run("pg_ctl", &["-D", &self.data(), "-m", mode, "-w", "-t", "60", "stop"]);
    }

    /// SIGKILL to the postmaster and all of its children.
    pub async fn kill(&self) {
        let family = self.family();
        signal(&family, rustix::process::Signal::KILL);
        while family.iter().any(|pid| is_alive(*pid)) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // Where nobody reaps the dead, PostgreSQL would take their ids for those of the living.
        std::fs::remove_file(Path::new(&self.data()).join("postmaster.pid")).unwrap();
    }

    /// Everything stands still: connections stay open, and nothing answers.
    pub fn hold_still(&self) {
        signal(&self.family(), rustix::process::Signal::STOP);
    }

    pub fn go_on(&self) {
        signal(&self.family(), rustix::process::Signal::CONT);
    }

    fn data(&self) -> String {
        self.folder.path().join("data").display().to_string()
    }

    fn run(&self, program: &str, words: &[&str]) {
        let output = self.output(program, words);
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn output(&self, program: &str, words: &[&str]) -> Output {
        let path = self.bin.join(program);
        let mut command = if self.other_user {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(path);
            command
        } else {
            Command::new(path)
        };
        // The current folder may be closed to that user; and what it starts must not hold on to our outputs.
        command.args(words).current_dir("/").output().unwrap()
    }

    fn family(&self) -> Vec<i32> {
        let pid_file = std::fs::read_to_string(Path::new(&self.data()).join("postmaster.pid")).unwrap();
        let postmaster: i32 = pid_file.lines().next().unwrap().trim().parse().unwrap();
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        let children = pids.filter(|pid| parent_of(*pid) == Some(postmaster));
        std::iter::once(postmaster).chain(children).collect()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if Path::new(&self.data()).join("postmaster.pid").exists() {
            signal(&self.family(), rustix::process::Signal::KILL);
        }
    }
}

/// Debian keeps them off the PATH, in a folder for each version.
pub fn bin() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> =
        versions.map(|version| version.path().join("bin")).filter(|bin| bin.join("initdb").exists()).collect();
    found.sort_by_key(|bin| bin.parent().and_then(|v| v.file_name()?.to_str()?.parse::<u32>().ok()));
    let on_path = || {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).find(|folder| folder.join("initdb").exists())
    };
    found.pop().or_else(on_path).expect("PostgreSQL's initdb is missing: `make test` installs it")
}

fn signal(pids: &[i32], signal: rustix::process::Signal) {
    for pid in pids.iter().filter_map(|pid| rustix::process::Pid::from_raw(*pid)) {
        // One that ended meanwhile needs none.
        let _ = rustix::process::kill_process(pid, signal);
    }
}

fn parent_of(pid: i32) -> Option<i32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // After the name in brackets: state, parent.
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

fn is_alive(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}
