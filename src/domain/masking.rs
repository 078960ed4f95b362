//! Addresses for eyes that need not read them: enough to recognise one, too little to write to it.

/// `ana@example.com` → `a•••@example.com`.
pub fn email(address: &str) -> String {
    match address.split_once('@') {
        Some((name, host)) => format!("{}•••@{host}", name.chars().next().map(String::from).unwrap_or_default()),
        None => "•••".to_owned(),
    }
}

/// The last two digits: `+49 •••• 89`.
pub fn phone(number: &str) -> String {
    let digits: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
    let tail: String = digits.iter().skip(digits.len().saturating_sub(2)).collect();
    format!("•••• {tail}")
}

/// A name's first letter.
pub fn name(name: &str) -> String {
    name.chars().next().map_or_else(String::new, |first| format!("{first}•••"))
}

/// A parcel's address: its country is all that is left, `•••, DE`.
pub fn postal(address: &str) -> String {
    match address.rsplit_once(", ") {
        Some((_, country)) if country.len() == 2 => format!("•••, {country}"),
        _ => "•••".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_recognised_and_can_not_be_written_to() {
        assert_eq!(email("ana@example.com"), "a•••@example.com");
        assert_eq!(email("nonsense"), "•••");
        assert_eq!(phone("+4915123456789"), "•••• 89");
        assert_eq!(name("李 Wei"), "李•••");
        assert_eq!(postal("Ana, Torstraße 1, 10119, Berlin, DE"), "•••, DE");
    }
}
