//! What every test of the whole shop ends with: the promises, asked of the database that it leaves behind.

use crate::context::Context;
use crate::workflows::check_promises::check_promises;

/// Asserts that none is broken. The outbox has come to rest.
pub async fn are_kept(ctx: &Context) {
    let broken: Vec<_> = check_promises(ctx).await.unwrap().into_iter().filter(|finding| finding.broken != 0).collect();
    assert!(broken.is_empty(), "promises are broken: {broken:#?}");
}
