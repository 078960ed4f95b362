//! What a dispute has moved, as Stripe lists it: its balance transactions, funds withdrawn and reinstated. The list of
//! an object only grows as time goes by, and facts come in any order: what counts is the union of all lists ever told.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::text_enum::UnknownWord;
use super::timestamp::Timestamp;

/// One balance transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// `txn_…`
    pub id: String,
    /// In the dispute's currency. Minus: taken from us.
    pub minor: i64,
    pub at: Timestamp,
}

/// A set of them, kept as the text that stands in `disputes.moved`: `txn_1:-500:1700000000 txn_2:500:1700000900`, first
/// to last. Empty: Stripe says that nothing has moved (yet).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Moved(String);

impl Moved {
    /// In any order. One that is named twice counts once, with the larger of two amounts.
    pub fn of(moves: impl IntoIterator<Item = Move>) -> Self {
        let mut known: BTreeMap<String, Move> = BTreeMap::new();
        for one in moves {
            let weight = |one: &Move| (one.minor.abs(), one.minor, one.at);
            let stands = known.get(&one.id).is_some_and(|earlier| weight(earlier) >= weight(&one));
            if !stands {
                known.insert(one.id.clone(), one);
            }
        }
        let mut moves: Vec<Move> = known.into_values().collect();
        moves.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        let text: Vec<String> = moves.iter().map(|m| format!("{}:{}:{}", m.id, m.minor, m.at.seconds())).collect();
        Self(text.join(" "))
    }

    /// First to last.
    pub fn moves(&self) -> impl Iterator<Item = Move> {
        self.0.split(' ').filter_map(read)
    }

    /// What either knows: commutative, associative, idempotent.
    #[must_use]
    pub fn join(&self, other: &Self) -> Self {
        Self::of(self.moves().chain(other.moves()))
    }

    /// What is gone: withdrawn, less what was reinstated.
    pub fn taken_minor(&self) -> i64 {
        -self.moves().map(|one| one.minor).sum::<i64>()
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn read(text: &str) -> Option<Move> {
    let (rest, at) = text.rsplit_once(':')?;
    let (id, minor) = rest.rsplit_once(':')?;
    Some(Move { id: id.to_owned(), minor: minor.parse().ok()?, at: Timestamp::from_seconds(at.parse().ok()?) })
}

impl fmt::Display for Moved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Moved {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        if text.split(' ').filter(|one| !one.is_empty()).any(|one| read(one).is_none()) {
            return Err(UnknownWord { what: "Moved", given: text.chars().take(64).collect() });
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn moved() -> impl Strategy<Value = Moved> {
        let one = ("txn_[a-c]", -3..4_i64, 0..3_i64);
        let one = one.prop_map(|(id, minor, at)| Move { id, minor, at: Timestamp::from_seconds(at) });
        proptest::collection::vec(one, 0..4).prop_map(Moved::of)
    }

    proptest! {
        #[test]
        fn the_order_of_lists_never_matters(a in moved(), b in moved(), c in moved()) {
            prop_assert_eq!(a.join(&b), b.join(&a));
            prop_assert_eq!(a.join(&b).join(&c), a.join(&b.join(&c)));
            prop_assert_eq!(a.join(&a), a.clone());
            prop_assert_eq!(a.to_string().parse::<Moved>(), Ok(a));
        }
    }

    #[test]
    fn what_is_gone_is_withdrawn_less_reinstated() {
        let moved: Moved = "txn_1:-500:10 txn_2:200:20".parse().unwrap();
        assert_eq!(moved.taken_minor(), 300);
        assert_eq!(moved.moves().map(|one| one.id).collect::<Vec<_>>(), ["txn_1", "txn_2"]);
        assert!("txn_1".parse::<Moved>().is_err());
        assert_eq!(Moved::default().taken_minor(), 0);
    }
}
