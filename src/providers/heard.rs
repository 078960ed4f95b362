//! What providers answer, told to whoever listens around the work in which they are asked. It is told at the wire:
//! work that asked nobody tells nothing, whatever it came to, and what went wrong on our own side is nobody's answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::ProviderError;

type Ear = Arc<dyn Fn(Option<&ProviderError>) + Send + Sync>;

tokio::task_local! {
    static EAR: Ear;
}

/// A call that was hung up on sooner says nothing of the provider: its caller was impatient.
pub const LONG_ENOUGH: Duration = Duration::from_secs(1);

/// Does the work, and tells what came of each call made in it; `None`: an answer that is no failure. Of two who listen,
/// the one nearer to the call hears it.
pub async fn listening<T>(
    ear: impl Fn(Option<&ProviderError>) + Send + Sync + 'static,
    work: impl Future<Output = T>,
) -> T {
    EAR.scope(Arc::new(ear), work).await
}

/// A call under way. Dropped without an answer after long enough, it tells that there was none.
pub(super) struct Call {
    ear: Option<Ear>,
    began: Instant,
}

impl Call {
    pub fn begin() -> Self {
        Self { ear: EAR.try_with(Arc::clone).ok(), began: Instant::now() }
    }

    pub fn answered(mut self, failure: Option<&ProviderError>) {
        if let Some(ear) = self.ear.take() {
            ear(failure);
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if let Some(ear) = self.ear.take().filter(|_| self.began.elapsed() >= LONG_ENOUGH) {
            ear(Some(&ProviderError::NoAnswer("no answer while somebody waited".to_owned())));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::providers::watched;

    /// What was heard while this was done, in words.
    async fn heard_in(work: impl Future<Output = ()>) -> Vec<&'static str> {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ear = Arc::clone(&heard);
        let note = move |failure: Option<&ProviderError>| {
            ear.lock().unwrap().push(failure.map_or("ok", ProviderError::word));
        };
        listening(note, work).await;
        heard.lock().unwrap().clone()
    }

    #[tokio::test]
    async fn what_is_called_is_heard_and_work_that_asks_nobody_says_nothing() {
        let answered = async { Ok::<_, ProviderError>(()) };
        let refused = async { Err::<(), _>(ProviderError::Permanent("no".to_owned())) };
        let told = heard_in(async {
            watched("stripe", "one", answered).await.unwrap();
            watched("stripe", "two", refused).await.unwrap_err();
        });
        assert_eq!(told.await, ["ok", "refused"]);
        assert!(heard_in(async {}).await.is_empty());
    }

    #[tokio::test]
    async fn a_call_that_was_waited_for_in_vain_is_no_answer_and_one_hung_up_on_at_once_is_none() {
        let silent = || watched("stripe", "silent", std::future::pending::<Result<(), ProviderError>>());
        let waited = heard_in(async {
            drop(tokio::time::timeout(LONG_ENOUGH + Duration::from_millis(100), silent()).await);
        });
        assert_eq!(waited.await, ["no_answer"]);
        let hung_up = heard_in(async {
            drop(tokio::time::timeout(Duration::from_millis(10), silent()).await);
        });
        assert!(hung_up.await.is_empty());
    }
}
