//! A network between the shop and its PostgreSQL that can be cut, refuse, swallow, delay, or lose the answer to a COMMIT.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    Fine,
    /// Connections are cut as they come, and those that there are.
    Cut,
    /// Connections stay and are taken, and nothing gets through either way: not even afterwards. Those that come later
    /// are fine.
    Swallows,
    /// Every piece takes this long.
    Slow(Duration),
    /// The next COMMIT reaches the server, and the connection is cut before its answer gets back.
    LosesNextCommit,
}

pub struct Proxy {
    addr: SocketAddr,
    weather: watch::Sender<Weather>,
    commits_lost: Arc<AtomicUsize>,
    /// How often it swallowed: a connection that is older than the last time is dead.
    swallowed: Arc<AtomicUsize>,
}

/// Of one connection.
#[derive(Clone)]
struct Line {
    weather: watch::Sender<Weather>,
    commits_lost: Arc<AtomicUsize>,
    swallowed: Arc<AtomicUsize>,
    born: usize,
    /// Its COMMIT is with the server, and the answer to it stays here.
    deaf: Arc<AtomicBool>,
    answered: Arc<Notify>,
}

impl Proxy {
    /// In front of the server of this address, `postgres://…`.
    pub async fn before(url: &str) -> Self {
        let server = url::Url::parse(url).unwrap();
        let server = (server.host_str().unwrap().to_owned(), server.port().unwrap_or(5432));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let weather = watch::Sender::new(Weather::Fine);
        let (commits_lost, swallowed) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let proxy = Self {
            addr,
            weather: weather.clone(),
            commits_lost: Arc::clone(&commits_lost),
            swallowed: Arc::clone(&swallowed),
        };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let born = swallowed.load(Ordering::SeqCst);
                let (commits_lost, swallowed) = (Arc::clone(&commits_lost), Arc::clone(&swallowed));
                let (deaf, answered) = (Arc::default(), Arc::default());
                let line = Line { weather: weather.clone(), commits_lost, swallowed, born, deaf, answered };
                tokio::spawn(line.carry(client, server.clone()));
            }
        });
        proxy
    }

    /// The same address, by way of this.
    pub fn url(&self, url: &str) -> String {
        let mut url = url::Url::parse(url).unwrap();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(self.addr.port())).unwrap();
        url.to_string()
    }

    pub fn turn(&self, weather: Weather) {
        if weather == Weather::Swallows {
            self.swallowed.fetch_add(1, Ordering::SeqCst);
        }
        self.weather.send_replace(weather);
    }

    pub fn commits_lost(&self) -> usize {
        self.commits_lost.load(Ordering::SeqCst)
    }
}

impl Line {
    async fn carry(self, client: TcpStream, server: (String, u16)) {
        let mut seen = self.weather.subscribe();
        if *seen.borrow() == Weather::Cut {
            return;
        }
        let Ok(server) = TcpStream::connect(server).await else { return };
        drop((client.set_nodelay(true), server.set_nodelay(true)));
        let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
        tokio::select! {
            () = self.up(from_client, to_server) => {}
            () = self.down(from_server, to_client) => {}
            _ = seen.wait_for(|weather| *weather == Weather::Cut) => {}
        }
    }

    /// From shop to server. A COMMIT is a message of its own: a simple query.
    async fn up(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
        let mut piece = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = from.read(&mut piece).await {
            self.gets_through().await;
            let commits = piece[..length].windows(7).any(|word| word == b"COMMIT\0");
            let loses = commits && self.weather.send_if_modified(this_one_is_lost);
            self.deaf.fetch_or(loses, Ordering::SeqCst);
            if to.write_all(&piece[..length]).await.is_err() {
                return;
            }
            if loses {
                self.answered.notified().await;
                self.commits_lost.fetch_add(1, Ordering::SeqCst);
                return;
            }
        }
    }

    async fn down(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
        let mut piece = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = from.read(&mut piece).await {
            self.gets_through().await;
            if self.deaf.load(Ordering::SeqCst) {
                self.answered.notify_one();
                std::future::pending::<()>().await;
            }
            if to.write_all(&piece[..length]).await.is_err() {
                return;
            }
        }
    }

    async fn gets_through(&self) {
        let now = *self.weather.borrow();
        if let Weather::Slow(by) = now {
            tokio::time::sleep(by).await;
        }
        if now == Weather::Swallows || self.swallowed.load(Ordering::SeqCst) > self.born {
            std::future::pending::<()>().await;
        }
    }
}

/// One of those that are under way, and not all.
fn this_one_is_lost(weather: &mut Weather) -> bool {
    let loses = *weather == Weather::LosesNextCommit;
    if loses {
        *weather = Weather::Fine;
    }
    loses
}
