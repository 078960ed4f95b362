//! The table: who can be at fault, and how. A new fault is a line in [`FAULTS`], a new provider one in [`Provider`].

use std::time::Duration;

use crate::domain::delivery::Lane;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    Stripe,
    Klaviyo,
    Firebase,
    Twilio,
}

impl Provider {
    pub const ALL: [Self; 4] = [Self::Stripe, Self::Klaviyo, Self::Firebase, Self::Twilio];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Stripe => "stripe",
            Self::Klaviyo => "klaviyo",
            Self::Firebase => "firebase",
            Self::Twilio => "twilio",
        }
    }

    pub const fn lane(self) -> Lane {
        match self {
            Self::Stripe => Lane::Stripe,
            Self::Klaviyo => Lane::Klaviyo,
            Self::Firebase => Lane::Firebase,
            Self::Twilio => Lane::Sms,
        }
    }
}

/// One that is paid with at once.
pub const CARD: &str = "4242424242424242";

/// What befalls a provider.
#[derive(Debug, Clone, Copy)]
pub enum How {
    /// Nothing listens.
    Cut,
    /// The sandbox is told to: its settings for one service.
    Told(&'static str),
}

#[derive(Debug, Clone, Copy)]
pub struct Fault {
    pub name: &'static str,
    pub how: How,
    /// Nothing fails, it only takes longer.
    pub harmless: bool,
    /// It is said in so many words that it will never work: nothing is tried again by itself.
    pub for_good: bool,
    /// Whoever hears it knows that nothing was done.
    pub nothing_was_done: bool,
    /// The status arrives: who answers with that alone is not hurt.
    pub only_the_body: bool,
    /// What is said of when to come back.
    pub says: Option<Duration>,
}

pub const fn told(name: &'static str, how: &'static str) -> Fault {
    Fault {
        name,
        how: How::Told(how),
        harmless: false,
        for_good: false,
        nothing_was_done: false,
        only_the_body: false,
        says: None,
    }
}

impl Fault {
    pub const CUT: Self = Self { how: How::Cut, nothing_was_done: true, ..told("refusing connections", "") };
}

/// What `retry_after` says below.
const SAID: Duration = Duration::from_secs(40);
pub const BUSY: Fault = Fault {
    nothing_was_done: true,
    says: Some(SAID),
    ..told("busy, and saying until when", r#"{"error_rate":1,"error_status":429,"retry_after":40}"#)
};
pub const AWAY: Fault = Fault {
    says: Some(SAID),
    ..told("away, and saying until when", r#"{"error_rate":1,"error_status":503,"retry_after":40}"#)
};

pub const FAULTS: &[Fault] = &[
    Fault { harmless: true, ..told("slow", r#"{"latency_ms":150}"#) },
    Fault::CUT,
    Fault { for_good: true, ..told("refusing requests", r#"{"error_rate":1,"error_status":400}"#) },
    Fault { nothing_was_done: true, ..told("refusing our key", r#"{"error_rate":1,"error_status":403}"#) },
    told("resetting", r#"{"reset_rate":1}"#),
    BUSY,
    told("failing", r#"{"error_rate":1,"error_status":500}"#),
    AWAY,
    told("talking garbage", r#"{"garbage_rate":1}"#),
    Fault { only_the_body: true, ..told("breaking off its answers", r#"{"truncate_rate":1}"#) },
    told("losing its answers after the act", r#"{"lose_answer_rate":1}"#),
    told("failing, and acting all the same", r#"{"late_act_rate":1}"#),
];
/// Takes a timeout a try.
pub const SILENT: Fault = told("never answering", r#"{"timeout_rate":1}"#);

pub const CALM: &str = r#"{"latency_ms":0,"error_rate":0,"error_status":500,"retry_after":null,"timeout_rate":0,
    "garbage_rate":0,"truncate_rate":0,"reset_rate":0,"lose_answer_rate":0,"late_act_rate":0}"#;
