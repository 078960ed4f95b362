//! The audit log: who did what, to what, when and from where.

use jiff::civil::Date;
use serde_json::Value;

use super::require;
use crate::api::{ApiError, Zone, context, zone};
use crate::domain::access::{Right, Role};
use crate::domain::audit::AuditAction;
use crate::domain::ids::{AuditId, DeliveryId, PreorderId, PreorderNumber, WebhookId};
use crate::domain::masking;
use crate::domain::timestamp::Timestamp;
use crate::store::audit::{self, AuditLine, Filter};
use crate::store::preorders;

const ROWS: i64 = 50;

/// What the page's address asks for, as it stands there.
#[derive(Clone, Default)]
pub struct AuditQuery {
    pub person: String,
    pub action: String,
    /// A preorder's number, an id, an address, a kind.
    pub about: String,
    /// Days in the viewer's zone, both included: `2026-11-20`.
    pub from: String,
    pub to: String,
    /// The `next` of the page before.
    pub after: String,
}

pub struct AuditPage {
    pub rows: Vec<AuditRow>,
    pub next: Option<String>,
    pub first_page: bool,
}

pub struct AuditRow {
    pub at: Timestamp,
    pub actor: String,
    pub phrase: &'static str,
    pub subject: Option<Subject>,
    pub address: Option<String>,
    pub request_id: Option<String>,
    /// JSON, to be read; empty when there is nothing to it.
    pub detail: String,
}

/// What it was done to, and where that is seen.
pub struct Subject {
    pub label: String,
    pub href: Option<String>,
}

pub async fn audit_log(query: &AuditQuery) -> Result<AuditPage, ApiError> {
    let login = require(Right::See)?;
    let ctx = context()?;
    let Some(filter) = filter(&ctx.db, query, &zone()).await? else {
        return Ok(AuditPage { rows: Vec::new(), next: None, first_page: true });
    };
    let before = read_cursor(&query.after);
    let mut lines = audit::list(&ctx.db, &filter, before.as_ref(), ROWS + 1).await?;
    let more = lines.len() > ROWS as usize;
    lines.truncate(ROWS as usize);
    let next = lines.last().filter(|_| more).map(|last| format!("{}.{}", last.at.millis(), last.id));
    let rows = lines.into_iter().map(|line| row(line, login.admin.role)).collect();
    Ok(AuditPage { rows, next, first_page: before.is_none() })
}

/// `None`: what is asked for can't be in the log.
async fn filter(db: &crate::store::Db, query: &AuditQuery, zone: &Zone) -> Result<Option<Filter>, ApiError> {
    // PostgreSQL takes no NUL.
    let text = |typed: &str| Some(typed.trim().replace(char::is_control, "")).filter(|text| !text.is_empty());
    let mut filter = Filter {
        actor: text(&query.person).map(|person| person.to_lowercase()),
        action: query.action.parse::<AuditAction>().ok(),
        since: query.from.parse().ok().and_then(|day| begin_of(day, zone)),
        until: query.to.parse::<Date>().ok().and_then(|day| begin_of(day.tomorrow().ok()?, zone)),
        ..Filter::default()
    };
    let Some(about) = text(&query.about) else { return Ok(Some(filter)) };
    if let Ok(id) = about.parse::<PreorderId>() {
        filter.preorder_id = Some(id);
    } else if let Some(number) = PreorderNumber::parse(&about).filter(|_| !about.contains(['@', '_'])) {
        match preorders::find_by_number(db, &number).await? {
            Some(preorder) => filter.preorder_id = Some(preorder.id),
            None => return Ok(None),
        }
    } else {
        filter.subject = Some(about);
    }
    Ok(Some(filter))
}

fn begin_of(day: Date, zone: &Zone) -> Option<Timestamp> {
    let begin = day.to_zoned(zone.0.clone()).ok()?;
    Some(Timestamp::from_millis(begin.timestamp().as_millisecond()))
}

