//! A connection whose other side may not take for ever: to say what it wants, and to take the answer. Silence between
//! requests is hyper's to end, and a body's whole length the router's.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

use super::Limits;

/// What the requests of a connection have come to, told by whoever answers them.
#[derive(Default)]
pub struct Progress {
    begun: AtomicU64,
    under_way: AtomicUsize,
}

impl Progress {
    /// A head was read to its end; the guard lasts until there is an answer.
    pub fn begin(&self) -> UnderWay<'_> {
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay(self)
    }
}

pub struct UnderWay<'a>(&'a Progress);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

pub struct Patient {
    stream: TcpStream,
    progress: Arc<Progress>,
    limits: Limits,
    /// How many requests had begun when the first byte of this one came.
    head_of: Option<u64>,
    /// Runs while a head is waited for. Most heads come in one piece, and it is never made.
    head: Option<Pin<Box<Sleep>>>,
    head_runs: bool,
    /// Runs while the other side takes nothing.
    stalled: Option<Pin<Box<Sleep>>>,
    stalled_runs: bool,
}

impl Patient {
    /// A client that has connected has something to say.
    pub fn new(stream: TcpStream, progress: Arc<Progress>, limits: Limits) -> Self {
        Self {
            stream,
            progress,
            limits,
            head_of: Some(0),
            head: None,
            head_runs: false,
            stalled: None,
            stalled_runs: false,
        }
    }

    /// Bytes that come before a request is under way are of its head.
    fn heard(&mut self) {
        let begun = self.progress.begun.load(Ordering::Relaxed);
        if self.progress.under_way.load(Ordering::Relaxed) == 0 && self.head_of != Some(begun) {
            self.head_of = Some(begun);
            self.head_runs = false;
        }
    }

    /// Whether a head that has begun has taken too long.
    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let waits = self.head_of == Some(self.progress.begun.load(Ordering::Relaxed));
        if !waits {
            self.head_runs = false;
            return Poll::Pending;
        }
        poll_timer(&mut self.head, &mut self.head_runs, self.limits.head, cx)
    }

    fn poll_stalled(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        match poll_timer(&mut self.stalled, &mut self.stalled_runs, self.limits.stalled, cx) {
            Poll::Ready(()) => Poll::Ready(Err(late("the client takes nothing"))),
            Poll::Pending => Poll::Pending,
        }
    }
}

fn poll_timer(timer: &mut Option<Pin<Box<Sleep>>>, runs: &mut bool, limit: Duration, cx: &mut Context<'_>) -> Poll<()> {
    let timer = timer.get_or_insert_with(|| Box::pin(sleep(limit)));
    if !std::mem::replace(runs, true) {
        timer.as_mut().reset(Instant::now() + limit);
    }
    timer.as_mut().poll(cx)
}

fn late(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, why)
}

impl AsyncRead for Patient {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        if let Poll::Ready(read) = Pin::new(&mut this.stream).poll_read(cx, buf) {
            if buf.filled().len() > before {
                this.heard();
            }
            return Poll::Ready(read);
        }
        ready!(this.poll_head(cx));
        Poll::Ready(Err(late("the client does not say what it wants")))
    }
}

impl AsyncWrite for Patient {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if let Poll::Ready(wrote) = Pin::new(&mut this.stream).poll_write(cx, buf) {
            this.stalled_runs = false;
            return Poll::Ready(wrote);
        }
        this.poll_stalled(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if let Poll::Ready(wrote) = Pin::new(&mut this.stream).poll_write_vectored(cx, bufs) {
            this.stalled_runs = false;
            return Poll::Ready(wrote);
        }
        this.poll_stalled(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
