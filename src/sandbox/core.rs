//! What all stand-ins share: the memory behind its locks, acts on the ledger that turn into events and deliveries, and the
//! background work (expiry, bank debits, sending, saving). Locks are held for memory work only, never across an await, and
//! never two at once save ledger then post office.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::{Notify, Semaphore};

use super::asked::Asked;
use super::faults::{FaultDesk, Service};
use super::inbox::{Inbox, Seen, Tray};
use super::stripe::idempotency::Replays;
use super::stripe::ledger::{Event, Ledger};
use super::stripe::{debit, expiry};
use super::users::Users;
use super::webhooks::{Body, Delivery, DeliveryState, PostOffice};
use super::{chaos, courier, ids, snapshot};

/// Attempts under way at once.
const COURIERS: usize = 64;

/// Where the shop itself wants its webhooks.
#[derive(Debug, Clone, Default)]
pub struct Hook {
    pub url: Option<String>,
    pub secret: String,
}

/// The request that caused an event.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    pub request_id: Option<String>,
    pub idempotency_key: Option<String>,
}

pub struct Core {
    pub ledger: Mutex<Ledger>,
    pub replays: Mutex<Replays>,
    pub inbox: Mutex<Inbox>,
    pub desk: Mutex<FaultDesk>,
    /// Every request that came, whatever became of it.
    pub asked: Mutex<Asked>,
    /// How far this sandbox's clock is ahead of the machine's, for its post and its records of who asked.
    pub ahead_ms: AtomicI64,
    pub post: Mutex<PostOffice>,
    pub klaviyo_seen: Mutex<Seen>,
    pub users: Mutex<Users>,
    pub hook: Mutex<Hook>,
    pub state_file: Option<PathBuf>,
    pub wake: Arc<Notify>,
    pub couriers: Arc<Semaphore>,
    pub http: Option<reqwest::Client>,
    /// Set by every change, cleared by the one who saves it.
    pub dirty: AtomicBool,
    /// One snapshot is written at a time.
    pub saving: Mutex<()>,
    started: AtomicBool,
}

