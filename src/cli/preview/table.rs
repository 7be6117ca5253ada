//! Records side by side, as wide as the terminal, or each as a block.

use bytes::Bytes;

use super::cell::{Cell, Kind, cut, text_of, width};
use crate::diagnostic::Style;
use crate::record::fields::fields;

/// Between two columns.
const GAP: &str = "  ";

/// A column is not made narrower than this while others can be left out.
const NARROW: usize = 8;

/// The name of the column of records that are no objects.
const VALUE: &str = "value";

/// Records as rows.
#[derive(Debug)]
pub(super) struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A column for each key, in the order in which they come.
    pub(super) fn of(records: &[Bytes]) -> Self {
        let mut table = Self { columns: vec![], rows: vec![] };
        for record in records {
            table.add(record);
        }
        let columns = table.columns.len();
        table.rows.iter_mut().for_each(|row| row.resize(columns, Cell::empty()));
        table
    }

    fn add(&mut self, record: &[u8]) {
        let mut row = Vec::new();
        let members = fields(record).into_iter().flatten().map(|field| (text_of(field.key), field.value));
        let mut members: Vec<(String, &[u8])> = members.collect();
        if fields(record).is_none() {
            members.push((VALUE.to_owned(), record));
        }
        for (name, value) in members {
            let known = self.columns.iter().position(|column| *column == name);
            let column = known.unwrap_or_else(|| {
                self.columns.push(name);
                self.columns.len() - 1
            });
            if row.len() <= column {
                row.resize(column + 1, Cell::empty());
            }
            row[column] = Cell::of(value);
        }
        self.rows.push(row);
    }

    /// A line for each record, at most so wide. Columns are cut, and if that is not enough the last ones are left out.
    pub(super) fn fitted(&self, most: usize, style: Style) -> String {
        let natural: Vec<usize> = (0..self.columns.len()).map(|column| self.natural_width(column)).collect();
        let shown = (1..=natural.len()).rev().find(|count| needed(&natural[..*count], NARROW) <= most);
        let shown = shown.unwrap_or(1.min(natural.len()));
        let widest = natural.iter().copied().max().unwrap_or_default();
        let cap = (NARROW..=widest).rev().find(|cap| needed(&natural[..shown], *cap) <= most);
        let cap = cap.unwrap_or_else(|| most.clamp(1, NARROW));
        let widths = spread(&natural[..shown], cap, most);
        let mut lines = vec![self.heading(&widths)];
        lines.push(widths.iter().map(|width| "─".repeat(*width)).collect::<Vec<_>>().join(GAP));
        lines.extend(self.rows.iter().map(|row| {
            let cells = row.iter().zip(&widths).map(|(cell, width)| padded(cell, *width, style));
            cells.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
        }));
        if shown < self.columns.len() {
            let left: Vec<&str> = self.columns[shown..].iter().map(String::as_str).collect();
            let columns = if left.len() == 1 { "column" } else { "columns" };
            lines.push(format!(
                "and {} more {columns}, which `--long` shows: {}",
                left.len(),
                left.join(", ")
            ));
        }
        lines.push(String::new());
        lines.join("\n")
    }

    /// A block for each record, nothing cut.
    pub(super) fn blocks(&self, style: Style) -> String {
        let names = self.columns.iter().map(|column| width(column)).max().unwrap_or_default();
        let block = |(number, row): (usize, &Vec<Cell>)| {
            let there = self.columns.iter().zip(row).filter(|(_, cell)| **cell != Cell::empty());
            let lines = there.map(|(column, cell)| {
                let gap = " ".repeat(names - width(column));
                format!("  {column}{gap}{GAP}{}\n", styled(&cell.text, cell.kind, style))
            });
            format!("record {}\n{}", number + 1, lines.collect::<String>())
        };
        self.rows.iter().enumerate().map(block).collect::<Vec<_>>().join("\n")
    }

    fn heading(&self, widths: &[usize]) -> String {
        let titles = self.columns.iter().zip(widths).enumerate().map(|(column, (name, width))| {
            let of_numbers = self.rows.iter().any(|row| row[column].kind.stands_at_the_right());
            let kind = if of_numbers { Kind::Number } else { Kind::Other };
            padded(&Cell { text: name.clone(), kind }, *width, Style::Plain)
        });
        titles.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
    }

    fn natural_width(&self, column: usize) -> usize {
        let cells = self.rows.iter().map(|row| row[column].width());
        cells.max().unwrap_or_default().max(width(&self.columns[column])).max(1)
    }
}

