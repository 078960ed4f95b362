//! Forms with a file in them. A browser without script sends those as `multipart/form-data`, which server functions do
//! not read: here they become the fields that every other form is made of, the file's text as the value of its field.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Multipart, Request};
use http::{HeaderMap, header};

use crate::api::ApiError;

/// Functions that take more than a form, and how many bytes.
pub const LARGER: &[(&str, usize)] =
    &[("/api/admin/preview_fulfilment", 1024 * 1024), ("/api/admin/fulfil_preorders", 256 * 1024)];
/// The one whose form has a file.
const TAKES_FILES: &str = "/api/admin/preview_fulfilment";

/// Whether this is a form with files, where one is expected.
pub fn is_upload(path: &str, headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    path == TAKES_FILES && kind.to_ascii_lowercase().starts_with("multipart/form-data")
}

/// The same form as `application/x-www-form-urlencoded`.
pub async fn as_fields(headers: &HeaderMap, body: Bytes) -> Result<Bytes, ApiError> {
    let unreadable = || ApiError::new(400, "body_unreadable", "The upload could not be read.");
    let mut request = Request::new(Body::from(body));
    if let Some(kind) = headers.get(header::CONTENT_TYPE) {
        request.headers_mut().insert(header::CONTENT_TYPE, kind.clone());
    }
    let mut parts = Multipart::from_request(request, &()).await.map_err(|_| unreadable())?;
    let mut fields: Vec<(String, String)> = Vec::new();
    while let Some(part) = parts.next_field().await.map_err(|_| unreadable())? {
        let Some(name) = part.name().map(str::to_owned) else { continue };
        let bytes = part.bytes().await.map_err(|_| unreadable())?;
        fields.push((name, text(&bytes)));
    }
    serde_urlencoded::to_string(fields).map(Bytes::from).map_err(|_| unreadable())
}

/// As spreadsheets save it: UTF-8, or UTF-16 with its mark; anything else keeps at least its digits and Latin letters.
fn text(bytes: &[u8]) -> String {
    let wide = |rest: &[u8], read: fn([u8; 2]) -> u16| {
        let (pairs, _) = rest.as_chunks::<2>();
        String::from_utf16_lossy(&pairs.iter().map(|pair| read(*pair)).collect::<Vec<_>>())
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[tokio::test]
    async fn a_file_becomes_a_field_like_any_other() {
        let kind = HeaderValue::from_static("multipart/form-data; boundary=cut");
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, kind)]);
        let body = "--cut\r\nContent-Disposition: form-data; name=\"list\"\r\n\r\n\r\n--cut\r\n\
            Content-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\nContent-Type: text/csv\r\n\r\n\
            ROL-7KQ2M9XA,1Z&9\r\n--cut--\r\n";
        let fields = as_fields(&headers, Bytes::from_static(body.as_bytes())).await;
        assert_eq!(fields.ok().as_deref(), Some(b"list=&file=ROL-7KQ2M9XA%2C1Z%269".as_slice()));
        assert!(as_fields(&headers, Bytes::from_static(b"nonsense")).await.is_err());
        assert!(is_upload(TAKES_FILES, &headers) && !is_upload("/api/admin/login", &headers));
    }

    #[test]
    fn a_spreadsheets_wide_text_is_read() {
        let wide: Vec<u8> = [0xff, 0xfe].into_iter().chain("ROL,ß".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert_eq!(text(&wide), "ROL,ß");
        assert_eq!(text(b"a\xffb"), "a\u{fffd}b");
    }
}
