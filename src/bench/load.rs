//! Two ways to press: as fast as the answers come over a number of connections (how much goes through), and so many a second
//! whatever the answers do (how long a buyer waits).

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures::TryStreamExt;
use futures::stream::FuturesUnordered;

use crate::Outcome;
use crate::wire::{Answer, Connection};

#[derive(Debug, Clone, Copy)]
pub struct Load {
    pub per_second: f64,
    pub median: Duration,
    pub p99: Duration,
    pub failed: usize,
}

/// Makes the request of a number.
pub trait Requests: Fn(u64) -> Vec<u8> {}
impl<F: Fn(u64) -> Vec<u8>> Requests for F {}

/// Every connection sends its next request when it has the answer to the last. The first tenth of the time warms up.
pub async fn closed(
    address: SocketAddr,
    connections: usize,
    time: Duration,
    request: impl Requests,
    fine: impl Fn(&Answer) -> bool,
) -> Outcome<Load> {
    let (number, failed) = (Cell::new(0_u64), Cell::new(0_usize));
    let times = RefCell::new(Vec::with_capacity(1 << 17));
    let began = Instant::now();
    let warm = began + time / 10;
    let press = async || -> Outcome<()> {
        let mut connection = Connection::open(address).await?;
        while began.elapsed() < time {
            number.set(number.get() + 1);
            let request = request(number.get());
            let sent = Instant::now();
            let answer = connection.send(&request).await?;
            let took = sent.elapsed();
            if !fine(&answer) {
                failed.set(failed.get() + 1);
            } else if sent + took > warm {
                times.borrow_mut().push(took);
            }
        }
        Ok(())
    };
    (0..connections).map(|_| press()).collect::<FuturesUnordered<_>>().try_collect::<()>().await?;
    Ok(summary(times.into_inner(), began.elapsed().mul_f64(0.9), failed.get()))
}

/// Sends `per_second` requests each second, over as many connections as it takes.
pub async fn open(
    address: SocketAddr,
    per_second: u32,
    time: Duration,
    request: impl Requests,
    fine: impl Fn(&Answer) -> bool,
) -> Outcome<Load> {
    let failed = Cell::new(0_usize);
    let idle = RefCell::new(Vec::new());
    let times = RefCell::new(Vec::new());
    let began = Instant::now();
    let press = async |number: u64| -> Outcome<()> {
        tokio::time::sleep_until((began + Duration::from_secs(number) / per_second).into()).await;
        let waiting = idle.borrow_mut().pop();
        let mut connection = match waiting {
            Some(connection) => connection,
            None => Connection::open(address).await?,
        };
        let request = request(number);
        let sent = Instant::now();
        let answer = connection.send(&request).await?;
        if fine(&answer) {
            times.borrow_mut().push(sent.elapsed());
        } else {
            failed.set(failed.get() + 1);
        }
        idle.borrow_mut().push(connection);
        Ok(())
    };
    let all = u64::from(per_second) * time.as_secs();
    (0..all).map(press).collect::<FuturesUnordered<_>>().try_collect::<()>().await?;
    Ok(summary(times.into_inner(), time, failed.get()))
}

fn summary(mut times: Vec<Duration>, over: Duration, failed: usize) -> Load {
    times.sort_unstable();
    let at = |share: f64| times.get((times.len() as f64 * share) as usize).copied().unwrap_or_default();
    Load { per_second: times.len() as f64 / over.as_secs_f64(), median: at(0.5), p99: at(0.99), failed }
}
