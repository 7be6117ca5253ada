//! A CSV file (RFC 4180, lines end in a line feed) made of a spool and what was there before.

use super::Maker;
use super::changes::{Changes, Fate};
use super::sink::{Former, Sink};
use crate::plan::target::{ColumnType, Mode};
use crate::record::fields::{fields, unescape};
use crate::record::key::KeyReader;
use crate::record::schema::{Cell, Schema};
use crate::target::error::TargetError;

/// Writes the file; says how many rows went.
pub(super) fn write(
    maker: &Maker<'_>,
    separator: u8,
    former: Option<Former>,
    sink: &mut Sink,
) -> Result<u64, TargetError> {
    let mut rows = Rows::new(maker, separator);
    let former = former.filter(|_| !maker.plan.mode.replaces());
    match (&maker.plan.mode, former) {
        (Mode::Merge { key }, former) => merge(maker, key, former, &mut rows, sink),
        (Mode::Replace | Mode::Append, former) => {
            let start = former.map(|former| FormerRows::start(former, &rows, sink)).transpose()?;
            match start {
                None => sink.put_line(&rows.header())?,
                Some(former) => former.keep_rest(sink)?,
            }
            let mut puts = maker.puts()?;
            while let Some((_, record)) = puts.next()? {
                sink.put_line(rows.row(record))?;
                maker.count.record();
            }
            Ok(0)
        }
    }
}

fn merge(
    maker: &Maker<'_>,
    key: &[String],
    former: Option<Former>,
    rows: &mut Rows,
    sink: &mut Sink,
) -> Result<u64, TargetError> {
    let mut puts = maker.puts()?;
    let mut changes = Changes::read(
        KeyReader::new(key.to_vec(), maker.plan.format.compares_keys_as_text()),
        &mut puts,
        maker.deletes,
        maker.shown(),
    )?;
    let mut deleted = 0;
    match former {
        None => sink.put_line(&rows.header())?,
        Some(former) => {
            let mut former = FormerRows::start(former, rows, sink)?;
            let places = former.places_of(key);
            while former.next()? {
                former.split();
                let fate = changes.fate_of_texts(places.iter().map(|place| former.cell(*place)));
                match fate {
                    Fate::Stays => former.keep(sink)?,
                    Fate::Replaced(offset) => sink.put_line(rows.row(puts.at(offset)?))?,
                    Fate::Deleted => deleted += 1,
                    Fate::Doubled => {}
                }
            }
        }
    }
    let mut puts = maker.puts()?;
    while let Some((offset, record)) = puts.next()? {
        if changes.is_new(record, offset) {
            sink.put_line(rows.row(record))?;
        }
        maker.count.record();
    }
    Ok(deleted)
}

/// Makes rows of records.
pub(super) struct Rows {
    schema: Schema,
    separator: u8,
    types: Vec<Option<ColumnType>>,
    cells: Vec<Cell>,
    row: Vec<u8>,
    text: Vec<u8>,
}

impl Rows {
    pub(super) fn new(maker: &Maker<'_>, separator: u8) -> Self {
        let names: Vec<String> = maker.columns().into_iter().map(str::to_owned).collect();
        let declared = maker.plan.columns.declared.iter().flatten();
        let mut types = vec![None; names.len()];
        for column in declared {
            if let Some(place) = names.iter().position(|name| *name == column.name) {
                types[place] = column.kind;
            }
        }
        let schema = Schema::starting_with(names);
        Self { schema, separator, types, cells: vec![], row: vec![], text: vec![] }
    }

    pub(super) fn header(&self) -> Vec<u8> {
        let mut row = Vec::new();
        let columns = self.schema.columns();
        for (place, column) in columns.iter().enumerate() {
            separate(&mut row, self.separator, place);
            put_text(column.name.as_bytes(), self.separator, &mut row);
        }
        end_row(&mut row, columns.len());
        row
    }

    /// The row of a record, its line feed included.
    pub(super) fn row(&mut self, record: &[u8]) -> &[u8] {
        self.row.clear();
        self.row.shrink_to(1024 * 1024); // one huge record must not keep its memory
        if let Some(fields) = fields(record) {
            self.schema.row(record, fields, &mut self.cells);
        }
        for (place, (start, end)) in self.cells.iter().enumerate() {
            separate(&mut self.row, self.separator, place);
            let value = &record[*start..*end];
            match value.first() {
                None | Some(b'n') => {}
                Some(b'"') if !self.types[place].is_some_and(ColumnType::holds_json) => {
                    let inside = &value[1..value.len() - 1];
                    if memchr::memchr(b'\\', inside).is_none() {
                        put_text(inside, self.separator, &mut self.row);
                    } else {
                        self.text.clear();
                        // It was checked before it was spooled.
                        let _ = unescape(inside, &mut self.text);
                        put_text(&self.text, self.separator, &mut self.row);
                    }
                }
                Some(b'"' | b'{' | b'[') => put_text(value, self.separator, &mut self.row),
                Some(_) => self.row.extend_from_slice(value),
            }
        }
        end_row(&mut self.row, self.cells.len());
        &self.row
    }
}

fn separate(row: &mut Vec<u8>, separator: u8, place: usize) {
    if place > 0 {
        row.push(separator);
    }
}

/// A row of one empty cell would be an empty line, which readers pass over.
fn end_row(row: &mut Vec<u8>, columns: usize) {
    if columns == 1 && row.is_empty() {
        row.extend_from_slice(b"\"\"");
    }
    row.push(b'\n');
}