/// Locks, and goes on after a panic elsewhere: the data are plain and each act leaves them whole.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Core {
    pub fn new(public_base: String, hook: Hook, state_file: Option<PathBuf>) -> Arc<Self> {
        // reqwest was built without a cryptography of its own; an error says that one is installed already.
        drop(rustls::crypto::ring::default_provider().install_default());
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(10))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .inspect_err(|error| tracing::error!(%error, "sandbox: no HTTP client, webhooks will not be sent"))
            .ok();
        let core = Self {
            ledger: Mutex::new(Ledger { public_base, ..Ledger::default() }),
            replays: Mutex::default(),
            inbox: Mutex::default(),
            desk: Mutex::default(),
            asked: Mutex::default(),
            ahead_ms: AtomicI64::new(0),
            post: Mutex::default(),
            klaviyo_seen: Mutex::default(),
            users: Mutex::default(),
            hook: Mutex::new(hook),
            state_file,
            wake: Arc::new(Notify::new()),
            couriers: Arc::new(Semaphore::new(COURIERS)),
            http,
            dirty: AtomicBool::new(false),
            saving: Mutex::new(()),
            started: AtomicBool::new(false),
        };
        snapshot::load(&core);
        Arc::new(core)
    }

    /// Starts the background work once, as soon as there is a runtime to carry it.
    pub fn start(self: &Arc<Self>) {
        if tokio::runtime::Handle::try_current().is_err() || self.started.swap(true, Ordering::SeqCst) {
            return;
        }
        courier::start(self);
        snapshot::start(self);
        let weak = Arc::downgrade(self);
        tokio::spawn(async move {
            let mut tick = tokio::time::interval(Duration::from_millis(200));
            for count in 0_u64.. {
                tick.tick().await;
                match weak.upgrade() {
                    Some(core) => core.tick(count % 5 == 0),
                    None => return,
                }
            }
        });
    }

    /// What time brings: bank debits that are decided, and, once a second, sessions that expire.
    fn tick(&self, look_at_sessions: bool) {
        let (now, now_ms) = (ids::now_seconds(), ids::now_millis());
        let (sessions, debits) = {
            let ledger = lock(&self.ledger);
            let sessions = if look_at_sessions { expiry::due(&ledger, now) } else { Vec::new() };
            (sessions, debit::due_debits(&ledger, now_ms))
        };
        for id in sessions {
            self.act(&Origin::default(), |ledger| expiry::expire_if_due(ledger, &id, now));
        }
        for id in debits {
            self.act(&Origin::default(), |ledger| debit::settle_debit(ledger, &id));
        }
    }

    /// Changes the ledger; what it announces becomes events, and deliveries to everyone who listens.
    pub fn act<R>(&self, origin: &Origin, change: impl FnOnce(&mut Ledger) -> R) -> R {
        self.dirty.store(true, Ordering::Relaxed);
        self.act_quietly(origin, change)
    }

    /// Like `act`, for a change that is expected to change nothing: alone it is no reason to save.
    pub fn act_quietly<R>(&self, origin: &Origin, change: impl FnOnce(&mut Ledger) -> R) -> R {
        let mut ledger = lock(&self.ledger);
        let result = change(&mut ledger);
        if ledger.news.is_empty() {
            return result;
        }
        self.dirty.store(true, Ordering::Relaxed);
        let news = std::mem::take(&mut ledger.news);
        let hook = lock(&self.hook).clone();
        let mut deliveries = Vec::new();
        for item in news {
            let id = ids::stripe_id("evt_");
            let created = self.now_ms().div_euclid(1000);
            let mut receivers: Vec<(String, String)> =
                hook.url.iter().map(|url| (url.clone(), hook.secret.clone())).collect();
            let others = ledger.receivers.iter().filter(|receiver| receiver.wants(item.kind));
            receivers.extend(others.map(|receiver| (receiver.url.clone(), receiver.secret.clone())));
            let event = json!({
                "id": id, "object": "event", "api_version": super::stripe::API_VERSION, "created": created,
                "data": { "object": item.object }, "livemode": false, "pending_webhooks": receivers.len(),
                "request": { "id": origin.request_id, "idempotency_key": origin.idempotency_key }, "type": item.kind,
            });
            let body = Body(event.to_string().into());
            ledger.events.put(Event { id: id.clone(), created, kind: item.kind.to_owned(), body: body.clone() });
            for (url, secret) in receivers {
                deliveries.push(fresh(&id, item.kind, url, secret, body.clone()));
            }
        }
        self.dispatch(deliveries);
        drop(ledger);
        self.wake.notify_one();
        result
    }

    /// Hands deliveries of one act to the post office, with the faults of the day.
    pub fn dispatch(&self, deliveries: Vec<Delivery>) {
        let mut made = Vec::with_capacity(deliveries.len());
        {
            let mut desk = lock(&self.desk);
            let faults = desk.faults().webhooks.clone();
            for mut delivery in deliveries {
                delivery.due_ms += faults.delay_ms as i64;
                if desk.happens(faults.lose_rate) {
                    delivery.state = DeliveryState::Lost;
                    made.push(delivery);
                    continue;
                }
                let copies = (0..faults.duplicate).map(|_| Delivery { copy: true, ..delivery.clone() });
                let copies: Vec<_> = copies.collect();
                desk.count(copies.len() as u64);
                made.push(delivery);
                made.extend(copies);
            }
            if faults.reorder && made.len() > 1 {
                desk.count(1);
                made.reverse();
            }
        }
        let mut post = lock(&self.post);
        let batch = post.next_batch();
        for delivery in &mut made {
            delivery.batch = batch;
        }
        post.accept(made);
    }

    /// Milliseconds since 1970 by this sandbox's own clock.
    pub fn now_ms(&self) -> i64 {
        ids::now_millis() + self.ahead_ms.load(Ordering::Relaxed)
    }

    /// What will become of a request, which is counted: `what` is its method and path.
    pub fn plan(&self, service: Service, what: &str) -> chaos::Plan {
        let plan = chaos::Plan::draw(&mut lock(&self.desk), service, what);
        lock(&self.asked).note(self.now_ms(), service, what, plan.name());
        plan
    }

    pub fn file(&self, tray: Tray, entry: Value) {
        lock(&self.inbox).file(tray, entry);
        self.dirty.store(true, Ordering::Relaxed);
    }
}

/// A delivery that has not been tried.
pub fn fresh(event_id: &str, kind: &str, url: String, secret: String, body: Body) -> Delivery {
    let now = ids::now_millis();
    Delivery {
        event_id: event_id.to_owned(),
        kind: kind.to_owned(),
        url,
        secret,
        body,
        batch: 0,
        created_ms: now,
        due_ms: now,
        state: DeliveryState::Waiting,
        attempts: Vec::new(),
        copy: false,
    }
}
