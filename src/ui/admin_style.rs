//! The admin's style sheet: files of its own, so that no shopper carries them. It goes out under a name made of what is
//! in it, and may therefore be kept for ever.

use std::sync::LazyLock;

use sha2::{Digest, Sha256};

pub const TEXT: &str = concat!(
    include_str!("../../style/admin/frame.css"),
    include_str!("../../style/admin/list.css"),
    include_str!("../../style/admin/filters.css"),
    include_str!("../../style/admin/preorder.css"),
    include_str!("../../style/admin/fulfil.css"),
    include_str!("../../style/admin/overview.css"),
    include_str!("../../style/admin/health.css"),
    include_str!("../../style/admin/payments.css"),
    include_str!("../../style/admin/reconcile.css"),
    include_str!("../../style/admin/machinery.css"),
    include_str!("../../style/admin/people.css"),
    include_str!("../../style/admin/keys.css"),
);

pub const PATH: &str = "/admin.css";

/// Its address with what makes it new.
pub fn address() -> &'static str {
    static ADDRESS: LazyLock<String> = LazyLock::new(|| {
        let hash = Sha256::digest(TEXT.as_bytes());
        format!("{PATH}?v={:08x}", u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]))
    });
    &ADDRESS
}
