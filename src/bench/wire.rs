//! The cheapest HTTP/1.1 client that is still right about our own server: it shares the cores with what it measures, and a
//! full client would cost as much as the pages do. One connection, kept open, one request at a time.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Outcome;

pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// What came back. The body is as it was sent: chunks are still framed, brotli is still packed.
pub struct Answer<'a> {
    pub status: u16,
    pub head: &'a [u8],
    pub body: &'a [u8],
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(64 * 1024) })
    }

    pub async fn send(&mut self, request: &[u8]) -> Outcome<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head = loop {
            self.fill().await?;
            if let Some(at) = self.buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break at + 4;
            }
        };
        let end = match Framing::of(&self.buffer[..head])? {
            Framing::Length(length) => {
                while self.buffer.len() < head + length {
                    self.fill().await?;
                }
                head + length
            }
            Framing::Chunked => loop {
                if let Some(end) = end_of_chunks(&self.buffer, head) {
                    break end;
                }
                self.fill().await?;
            },
        };
        let status = std::str::from_utf8(&self.buffer[9..12])?.parse()?;
        Ok(Answer { status, head: &self.buffer[..head], body: &self.buffer[head..end] })
    }

    async fn fill(&mut self) -> Outcome<()> {
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            return Err("the server hung up in the middle of an answer".into());
        }
        Ok(())
    }
}

impl Answer<'_> {
    /// The body with the framing of its chunks taken away.
    pub fn content(&self) -> Vec<u8> {
        if !matches!(Framing::of(self.head), Ok(Framing::Chunked)) {
            return self.body.to_vec();
        }
        let (mut content, mut at) = (Vec::new(), 0);
        while let Some((start, length)) = chunk(self.body, at).filter(|&(_, length)| length > 0) {
            content.extend_from_slice(&self.body[start..start + length]);
            at = start + length + 2;
        }
        content
    }
}

enum Framing {
    Length(usize),
    Chunked,
}

impl Framing {
    fn of(head: &[u8]) -> Outcome<Self> {
        let head = std::str::from_utf8(head)?;
        for (name, value) in head.lines().filter_map(|line| line.split_once(':')) {
            if name.eq_ignore_ascii_case("content-length") {
                return Ok(Self::Length(value.trim().parse()?));
            }
            if name.eq_ignore_ascii_case("transfer-encoding") {
                return Ok(Self::Chunked);
            }
        }
        Ok(Self::Length(0))
    }
}

/// Where the content of the chunk at `at` begins, and how long it is; none while its size has not arrived.
fn chunk(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let line = bytes.get(at..)?.windows(2).position(|pair| pair == b"\r\n")?;
    let size = std::str::from_utf8(&bytes[at..at + line]).ok()?;
    Some((at + line + 2, usize::from_str_radix(size.trim(), 16).ok()?))
}

fn end_of_chunks(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let (start, length) = chunk(bytes, at)?;
        at = start + length + 2;
        if length == 0 {
            return (bytes.len() >= at).then_some(at);
        }
    }
}

pub fn get(path: &str, encoding: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: bench\r\naccept: text/html,*/*\r\naccept-encoding: {encoding}\r\n\r\n")
        .into_bytes()
}

/// `headers` are whole lines, each with its line end.
pub fn post(path: &str, kind: &str, headers: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nhost: bench\r\naccept: application/json\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
    .into_bytes()
}