fn put_text(text: &[u8], separator: u8, row: &mut Vec<u8>) {
    if memchr::memchr3(separator, b'"', b'\n', text).is_none() && memchr::memchr(b'\r', text).is_none() {
        row.extend_from_slice(text);
        return;
    }
    row.push(b'"');
    let mut rest = text;
    while let Some(quote) = memchr::memchr(b'"', rest) {
        row.extend_from_slice(&rest[..=quote]);
        row.push(b'"');
        rest = &rest[quote + 1..];
    }
    row.extend_from_slice(rest);
    row.push(b'"');
}

/// The rows of the file that is there.
struct FormerRows {
    file: RowReader,
    separator: u8,
    header: Vec<String>,
    /// Columns that were not there yet.
    added: usize,
    cells: Vec<Vec<u8>>,
}

impl FormerRows {
    /// Reads its header and writes the new one; as it is if no column is new.
    fn start(former: Former, rows: &Rows, sink: &mut Sink) -> Result<Self, TargetError> {
        let mut file = RowReader { former, row: vec![] };
        file.next()?;
        let separator = rows.separator;
        let header = names_of(&file.row, separator);
        let added = rows.schema.columns().len().saturating_sub(header.len());
        if added == 0 {
            sink.put_line(&file.row)?;
        } else {
            sink.put_line(&rows.header())?;
        }
        Ok(Self { file, separator, header, added, cells: vec![] })
    }

    fn next(&mut self) -> Result<bool, TargetError> {
        self.file.next()
    }

    /// Writes all the rows that were not read yet.
    fn keep_rest(mut self, sink: &mut Sink) -> Result<(), TargetError> {
        if self.added == 0 {
            return sink.put_rest(&mut self.file.former);
        }
        while self.next()? {
            self.keep(sink)?;
        }
        Ok(())
    }

    /// Reads the cells of the row at hand.
    fn split(&mut self) {
        split(&self.file.row, self.separator, &mut self.cells);
    }

    /// Writes the row as it is, with an empty cell for each new column.
    fn keep(&self, sink: &mut Sink) -> Result<(), TargetError> {
        if self.added == 0 {
            return sink.put_line(&self.file.row);
        }
        let mut row = without_line_end(&self.file.row).to_vec();
        row.resize(row.len() + self.added, self.separator);
        sink.put_record(&row)
    }

    /// Where the columns of the key are; they were found when the run began.
    fn places_of(&self, key: &[String]) -> Vec<usize> {
        key.iter().filter_map(|name| self.header.iter().position(|known| known == name)).collect()
    }

    /// A cell of the row that was split.
    fn cell(&self, place: usize) -> &[u8] {
        self.cells.get(place).map_or(&[], Vec::as_slice)
    }
}

/// Rows with their line ends, as they are; a line break within quotes does not end one.
struct RowReader {
    former: Former,
    row: Vec<u8>,
}

impl RowReader {
    fn next(&mut self) -> Result<bool, TargetError> {
        let mut row = std::mem::take(&mut self.row);
        row.clear();
        let mut line = Vec::new();
        let mut open = false;
        while self.former.line(&mut line)? {
            open ^= memchr::memchr_iter(b'"', &line).count() % 2 == 1;
            row.extend_from_slice(&line);
            if !open {
                break;
            }
        }
        self.row = row;
        Ok(!self.row.is_empty())
    }
}

/// The names in the header of a file that is there; those of `key` must be among them.
pub(super) fn header_of(
    former: Former,
    separator: u8,
    key: &[String],
    shown: &str,
) -> Result<Vec<String>, TargetError> {
    let mut file = RowReader { former, row: vec![] };
    file.next()?;
    let names = names_of(&file.row, separator);
    let twice = names.iter().enumerate().find(|(place, name)| names[..*place].contains(name));
    let problem = if let Some((_, name)) = twice {
        format!("has the column `{name}` twice in its header")
    } else if let Some(name) = key.iter().find(|name| !names.contains(name)) {
        format!("has no column `{name}`, which is the key")
    } else {
        return Ok(names);
    };
    Err(TargetError::Header { shown: shown.to_owned(), problem })
}

fn names_of(header: &[u8], separator: u8) -> Vec<String> {
    let header = header.strip_prefix("\u{feff}".as_bytes()).unwrap_or(header);
    let mut cells = Vec::new();
    split(header, separator, &mut cells);
    cells.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect()
}

/// The cells of a row, without their quotes.
fn split(row: &[u8], separator: u8, cells: &mut Vec<Vec<u8>>) {
    let mut rest = without_line_end(row);
    cells.clear();
    loop {
        let mut cell = Vec::new();
        if let Some(quoted) = rest.strip_prefix(b"\"") {
            rest = quoted;
            while let Some(quote) = memchr::memchr(b'"', rest) {
                cell.extend_from_slice(&rest[..quote]);
                rest = &rest[quote + 1..];
                match rest.strip_prefix(b"\"") {
                    Some(more) => {
                        cell.push(b'"');
                        rest = more;
                    }
                    None => break,
                }
            }
        }
        let end = memchr::memchr(separator, rest);
        cell.extend_from_slice(&rest[..end.unwrap_or(rest.len())]);
        cells.push(cell);
        match end {
            Some(at) => rest = &rest[at + 1..],
            None => return,
        }
    }
}

fn without_line_end(row: &[u8]) -> &[u8] {
    let row = row.strip_suffix(b"\n").unwrap_or(row);
    row.strip_suffix(b"\r").unwrap_or(row)
}
