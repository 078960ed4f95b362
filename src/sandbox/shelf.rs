//! A bounded shelf of records: found by identifier, walked newest first from any cursor, the oldest falling off when it is
//! full. Stripe's lists page through 200,000 sessions on this without a scan; it is saved as a plain array, oldest first.

use std::collections::{BTreeMap, HashMap};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What can stand on a shelf: a record with an identifier, and how many of its kind are kept.
pub trait Record {
    const KEEP: usize;
    fn id(&self) -> &str;
}

/// Records by identifier, in the order they were added.
#[derive(Debug, Clone)]
pub struct Shelf<T> {
    rows: BTreeMap<u64, T>,
    index: HashMap<String, u64>,
    next: u64,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), index: HashMap::new(), next: 0 }
    }
}

impl<T: Record> Shelf<T> {
    /// Adds a record, or replaces the one of the same identifier in its place.
    pub fn put(&mut self, record: T) {
        if let Some(&at) = self.index.get(record.id()) {
            self.rows.insert(at, record);
            return;
        }
        self.index.insert(record.id().to_owned(), self.next);
        self.rows.insert(self.next, record);
        self.next += 1;
        while self.rows.len() > T::KEEP {
            if let Some((_, oldest)) = self.rows.pop_first() {
                self.index.remove(oldest.id());
            }
        }
    }

    pub fn get(&self, id: &str) -> Option<&T> {
        self.rows.get(self.index.get(id)?)
    }

    pub fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        self.rows.get_mut(self.index.get(id)?)
    }

    pub fn remove(&mut self, id: &str) -> Option<T> {
        self.rows.remove(&self.index.remove(id)?)
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.rows.values()
    }

    /// Newest first, beginning with the one just older than `id`. `None` when no such record is here.
    pub fn older_than(&self, id: &str) -> Option<impl Iterator<Item = &T>> {
        let &at = self.index.get(id)?;
        Some(self.rows.range(..at).rev().map(|(_, row)| row))
    }

    /// Oldest first, beginning with the one just newer than `id`. `None` when no such record is here.
    pub fn newer_than(&self, id: &str) -> Option<impl Iterator<Item = &T>> {
        let &at = self.index.get(id)?;
        Some(self.rows.range(at + 1..).map(|(_, row)| row))
    }
}

impl<T: Serialize> Serialize for Shelf<T> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_seq(self.rows.values())
    }
}

impl<'de, T: Record + DeserializeOwned> Deserialize<'de> for Shelf<T> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let mut shelf = Self::default();
        for record in Vec::<T>::deserialize(input)? {
            shelf.put(record);
        }
        Ok(shelf)
    }
}
