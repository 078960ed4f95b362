//! The programs under measurement: the release `rolitt`, started as in earnest on a free port, with an environment that is
//! given whole so that nobody's own keys take part.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::process::{Child, Command};

use crate::Outcome;
use crate::wire::{Connection, get};

pub struct Process {
    child: Child,
    pub address: SocketAddr,
    /// From the start of the process to its first good answer.
    pub ready_after: Duration,
}

pub fn free_address() -> Outcome<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// Starts the binary; it dies with the value that is given back.
pub fn spawn(binary: &Path, home: &Path, args: &[&str], settings: &[(&str, String)]) -> Outcome<Child> {
    let mut command = Command::new(binary);
    command.args(args).current_dir(home).env_clear().envs(settings.iter().map(|(name, value)| (name, value)));
    command.env("HOME", home).env("RUST_LOG", "warn").stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
    Ok(command.spawn()?)
}

impl Process {
    /// Starts the binary and waits until `probe` is answered with 200.
    pub async fn start(
        binary: &Path,
        home: &Path,
        args: &[&str],
        settings: &[(&str, String)],
        address: SocketAddr,
        probe: &str,
    ) -> Outcome<Self> {
        let began = Instant::now();
        let mut child = spawn(binary, home, args, settings)?;
        let request = get(probe, "identity");
        while !answers(address, &request).await {
            if let Some(status) = child.try_wait()? {
                return Err(format!("rolitt {}: {status}", args.join(" ")).into());
            }
            if began.elapsed() > Duration::from_secs(20) {
                return Err(format!("rolitt {}: no good answer on {probe} in 20 s", args.join(" ")).into());
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(Self { child, address, ready_after: began.elapsed() })
    }

    /// Megabytes in memory now, and the most there ever were.
    pub fn memory(&self) -> Outcome<(f64, f64)> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id().unwrap_or_default()))?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok()).unwrap_or_default() / 1024.0
        };
        Ok((field("VmRSS:"), field("VmHWM:")))
    }

    pub async fn stop(mut self) -> Outcome<()> {
        Ok(self.child.kill().await?)
    }
}

async fn answers(address: SocketAddr, request: &[u8]) -> bool {
    let Ok(mut connection) = Connection::open(address).await else { return false };
    connection.send(request).await.is_ok_and(|answer| answer.status == 200)
}
