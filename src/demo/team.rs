//! The colleagues who are said to have done it, their notes, and the lines that their acts left in the audit log. They
//! are names alone: nobody can sign in as one of them.

use std::time::Duration;

use super::dice::Dice;
use super::scene::Scene;
use super::story::Telling;
use crate::domain::audit::AuditAction;
use crate::domain::ids::{AuditId, NoteId};
use crate::domain::timestamp::Timestamp;
use crate::store::bulk_rows::{AuditRow, Batch, NoteRow};

pub const PEOPLE: &[&str] = &["noor@example.org", "mika@example.org", "ines@example.org", "tomas@example.org"];
/// Of a network that is set aside for examples (RFC 5737).
const DESKS: &[&str] = &["192.0.2.14", "192.0.2.15", "192.0.2.31", "198.51.100.7"];
const NOTES: &[&str] = &[
    "Asked when it ships; told the buyer spring.",
    "Wants it as a present, please no invoice in the box.",
    "Wrote twice from another address. Same person.",
    "Moved house: will send the new address.",
    "Customs: needs a company name on the label.",
    "Very kind message, forwarded to the team.",
    "Card was refused twice; explained how to pay by bank.",
    "Asked for the grey one first, then changed their mind.",
];

impl Telling<'_> {
    pub fn note_act_here(&mut self, action: AuditAction, at: Timestamp, detail: String) {
        let by = self.dice.pick(PEOPLE);
        self.note_act_of(by, action, at, detail);
    }

    pub fn note_act_of(&mut self, by: &'static str, action: AuditAction, at: Timestamp, detail: String) {
        let id = self.preorder.id.clone();
        let row = line(&mut self.dice, by, action, Some(id.clone()), Some(id), at, detail);
        self.batch.audit_log.push(row);
    }

    pub fn note_act(
        &mut self,
        action: AuditAction,
        subject: Option<String>,
        preorder_id: Option<String>,
        at: Timestamp,
        detail: String,
    ) {
        let by = self.dice.pick(PEOPLE);
        let row = line(&mut self.dice, by, action, subject, preorder_id, at, detail);
        self.batch.audit_log.push(row);
    }

    pub fn write_note(&mut self) {
        let created_at = self.preorder.updated_at + self.seconds(300, 400_000);
        if created_at > self.scene.until {
            return;
        }
        let author = self.dice.pick(PEOPLE);
        let body = self.dice.pick(NOTES);
        let id = format!("{}{}", NoteId::PREFIX, self.dice.unique(created_at));
        self.note_act_of(author, AuditAction::NoteAdded, created_at, format!(r#"{{"note":"{id}"}}"#));
        let preorder_id = self.preorder.id.clone();
        self.batch.notes.push(NoteRow { id, preorder_id, author, body, created_at });
    }
}

fn line(
    dice: &mut Dice,
    by: &'static str,
    action: AuditAction,
    subject: Option<String>,
    preorder_id: Option<String>,
    at: Timestamp,
    detail: String,
) -> AuditRow {
    let desk = PEOPLE.iter().position(|person| *person == by).unwrap_or_default();
    AuditRow {
        id: format!("{}{}", AuditId::PREFIX, dice.unique(at)),
        at,
        actor: by,
        action: action.as_str(),
        subject,
        preorder_id,
        detail,
        address: DESKS.get(desk).copied(),
    }
}

/// Every working day begins and ends.
pub fn working_days(scene: &Scene, batch: &mut Batch) {
    let mut dice = Dice::new(scene.seed, u64::MAX - 1);
    let days = scene.until.since(scene.from).as_secs() / 86_400;
    for day in 0..days {
        let midnight = scene.from.seconds() / 86_400 * 86_400 + day as i64 * 86_400;
        for by in PEOPLE.iter().copied() {
            if !dice.chance(660) {
                continue;
            }
            let begins = Timestamp::from_seconds(midnight + dice.between(6 * 3600, 10 * 3600));
            let ends = begins + Duration::from_secs(dice.between(6 * 3600, 9 * 3600).unsigned_abs());
            let failed = dice.chance(60).then_some((AuditAction::LoginFailed, begins - Duration::from_secs(20)));
            let acts = [failed, Some((AuditAction::LoggedIn, begins)), Some((AuditAction::LoggedOut, ends))];
            for (action, at) in acts.into_iter().flatten().filter(|(_, at)| (scene.from..scene.until).contains(at)) {
                batch.audit_log.push(line(&mut dice, by, action, None, None, at, "{}".to_owned()));
            }
        }
    }
}
