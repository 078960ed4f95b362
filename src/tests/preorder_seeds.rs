//! Preorders as tests of the admin want them, put straight into the tables.

use std::fmt::Write;

use super::app::TestApp;
use crate::domain::ids::PreorderNumber;
use crate::store::Db;

/// 2026-11-20T00:00:00Z
pub const DAY: i64 = 1_795_132_800_000;
pub const HOUR: i64 = 3_600_000;

/// A preorder as a test wants it.
#[derive(Clone)]
pub struct Seed {
    pub n: i64,
    pub email: String,
    pub name: Option<&'static str>,
    pub phone: Option<&'static str>,
    pub color: &'static str,
    pub status: &'static str,
    pub payment: &'static str,
    pub fulfilment: &'static str,
    pub amount: i64,
    pub currency: &'static str,
    pub country: Option<&'static str>,
    pub locale: &'static str,
    pub started: i64,
    pub paid: Option<i64>,
    pub updated: i64,
}

impl Seed {
    pub fn new(n: i64, email: &str) -> Self {
        Self {
            n,
            email: email.to_owned(),
            name: None,
            phone: None,
            color: "sakura-pink",
            status: "initiated",
            payment: "unpaid",
            fulfilment: "unfulfilled",
            amount: 49_900,
            currency: "usd",
            country: None,
            locale: "en",
            started: DAY + n * 1000,
            paid: None,
            updated: DAY + n * 1000,
        }
    }

    pub fn id(&self) -> String {
        format!("pre_{:032}", self.n)
    }

    pub fn number(&self) -> String {
        // Far apart, so that no number begins like another.
        PreorderNumber::from_random(self.n as u64 * 104_729 + 7).to_string()
    }
}

/// All kinds of preorders, many started in the same moment, paid in the same moment, of the same price.
pub fn many() -> Vec<Seed> {
    let seeds = (0..230_i64).map(|n| {
        let paid = n % 3 != 0;
        let pick = |words: &[&'static str], by: i64| words[usize::try_from(by).unwrap() % words.len()];
        let host = if n % 4 == 0 { "gmail.com" } else { "example.org" };
        Seed {
            name: (n % 2 == 0).then(|| pick(&["Jürgen Kühn", "李伟", "Olga Petrova"], n / 2)),
            phone: (n % 5 == 0).then_some("+4915123456789"),
            color: pick(&["sakura-pink", "honey-khaki", "cherry-red"], n),
            status: if paid { "completed" } else { pick(&["initiated", "processing", "expired"], n / 3) },
            payment: if paid {
                pick(&["paid", "paid", "paid", "refunded", "disputed"], n)
            } else {
                pick(&["unpaid", "failed"], n / 3)
            },
            fulfilment: if paid && n < 90 { "fulfilled" } else { "unfulfilled" },
            amount: pick_amount(n),
            currency: pick(&["usd", "usd", "jpy", "eur"], n),
            country: paid.then(|| pick(&["DE", "US", "JP", "BR"], n / 2)),
            locale: pick(&["en", "en", "zh"], n / 2),
            started: DAY + (n / 7) * HOUR,
            paid: paid.then_some(DAY + (n / 7) * HOUR + 60_000 + (n % 2) * 1000),
            updated: DAY + (n % 10) * HOUR,
            ..Seed::new(n, &format!("buyer{n}@{host}"))
        }
    });
    seeds.collect()
}

fn pick_amount(n: i64) -> i64 {
    [49_900, 49_900, 74_800, 45_900][usize::try_from(n).unwrap() % 4]
}

pub async fn plant(app: &TestApp, seeds: &[Seed]) {
    let at = |millis: i64| match app.ctx.db {
        Db::Sqlite(_) => millis.to_string(),
        Db::Postgres(_) => format!("to_timestamp({millis} / 1000.0)"),
    };
    let text =
        |value: Option<&str>| value.map_or_else(|| "NULL".to_owned(), |v| format!("'{}'", v.replace('\'', "''")));
    let mut sql = String::new();
    for seed in seeds {
        let Seed { n, email, color, status, payment, fulfilment, amount, currency, locale, .. } = seed;
        let (id, number) = (seed.id(), seed.number());
        write!(
            sql,
            "INSERT INTO preorders (id, preorder_number, idempotency_key, email, name, phone, color, locale, \
             marketing_consent, status, payment_status, fulfilment_status, amount_minor, currency, country, paid_at, \
             created_at, updated_at) VALUES ('{id}', '{number}', 'key{n}', '{email}', {}, {}, '{color}', '{locale}', TRUE, \
             '{status}', '{payment}', '{fulfilment}', {amount}, '{currency}', {}, {}, {}, {});",
            text(seed.name),
            text(seed.phone),
            text(seed.country),
            seed.paid.map_or_else(|| "NULL".to_owned(), at),
            at(seed.started),
            at(seed.updated),
        )
        .unwrap();
        if let Some(paid) = seed.paid {
            let (paid, started) = (at(paid), at(seed.started));
            write!(
                sql,
                "INSERT INTO checkout_attempts (id, preorder_id, number, provider, idempotency_key, state, session_id, \
                 payment_intent_id, amount_minor, currency, created_at, paid_at, updated_at) VALUES ('chk_{n}', '{id}', 1, \
                 'stripe', 'try{n}', 'paid', 'cs_test_{n}', 'pi_{n}', {amount}, '{currency}', {started}, {paid}, {paid});"
            )
            .unwrap();
        }
    }
    // Rows alone, without what a purchase leaves beside them.
    app.cook_the_books();
    app.ctx.db.execute(&sql).await;
}
