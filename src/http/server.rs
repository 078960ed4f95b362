//! The loop that takes connections, and ends. Every client has so much time for its head, its body and its silence and
//! no more, so that slow ones cost a place for a while and nothing else. HTTP/1.1 alone: TLS and HTTP/2 are the
//! proxy's in front.
//!
//! When the process is told to stop, it goes in three steps. For [`NOTICE`] connections are still taken while `readyz`
//! says 503 and every answer says `Connection: close`: a load balancer that looks, or is told, sends nobody any more,
//! and no request meets a closed door. Then the door is closed, connections that wait for nothing are closed, and what
//! is under way is finished. After [`FINISH_WITHIN`] whatever is left is cut off.

mod patience;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{HeaderValue, Request, Response, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service;

use crate::fail_points::{Span, span};
use patience::{Patient, Progress};

/// How long connections are still taken once the process is told to stop.
const NOTICE: Duration = Duration::from_secs(1);
/// How long all of it may take, the notice included; the process ends within ten seconds.
const FINISH_WITHIN: Duration = Duration::from_millis(7500);
/// Files and connections that the process needs for itself: databases, providers, the site's files.
const OWN_FILES: u64 = 200;
/// More connections than this are not of honest clients, whatever the machine allows.
const MOST_CONNECTIONS: u64 = 10_000;
/// After the machine refused a connection: it has no more files.
const BREATH: Duration = Duration::from_millis(100);

/// What a client may take its time for.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From the first byte of a request, or from the connection's beginning, to the end of its headers.
    pub head: Duration,
    /// A request's whole body, however steadily it drips.
    pub body: Duration,
    /// The same for uploads.
    pub upload: Duration,
    /// A kept-alive connection's silence between requests. Longer than load balancers keep theirs (60 s): who closes
    /// first must be the one that sends.
    pub idle: Duration,
    /// An answer of which the client takes nothing for so long.
    pub stalled: Duration,
    /// Connections at once; further ones wait at the door.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            body: Duration::from_secs(15),
            upload: Duration::from_mins(1),
            idle: Duration::from_secs(75),
            stalled: Duration::from_secs(30),
            connections: connections(),
        }
    }
}

/// As many as the machine lets this process have files, once it has asked for as many as it may.
fn connections() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let files = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    let files = files.unwrap_or(u64::MAX).saturating_sub(OWN_FILES).clamp(OWN_FILES, MOST_CONNECTIONS);
    usize::try_from(files).unwrap_or(usize::MAX)
}

/// Serves until `stop` is cancelled and what was under way then is finished, or cut off.
pub async fn serve(listener: TcpListener, app: Router, limits: Limits, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let (closing, connections) = (CancellationToken::new(), TaskTracker::new());
    let take = async {
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let (stream, address) = accept(&listener).await;
            let connection = Connection { app: app.clone(), address, limits, stop: stop.clone(), _place: place };
            connections.spawn(connection.run(stream, closing.clone()));
        }
    };
    let noticed = async {
        stop.cancelled().await;
        tokio::time::sleep(span(Span::Notice, NOTICE)).await;
    };
    tokio::select! {
        () = take => {}
        () = noticed => {}
    }
    drop(listener);
    closing.cancel();
    connections.close();
    if tokio::time::timeout(FINISH_WITHIN.saturating_sub(span(Span::Notice, NOTICE)), connections.wait()).await.is_err()
    {
        tracing::warn!(connections = connections.len(), "some requests did not end in time; cut off");
    }
}

async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, address)) => {
                // Without it a small answer waits for the other side's delayed acknowledgement.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "TCP_NODELAY could not be set");
                }
                return (stream, address);
            }
            // That client has gone again.
            Err(error) if is_theirs(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be taken");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}

fn is_theirs(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

struct Connection {
    app: Router,
    address: SocketAddr,
    limits: Limits,
    stop: CancellationToken,
    /// Given back with the connection.
    _place: OwnedSemaphorePermit,
}

impl Connection {
    async fn run(self, stream: TcpStream, closing: CancellationToken) {
        let progress = Arc::new(Progress::default());
        let stream = TokioIo::new(Patient::new(stream, Arc::clone(&progress), self.limits));
        let service = hyper::service::service_fn(|request| self.answer(request, &progress));
        let mut http = http1::Builder::new();
        // Its clock also runs while it waits for a request to begin: how long a head may take is `Patient`'s.
        http.timer(TokioTimer::new()).header_read_timeout(self.limits.idle);
        let mut connection = std::pin::pin!(http.serve_connection(stream, service));
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = closing.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended");
        }
    }

    async fn answer(&self, request: Request<Incoming>, progress: &Progress) -> Result<Response<Body>, Infallible> {
        let _under_way = progress.begin();
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(self.address));
        let mut response = self.app.clone().call(request).await?;
        if self.stop.is_cancelled() {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(response)
    }
}
