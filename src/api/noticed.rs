//! Whether the database was found to be away while a page was made. The page's own status can't be trusted with it: what
//! a boundary catches late is rendered when the request's context is gone.

use std::cell::Cell;

tokio::task_local! {
    static AWAY: Cell<bool>;
}

/// What `work` gives, and whether the database was away meanwhile.
pub async fn notice<T>(work: impl Future<Output = T>) -> (T, bool) {
    let watched = async {
        let done = work.await;
        (done, AWAY.with(Cell::get))
    };
    AWAY.scope(Cell::new(false), watched).await
}

pub(super) fn away() {
    // Nobody watches where a program asks, and is told by the answer's own status.
    let _ = AWAY.try_with(|away| away.set(true));
}
