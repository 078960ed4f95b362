//! How the bytes come: too many, of a length that lies, in pieces, under odd names for their kind.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{event, logged, rows};
use crate::providers::payments::stripe::signature::sign;
use crate::tests::app::{SECRET, TestApp};
use crate::tests::on_both;

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Listens,
    HangsUp,
}

/// Sends bytes as they are, and gives the status of the answer; 0 if there was none.
async fn by_hand(app: &TestApp, head: &str, body: &[u8], end: End) -> u16 {
    let stream = TcpStream::connect(app.base.trim_start_matches("http://")).await.unwrap();
    let (mut reader, mut writer) = stream.into_split();
    let head = format!("POST /api/webhooks/stripe HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n{head}\r\n");
    let mut answer = Vec::new();
    let send = async {
        writer.write_all(head.as_bytes()).await.unwrap();
        // Whoever is refused early is not read to the end.
        drop(writer.write_all(body).await);
        if end == End::HangsUp {
            drop(writer.shutdown().await);
        }
    };
    drop(tokio::join!(send, reader.read_to_end(&mut answer)));
    let line = String::from_utf8_lossy(&answer);
    line.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}

fn chunked(body: &[u8], piece: usize) -> Vec<u8> {
    let mut sent = Vec::new();
    for part in body.chunks(piece) {
        sent.extend_from_slice(format!("{:x}\r\n", part.len()).as_bytes());
        sent.extend_from_slice(part);
        sent.extend_from_slice(b"\r\n");
    }
    sent.extend_from_slice(b"0\r\n\r\n");
    sent
}

on_both! {
    async fn too_much_is_413_however_its_length_is_told(app: TestApp) {
        let large = event("evt_large", "customer.created", json!({ "pad": "x".repeat(256 * 1024) })).into_bytes();
        let signed = format!("stripe-signature: {}\r\n", sign(SECRET, &large, app.ctx.clock.now()));
        let told = format!("{signed}content-length: {}\r\n", large.len());
        assert_eq!(by_hand(app, &told, &large, End::Listens).await, 413);
        let in_pieces = format!("{signed}transfer-encoding: chunked\r\n");
        assert_eq!(by_hand(app, &in_pieces, &chunked(&large, 8_000), End::Listens).await, 413);
        // A gigabyte that is announced is not waited for.
        assert_eq!(by_hand(app, &format!("{signed}content-length: 1073741824\r\n"), b"{", End::Listens).await, 413);
        assert_eq!(rows(app).await, 0);
    }

    async fn a_length_that_lies_lets_nothing_in(app: TestApp) {
        let body = event("evt_1", "customer.created", json!({ "id": "cus_1" })).into_bytes();
        let signed = format!("stripe-signature: {}\r\n", sign(SECRET, &body, app.ctx.clock.now()));
        // Less than there is: what is read is not what was signed.
        assert_eq!(by_hand(app, &format!("{signed}content-length: 20\r\n"), &body, End::Listens).await, 400);
        // More than there is: it never was whole.
        let status = by_hand(app, &format!("{signed}content-length: {}\r\n", body.len() + 9), &body, End::HangsUp).await;
        assert!(status == 400 || status == 0, "{status}");
        assert_eq!(rows(app).await, 0);
        // In many small pieces it is the same event.
        assert_eq!(by_hand(app, &format!("{signed}transfer-encoding: chunked\r\n"), &chunked(&body, 7), End::Listens).await, 200);
        assert!(logged(app, "evt_1").await.is_some());
    }

    async fn the_signed_bytes_count_and_not_what_they_are_called(app: TestApp) {
        let url = format!("{}/api/webhooks/stripe", app.base);
        let named = [
            ("content-type", "application/json; charset=utf-8"),
            ("content-type", "text/plain"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("content-type", "multipart/form-data"),
            ("content-type", "!!"),
            // Nothing is unpacked: what was signed is what came.
            ("content-encoding", "gzip"),
            ("origin", "https://elsewhere.example"),
        ];
        for (number, (name, value)) in named.into_iter().enumerate() {
            let id = format!("evt_{number}");
            let body = event(&id, "customer.created", json!({ "id": "cus_1" }));
            let header = sign(SECRET, body.as_bytes(), app.ctx.clock.now());
            let request = app.http.post(&url).header(name, value).header("stripe-signature", header).body(body);
            assert_eq!(request.send().await.unwrap().status(), 200, "{name}: {value}");
            assert!(logged(app, &id).await.is_some(), "{name}: {value}");
        }
        let packed = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03";
        assert_eq!(app.signed_webhook(packed, SECRET, app.ctx.clock.now()).await.status, 400);
        assert_eq!(rows(app).await, 7);
    }
}
