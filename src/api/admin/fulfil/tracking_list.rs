//! Reading a list of tracking numbers as people have it: pasted from a spreadsheet or saved by one, with commas,
//! semicolons or tabs, with or without a header, the columns in either order.

use crate::domain::ids::PreorderNumber;
use crate::workflows::keep_order_list::ListRow;

/// Rows that are taken at once.
pub const MOST: usize = 2000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    #[error("Paste a list or choose a file: a preorder number and a tracking number on each line.")]
    Empty,
    #[error("That is more than 2,000 rows. Split the list.")]
    TooLong,
    #[error("No line begins with a preorder number such as ROL-7KQ2M9XA. Is it the right file?")]
    NoNumbers,
}

pub fn read(text: &str) -> Result<Vec<ListRow>, ListError> {
    let text = text.trim_start_matches('\u{feff}').replace('\0', "");
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .delimiter(delimiter(&text))
        .from_reader(text.as_bytes());
    let mut rows: Vec<ListRow> = Vec::new();
    let mut tracking_column = None;
    let mut lines = Lines { text: text.as_bytes(), at: 0, line: 1 };
    for record in reader.records() {
        let Ok(record) = record else { continue };
        let line = lines.of(record.position().map_or(0, csv::Position::byte) as usize);
        let fields: Vec<&str> = record.iter().collect();
        if fields.iter().all(|field| field.is_empty()) {
            continue;
        }
        if rows.is_empty() && is_header(&fields) {
            tracking_column = fields.iter().position(|field| field.to_lowercase().contains("track"));
            continue;
        }
        if rows.len() == MOST {
            return Err(ListError::TooLong);
        }
        rows.push(row(line, &fields, tracking_column));
    }
    if rows.is_empty() {
        return Err(ListError::Empty);
    }
    if !rows.iter().any(|row| PreorderNumber::parse(&row.number).is_some()) {
        return Err(ListError::NoNumbers);
    }
    Ok(rows)
}

/// Counts lines as an editor does. (The reader's own count stands before the line breaks that a record begins with.)
struct Lines<'a> {
    text: &'a [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line of a record that begins at `start` or after the line breaks there; records come in order.
    fn of(&mut self, start: usize) -> u64 {
        while let Some(&byte) = self.text.get(self.at)
            && (self.at < start || byte == b'\n' || byte == b'\r')
        {
            self.line += u64::from(byte == b'\n');
            self.at += 1;
        }
        self.line
    }
}

/// What stands most often between the fields of the first lines.
fn delimiter(text: &str) -> u8 {
    let head: Vec<&str> = text.lines().take(20).collect();
    let count = |mark: u8| head.iter().map(|line| line.bytes().filter(|b| *b == mark).count()).sum::<usize>();
    [b'\t', b';', b','].into_iter().max_by_key(|mark| (count(*mark), *mark == b',')).unwrap_or(b',')
}

/// Words and no digits.
fn is_header(fields: &[&str]) -> bool {
    let words = fields.iter().all(|field| !field.bytes().any(|b| b.is_ascii_digit()));
    words && fields.iter().all(|field| number(field).is_none())
}

fn number(field: &str) -> Option<PreorderNumber> {
    PreorderNumber::parse(field)
}

fn row(line: u64, fields: &[&str], tracking_column: Option<usize>) -> ListRow {
    let with_prefix = |field: &&str| field.to_ascii_uppercase().starts_with("ROL") && number(field).is_some();
    // A tracking number of eight letters may look like a preorder's; its own prefix tells them apart.
    let numbered = tracking_column
        .and_then(|tracking| (0..fields.len()).find(|&index| index != tracking && !fields[index].is_empty()))
        .or_else(|| fields.iter().position(with_prefix))
        .or_else(|| fields.iter().position(|field| number(field).is_some()))
        .unwrap_or(0);
    let tracking = tracking_column
        .or_else(|| (0..fields.len()).find(|&index| index != numbered && !fields[index].is_empty()))
        .and_then(|index| fields.get(index))
        .filter(|_| fields.len() > 1);
    let typed: String = fields[numbered].chars().take(60).collect();
    ListRow {
        line,
        number: number(&typed).map_or(typed, |known| known.as_str().to_owned()),
        tracking: tracking.map(|field| field.chars().take(100).collect()).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn short(text: &str) -> Vec<(u64, String, String)> {
        read(text).unwrap_or_default().into_iter().map(|row| (row.line, row.number, row.tracking)).collect()
    }

    #[test]
    fn a_list_is_read_however_a_spreadsheet_writes_it() {
        let expected = vec![
            (2, "ROL-7KQ2M9XA".to_owned(), "1Z999AA1".to_owned()),
            (3, "ROL-D4W8HJ3P".to_owned(), "1Z 999 AA2".to_owned()),
        ];
        for text in [
            "number,tracking\nROL-7KQ2M9XA,1Z999AA1\nrol d4w8hj3p,1Z 999 AA2\n",
            "Tracking number;Preorder\r\n1Z999AA1;ROL-7KQ2M9XA\r\n1Z 999 AA2;D4W8HJ3P\r\n",
            "\u{feff}a\tb\nROL-7KQ2M9XA\t1Z999AA1\n\"1Z 999 AA2\"\tROL-D4W8HJ3P",
        ] {
            assert_eq!(short(text), expected, "{text:?}");
        }
        assert_eq!(short("ROL-7KQ2M9XA,22345678")[0].2, "22345678", "eight digits are no preorder beside one");
        assert_eq!(short("22345678,ROL-7KQ2M9XA")[0].1, "ROL-7KQ2M9XA");
    }

    #[test]
    fn rows_that_are_wrong_are_kept_with_their_line_to_be_named() {
        let rows = short("\nROL-7KQ2M9XA,1Z1\n\nnonsense,1Z2\nROL-D4W8HJ3P\n");
        assert_eq!(
            rows,
            [
                (2, "ROL-7KQ2M9XA".to_owned(), "1Z1".to_owned()),
                (4, "nonsense".to_owned(), "1Z2".to_owned()),
                (5, "ROL-D4W8HJ3P".to_owned(), String::new()),
            ]
        );
        assert_eq!(read(" \n"), Err(ListError::Empty));
        assert_eq!(read("number,tracking\n"), Err(ListError::Empty));
        assert_eq!(read("1Z1,1Z2"), Err(ListError::NoNumbers));
        let many = "ROL-7KQ2M9XA,1Z1\n".repeat(MOST + 1);
        assert_eq!(read(&many), Err(ListError::TooLong));
    }

    proptest::proptest! {
        #[test]
        fn no_text_whatever_makes_it_panic(text: String, fields in proptest::collection::vec("[ROL0-9A-Z,;\t\"\n-]{0,12}", 0..20)) {
            let _ = (read(&text), read(&fields.join(",")));
        }
    }
}