fn row(line: AuditLine, viewer: Role) -> AuditRow {
    // An address that somebody tried at the door may be anybody's, a buyer's too.
    let masked = |text: &str| line.actor_id.is_none() && !viewer.sees_addresses() && text.contains('@');
    let shown = |text: &str| if masked(text) { masking::email(text) } else { text.to_owned() };
    let own = line.subject.as_deref() == Some(line.actor.as_str());
    AuditRow {
        at: line.at,
        actor: shown(&line.actor),
        phrase: line.action.phrase(),
        subject: if own { None } else { subject(&line, &shown) },
        address: line.address.clone(),
        request_id: line.request_id.clone(),
        detail: readable(&line.detail),
    }
}

fn subject(line: &AuditLine, shown: &dyn Fn(&str) -> String) -> Option<Subject> {
    if let Some(id) = &line.preorder_id {
        let label = line.preorder_number.clone().unwrap_or_else(|| id.to_string());
        return Some(Subject { label, href: Some(format!("/admin/preorders/{id}")) });
    }
    let text = line.subject.as_deref()?;
    let href = if text.parse::<WebhookId>().is_ok() {
        Some(format!("/admin/webhooks/{text}"))
    } else if text.parse::<DeliveryId>().is_ok() {
        Some(format!("/admin/jump?q={text}"))
    } else if text.parse::<PreorderId>().is_ok() {
        Some(format!("/admin/preorders/{text}"))
    } else {
        None
    };
    Some(Subject { label: shown(text), href })
}

fn readable(detail: &str) -> String {
    match serde_json::from_str::<Value>(detail) {
        Ok(Value::Object(object)) if object.is_empty() => String::new(),
        Ok(value) => serde_json::to_string_pretty(&value).unwrap_or_default(),
        Err(_) => detail.to_owned(),
    }
}

/// A cursor that can't be read is the first page.
fn read_cursor(text: &str) -> Option<(Timestamp, AuditId)> {
    let (millis, id) = text.split_once('.')?;
    Some((Timestamp::from_millis(millis.parse().ok()?), id.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::AdminId;

    fn line(actor: &str, id: Option<&str>, subject: &str) -> AuditLine {
        AuditLine {
            id: AuditId::from_unique("1"),
            at: Timestamp::from_seconds(1),
            actor_id: id.map(AdminId::from_unique),
            actor: actor.to_owned(),
            action: AuditAction::LoginFailed,
            subject: Some(subject.to_owned()),
            preorder_id: None,
            preorder_number: None,
            detail: "{}".to_owned(),
            request_id: None,
            address: None,
        }
    }

    #[test]
    fn an_address_tried_at_the_door_is_masked_for_viewers_and_a_colleagues_is_not() {
        let tried = |role| row(line("ana@example.com", None, "ana@example.com"), role).actor;
        assert_eq!((tried(Role::Viewer), tried(Role::Support)), ("a•••@example.com".into(), "ana@example.com".into()));
        assert_eq!(row(line("sam@example.com", Some("1"), "x"), Role::Viewer).actor, "sam@example.com");
        assert_eq!(row(line("command line", None, "x"), Role::Viewer).actor, "command line");
    }

    #[test]
    fn a_subject_leads_to_where_it_is_seen() {
        let href = |subject| row(line("ada@example.com", Some("1"), subject), Role::Viewer).subject.unwrap().href;
        assert_eq!(href("wh_01").as_deref(), Some("/admin/webhooks/wh_01"));
        assert_eq!(href("dlv_01").as_deref(), Some("/admin/jump?q=dlv_01"));
        assert_eq!(href("klaviyo_preorder_started"), None);
        assert!(row(line("ada@example.com", Some("1"), "ada@example.com"), Role::Viewer).subject.is_none());
    }

    #[test]
    fn a_day_begins_at_the_viewers_midnight() {
        let tokyo = Zone::named("Asia/Tokyo").unwrap();
        let begin = begin_of("2026-11-20".parse().unwrap(), &tokyo).unwrap();
        assert_eq!(begin.seconds(), 1_795_100_400);
    }
}
