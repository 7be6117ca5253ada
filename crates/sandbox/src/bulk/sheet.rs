//! Records as a CSV file in a zip.
//!
//! Zoho: `id` is always among the columns. Guess: it is the first one; how values with several parts are written.

use std::io::{Cursor, Write};

use bytes::Bytes;
use serde_json::Value;
use zip::ZipWriter;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;

use crate::query::Path;
use crate::records::{Organisation, Record};

/// A zip that holds the single file `{name}.csv`.
pub(super) fn zipped(
    name: &str,
    organisation: &Organisation,
    paths: &[Path],
    records: &[Record<'_>],
) -> Result<Bytes, ZipError> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(format!("{name}.csv"), SimpleFileOptions::default())?;
    zip.write_all(&sheet(organisation, paths, records)?)?;
    Ok(zip.finish()?.into_inner().into())
}

fn sheet(
    organisation: &Organisation,
    paths: &[Path],
    records: &[Record<'_>],
) -> Result<Vec<u8>, std::io::Error> {
    let mut sheet = csv::Writer::from_writer(Vec::new());
    sheet.write_record(["id"].into_iter().chain(paths.iter().map(Path::name)))?;
    for record in records {
        let cells = paths.iter().map(|path| cell(&path.value(organisation, record)));
        sheet.write_record([record.id().to_string()].into_iter().chain(cells))?;
    }
    sheet.into_inner().map_err(csv::IntoInnerError::into_error)
}

/// A value as text: a lookup as its id, several choices separated by `;`.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(parts) => {
            let part = |part: &Value| part.get("name").map_or_else(|| cell(part), cell);
            parts.iter().map(part).collect::<Vec<_>>().join(";")
        }
        Value::Object(lookup) => lookup.get("id").map(cell).unwrap_or_default(),
    }
}