/// The width of columns that are at most so wide.
fn needed(natural: &[usize], cap: usize) -> usize {
    let gaps = natural.len().saturating_sub(1) * GAP.len();
    natural.iter().map(|width| width.min(&cap)).sum::<usize>() + gaps
}

/// The widths of columns that are at most so wide; what room is left goes to the first ones that are cut.
fn spread(natural: &[usize], cap: usize, most: usize) -> Vec<usize> {
    let mut left = most.saturating_sub(needed(natural, cap));
    let width = |natural: &usize| {
        let more = natural.saturating_sub(cap).min(left);
        left -= more;
        *natural.min(&cap) + more
    };
    natural.iter().map(width).collect()
}

fn padded(cell: &Cell, to: usize, style: Style) -> String {
    let text = cut(&cell.text, to);
    let gap = " ".repeat(to.saturating_sub(width(&text)));
    let text = styled(&text, cell.kind, style);
    if cell.kind.stands_at_the_right() { gap + &text } else { text + &gap }
}

fn styled(text: &str, kind: Kind, style: Style) -> String {
    if kind.is_dim() && style.is_coloured() { format!("\u{1b}[2m{text}\u{1b}[0m") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn table(records: &[&str]) -> Table {
        let records: Vec<Bytes> =
            records.iter().map(|text| Bytes::copy_from_slice(text.as_bytes())).collect();
        Table::of(&records)
    }

    #[test]
    fn columns_are_all_keys_in_the_order_they_come() {
        let table = table(&[r#"{"id":1,"name":"Ada"}"#, r#"{"b":null,"id":22}"#, "7", r#"{"id":3,"id":4}"#]);
        let expected = [
            "id  name  b     value",
            "──  ────  ────  ─────",
            " 1  Ada",
            "22        null",
            "                    7",
            " 4",
            "",
        ];
        assert_eq!(table.fitted(80, Style::Plain), expected.join("\n"));
    }

    #[test]
    fn wide_columns_are_cut_and_the_last_ones_left_out() {
        let table = table(&[r#"{"a":"aaaaaaaaaaaaaaaaaaaa","b":"bbbbbbbbbbbbbbbbbbbb","c":12345678901234}"#]);
        let first = |width| table.fitted(width, Style::Plain).lines().nth(2).unwrap().to_owned();
        assert_eq!(first(60), "aaaaaaaaaaaaaaaaaaaa  bbbbbbbbbbbbbbbbbbbb  12345678901234");
        assert_eq!(first(36), "aaaaaaaaaaa…  bbbbbbbbb…  123456789…");
        assert_eq!(first(20), "aaaaaaaa…  bbbbbbbb…");
        assert!(table.fitted(20, Style::Plain).ends_with("and 1 more column, which `--long` shows: c\n"));
        assert_eq!(first(3), "aa…");
    }

    #[test]
    fn null_is_dim_and_takes_no_room_for_that() {
        let table = table(&[r#"{"a":null,"b":"x"}"#]);
        assert_eq!(table.fitted(80, Style::Coloured).lines().nth(2), Some("\u{1b}[2mnull\u{1b}[0m  x"));
        assert_eq!(table.blocks(Style::Coloured), "record 1\n  a  \u{1b}[2mnull\u{1b}[0m\n  b  x\n");
    }

    #[test]
    fn blocks_cut_nothing() {
        let table = table(&[r#"{"id":1,"deep":{"a":[1, 2]}}"#, r#"{"id":2}"#]);
        let expected = "record 1\n  id    1\n  deep  {\"a\":[1, 2]}\n\nrecord 2\n  id    2\n";
        assert_eq!(table.blocks(Style::Plain), expected);
    }

    proptest! {
        #[test]
        fn no_row_is_wider_than_the_terminal(
            rows in prop::collection::vec(prop::collection::vec(any::<String>(), 1..6), 1..4),
            most in 1_usize..60,
        ) {
            let record = |row: &Vec<String>| {
                let members = row.iter().enumerate().map(|(at, text)| (format!("k{at}"), text.clone().into()));
                serde_json::Value::Object(members.collect()).to_string()
            };
            let texts: Vec<String> = rows.iter().map(record).collect();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let text = table(&texts).fitted(most, Style::Plain);
            for line in text.lines().take(2 + rows.len()) {
                prop_assert!(width(line) <= most, "{line:?} is wider than {most}");
            }
        }
    }
}
