//! The line to a provider: a port of our own that passes everything on to the shop's sandbox, until it is cut. Then
//! nothing listens there and what was under way is broken off, as when a provider's machine is switched off.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, OnceLock};

use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

pub struct Line {
    pub port: u16,
    target: Arc<OnceLock<SocketAddr>>,
    /// Bound, and not listening: nobody else gets the port while the line is cut.
    _kept: TcpSocket,
    relay: Mutex<Option<AbortOnDropHandle<()>>>,
}

fn bound(port: u16) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseport(true).unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, port).into()).unwrap();
    socket
}

impl Line {
    pub fn new() -> Self {
        let kept = bound(0);
        let port = kept.local_addr().unwrap().port();
        let line = Self { port, target: Arc::default(), _kept: kept, relay: Mutex::default() };
        line.mend();
        line
    }

    pub fn lead_to(&self, target: SocketAddr) {
        self.target.set(target).unwrap();
    }

    /// Stays up for as long as the test runs.
    pub fn keep(self) {
        if let Some(relay) = self.relay.lock().unwrap().take() {
            drop(relay.detach());
        }
    }

    pub fn cut(&self) {
        drop(self.relay.lock().unwrap().take());
    }

    pub fn mend(&self) {
        let listener = bound(self.port).listen(64).unwrap();
        let target = Arc::clone(&self.target);
        let relay = tokio::spawn(async move {
            let mut under_way = JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                let Some(&target) = target.get() else { continue };
                under_way.spawn(async move {
                    let mut far = TcpStream::connect(target).await?;
                    far.set_nodelay(true)?;
                    near.set_nodelay(true)?;
                    tokio::io::copy_bidirectional(&mut near, &mut far).await
                });
                while under_way.try_join_next().is_some() {}
            }
        });
        *self.relay.lock().unwrap() = Some(AbortOnDropHandle::new(relay));
    }
}
