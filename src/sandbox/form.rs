//! Form parameters as Stripe reads them: `line_items[0][price_data][currency]=usd`. They are kept flat, under the very name
//! the caller wrote, because that name is what an error has to point at; `[]` is numbered in order of appearance.

use std::collections::BTreeMap;

/// Parsed parameters, sorted by name, so that two requests that say the same compare equal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form {
    fields: BTreeMap<String, String>,
}

impl Form {
    /// Reads `application/x-www-form-urlencoded` text. A name given twice keeps its last value, as Stripe does.
    pub fn parse(text: &str) -> Self {
        let mut form = Self::default();
        form.extend(text);
        form
    }

    /// Adds what another text says (a query beside a body).
    pub fn extend(&mut self, text: &str) {
        let mut counters: BTreeMap<String, usize> = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
            let mut name = name.into_owned();
            while let Some(at) = name.find("[]") {
                let prefix = name[..at].to_owned();
                // `a[][b]=1&a[][c]=2` speaks of one element until a name comes again.
                let counter = counters.entry(prefix.clone()).or_insert(0);
                let mut numbered = format!("{prefix}[{counter}]{}", &name[at + 2..]);
                if self.fields.contains_key(&numbered) {
                    *counter += 1;
                    numbered = format!("{prefix}[{counter}]{}", &name[at + 2..]);
                }
                name = numbered;
            }
            self.fields.insert(name, value.into_owned());
        }
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }

    /// Like `get`, with empty text read as absent.
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.trim().is_empty())
    }

    /// True when the name itself or anything nested under it was given.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some() || self.under(name).next().is_some()
    }

    /// The fields nested under `name`, each as the rest of its name and the value: `("[0][price]", "price_1")`.
    pub fn under<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.fields
            .range(name.to_owned()..)
            .take_while(move |(key, _)| key.starts_with(name))
            .filter_map(move |(key, value)| Some((key.strip_prefix(name)?, value.as_str())))
            .filter(|(rest, _)| rest.starts_with('['))
    }

    /// A map such as `metadata[key]=value`.
    pub fn map(&self, name: &str) -> BTreeMap<String, String> {
        self.under(name)
            .filter_map(|(rest, value)| {
                let key = rest.strip_prefix('[')?.strip_suffix(']')?;
                Some((key.to_owned(), value.to_owned()))
            })
            .collect()
    }

    /// A list such as `expand[0]=a`, in the order of its indices.
    pub fn list(&self, name: &str) -> Vec<String> {
        let mut found: Vec<(usize, &str)> = self
            .under(name)
            .filter_map(|(rest, value)| {
                let index = rest.strip_prefix('[')?.strip_suffix(']')?;
                Some((index.parse().ok()?, value))
            })
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, value)| value.to_owned()).collect()
    }

    /// The indices used under a list of objects: `line_items[0][…]`, `line_items[1][…]` give 0 and 1.
    pub fn indices(&self, name: &str) -> Vec<usize> {
        let mut found: Vec<usize> =
            self.under(name).filter_map(|(rest, _)| rest.strip_prefix('[')?.split(']').next()?.parse().ok()).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.keys().map(String::as_str)
    }

    pub fn fields(&self) -> &BTreeMap<String, String> {
        &self.fields
    }
}

/// Whether a parameter's name fits a pattern: `#` stands for a list index, `*` for any one key, `**` for anything below.
pub fn fits(pattern: &str, name: &str) -> bool {
    let mut wanted = pattern.split(['[', ']']).filter(|part| !part.is_empty());
    let mut given = name.split(['[', ']']).filter(|part| !part.is_empty());
    loop {
        match (wanted.next(), given.next()) {
            (None, None) | (Some("**"), _) => return true,
            (Some("#"), Some(part)) if part.bytes().all(|byte| byte.is_ascii_digit()) => {}
            (Some("*"), Some(_)) => {}
            (Some(want), Some(part)) if want == part => {}
            _ => return false,
        }
    }
}
