//! Reading one parameter at a time, and saying what is wrong with it the way Stripe does. Which parameters there are is in
//! `known`.

use super::error::Refusal;
use crate::sandbox::form::{Form, fits};

/// Refuses the first parameter that none of the patterns knows.
pub fn check(form: &Form, known: &[&[&str]]) -> Result<(), Refusal> {
    for name in form.names() {
        if !known.iter().flat_map(|patterns| patterns.iter()).any(|pattern| fits(pattern, name)) {
            return Err(Refusal::unknown_parameter(name));
        }
    }
    Ok(())
}

/// A required parameter. Stripe tells one that is missing from one that was given empty.
pub fn required<'a>(form: &'a Form, name: &str) -> Result<&'a str, Refusal> {
    match form.get(name) {
        None => Err(Refusal::missing(name)),
        Some(value) if value.trim().is_empty() => Err(Refusal::invalid(format!(
            "You passed an empty string for '{name}'. We assume empty values are an attempt to unset a parameter; \
             however '{name}' cannot be unset."
        ))
        .code("parameter_invalid_empty")
        .param(name)),
        Some(value) => Ok(value),
    }
}

pub fn integer(form: &Form, name: &str) -> Result<Option<i64>, Refusal> {
    form.filled(name).map(|value| value.parse().map_err(|_| Refusal::not_an_integer(name, value))).transpose()
}

pub fn boolean(form: &Form, name: &str) -> Result<Option<bool>, Refusal> {
    match form.filled(name) {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(other) => Err(Refusal::invalid(format!("Invalid boolean: {other}")).param(name)),
    }
}

/// Metadata within Stripe's limits: 50 keys of 40 characters, values of 500.
pub fn metadata(form: &Form, name: &str) -> Result<super::ledger::Metadata, Refusal> {
    let map = form.map(name);
    if map.len() > 50 {
        return Err(Refusal::invalid("You can only have 50 metadata keys.").param(name));
    }
    for (key, value) in &map {
        let full = format!("{name}[{key}]");
        if key.chars().count() > 40 {
            return Err(
                Refusal::invalid(format!("Metadata keys can be up to 40 characters, '{key}' is longer.")).param(full)
            );
        }
        if value.chars().count() > 500 {
            return Err(Refusal::invalid("Metadata values must have up to 500 characters.").param(full));
        }
    }
    // An empty value unsets a key.
    Ok(map.into_iter().filter(|(_, value)| !value.is_empty()).collect())
}

/// One of a fixed set of words.
pub fn choice<'a>(form: &'a Form, name: &str, allowed: &[&str]) -> Result<Option<&'a str>, Refusal> {
    match form.filled(name) {
        None => Ok(None),
        Some(value) if allowed.contains(&value) => Ok(Some(value)),
        Some(value) => {
            Err(Refusal::invalid(format!("Invalid {name}: must be one of {}. You gave: {value}", allowed.join(", ")))
                .param(name))
        }
    }
}

/// An e-mail address as far as Stripe looks at one: something, an at sign, a domain with a dot.
pub fn email(value: &str, name: &str) -> Result<String, Refusal> {
    let well = value.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && domain.contains('.')
            && !domain.starts_with('.')
            && !domain.ends_with('.')
            && !domain.contains('@')
            && !value.chars().any(|c| c.is_whitespace() || c.is_control())
    });
    if well && value.len() <= 512 {
        Ok(value.to_owned())
    } else {
        Err(Refusal::invalid(format!("Invalid email address: {value}")).code("email_invalid").param(name))
    }
}
