//! One preorder as its page shows it: what it is, what may be done with it, and its story.

use super::super::dashboard::in_stripe;
use super::deliveries::{is_stuck, words};
use super::money_card::{MoneyCard, money_card};
use super::payload::mask_text;
use super::{Rows, Timeline, last_tries};
use crate::context::Context;
use crate::domain::catalog::Catalog;
use crate::domain::delivery::{DeliveryKind, DeliveryState};
use crate::domain::ids::PreorderId;
use crate::domain::locale::Locale;
use crate::domain::masking;
use crate::domain::money::Money;
use crate::domain::postal;
use crate::domain::preorder::{CancelError, FulfilmentStatus, PaymentStatus, PreorderStatus};
use crate::domain::timestamp::Timestamp;
use crate::store::preorders::Preorder;
use crate::workflows::deliveries::resendable;

#[derive(Clone)]
pub struct PreorderDetail {
    pub id: String,
    pub number: String,
    pub status: PreorderStatus,
    pub payment_status: PaymentStatus,
    pub fulfilment_status: FulfilmentStatus,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub color: String,
    pub color_name: String,
    pub email: String,
    pub name: Option<String>,
    pub phone: Option<String>,
    pub locale: Locale,
    pub shipping_address: Option<String>,
    /// The same for a form: a part a line, and the country.
    pub address_lines: String,
    pub country: String,
    pub marketing_consent: bool,
    pub user_id: Option<String>,
    pub session_id: Option<String>,
    pub payment_intent_id: Option<String>,
    pub tracking_number: Option<String>,
    pub fulfilled_at: Option<Timestamp>,
    pub cancelled_at: Option<Timestamp>,
    pub money: MoneyCard,
    /// The payment in Stripe's dashboard.
    pub in_stripe: Option<String>,
    pub possible: Possible,
    pub colors: Vec<ColorChoice>,
    pub messages: Vec<Message>,
    /// The delivery that was given up last: to be tried again.
    pub given_up: Option<(String, &'static str)>,
    /// Newest first.
    pub notes: Vec<NoteLine>,
    pub timeline: Timeline,
    /// Whether the whole of a long story is shown.
    pub all: bool,
    /// One of its kind for each rendering: a form that is sent twice does its act once.
    pub form_key: String,
}

/// What the domain would let happen next.
#[derive(Clone, Copy)]
pub struct Possible {
    pub fulfil: bool,
    pub hold: bool,
    pub release: bool,
    pub undo: bool,
    pub edit: bool,
    pub refund: bool,
    /// `Err`: why not.
    pub cancel: Result<bool, CancelError>,
}

#[derive(Clone)]
pub struct ColorChoice {
    pub id: String,
    pub name: String,
    pub sold_out: bool,
}

/// A message to another system that a person may send again.
#[derive(Clone)]
pub struct Message {
    pub kind: DeliveryKind,
    pub name: &'static str,
    pub state: DeliveryState,
    /// When it went out, or is tried next.
    pub at: Option<Timestamp>,
}

#[derive(Clone)]
pub struct NoteLine {
    pub author: String,
    pub body: String,
    pub at: Timestamp,
}

pub fn detail(
    ctx: &Context,
    preorder: Preorder,
    rows: &Rows,
    catalog: &Catalog,
    refundable: Money,
    masked: bool,
    all: bool,
) -> PreorderDetail {
    let color_name = catalog.color(&preorder.color).map_or_else(|| preorder.color.clone(), |c| c.name.clone());
    let money = money_card(&preorder, rows, refundable);
    let timeline = rows.story(&preorder, &color_name, masked, all);
    let hide =
        |text: Option<String>, mask: fn(&str) -> String| text.map(|text| if masked { mask(&text) } else { text });
    let (address_lines, country) = match &preorder.shipping_address {
        Some(line) if !masked => postal::lines_and_country(line),
        _ => (String::new(), preorder.country.clone().unwrap_or_default()),
    };
    let given_up = rows.deliveries.iter().find(|d| d.state == DeliveryState::Dead && is_stuck(d));
    PreorderDetail {
        possible: possible(&preorder, &money),
        in_stripe: preorder.payment_intent_id.as_ref().and_then(|id| in_stripe(ctx, &format!("payments/{id}"))),
        given_up: given_up.map(|delivery| (delivery.id.to_string(), words(delivery.kind).0)),
        messages: messages(rows, &preorder.id),
        notes: rows.notes.iter().map(|note| note_line(note, masked)).collect(),
        colors: catalog
            .colors
            .iter()
            .map(|c| ColorChoice { id: c.id.as_str().to_owned(), name: c.name.clone(), sold_out: c.sold_out })
            .collect(),
        form_key: uuid::Uuid::new_v4().simple().to_string(),
        id: preorder.id.to_string(),
        number: preorder.preorder_number,
        status: preorder.status,
        payment_status: preorder.payment_status,
        fulfilment_status: preorder.fulfilment_status,
        created_at: preorder.created_at,
        updated_at: preorder.updated_at,
        color: preorder.color,
        color_name,
        email: if masked { masking::email(&preorder.email) } else { preorder.email },
        name: hide(preorder.name, masking::name),
        phone: hide(preorder.phone, masking::phone),
        locale: preorder.locale,
        shipping_address: hide(preorder.shipping_address, masking::postal),
        address_lines,
        country,
        marketing_consent: preorder.marketing_consent,
        user_id: preorder.user_id,
        session_id: preorder.session_id,
        payment_intent_id: preorder.payment_intent_id,
        tracking_number: preorder.tracking_number,
        fulfilled_at: preorder.fulfilled_at,
        cancelled_at: preorder.cancelled_at,
        money,
        timeline,
        all,
    }
}

fn possible(preorder: &Preorder, money: &MoneyCard) -> Possible {
    let fulfilment = preorder.fulfilment();
    let moves = |to: Result<FulfilmentStatus, _>| to.is_ok_and(|to| to != preorder.fulfilment_status);
    let is_paid = preorder.paid_at.is_some();
    Possible {
        fulfil: fulfilment.fulfil().is_ok(),
        hold: moves(fulfilment.hold()) && is_paid,
        release: preorder.fulfilment_status == FulfilmentStatus::OnHold && moves(fulfilment.release()),
        undo: preorder.fulfilment_status == FulfilmentStatus::Fulfilled && moves(fulfilment.undo()),
        edit: fulfilment.is_editable(),
        refund: money.refundable.minor > 0,
        cancel: preorder.progress().cancel().map(|after| after != preorder.progress()),
    }
}

fn messages(rows: &Rows, id: &PreorderId) -> Vec<Message> {
    let last = last_tries(&rows.tries);
    let mut messages: Vec<Message> = rows
        .deliveries
        .iter()
        .filter(|delivery| resendable(delivery.kind, id).is_some())
        .map(|delivery| Message {
            kind: delivery.kind,
            name: words(delivery.kind).0,
            state: delivery.state,
            at: match delivery.state {
                DeliveryState::Pending => Some(delivery.run_at),
                _ => delivery.finished_at.or_else(|| last.get(delivery.id.as_str()).map(|attempt| attempt.started_at)),
            },
        })
        .collect();
    messages.sort_by_key(|message| DeliveryKind::ALL.iter().position(|kind| *kind == message.kind));
    messages
}

fn note_line(note: &crate::store::notes::Note, masked: bool) -> NoteLine {
    let body = if masked { mask_text(&note.body) } else { note.body.clone() };
    NoteLine { author: note.author.clone(), body, at: note.created_at }
}
