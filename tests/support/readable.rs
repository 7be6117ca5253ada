//! Files that are no text, as text that a case can hold: databases as their statements, compressed files as they were.

use std::io::{Read, Write};
use std::path::Path;

use rusqlite::Connection;

/// The file as it is, unless something readable can be made of it.
pub(crate) fn readable(bytes: Vec<u8>) -> Vec<u8> {
    let mut text = Vec::new();
    if bytes.starts_with(b"SQLite format 3\0") {
        return dump(&bytes).unwrap_or_else(|error| error).into_bytes();
    }
    let unpacked = match bytes.as_slice() {
        [0x1f, 0x8b, ..] => flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_end(&mut text).is_ok(),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            zstd::Decoder::new(&bytes[..]).and_then(|mut decoder| decoder.read_to_end(&mut text)).is_ok()
        }
        _ => false,
    };
    if unpacked { text } else { bytes }
}

/// Makes a database.
pub(crate) fn make_database(path: &Path, sql: &str) -> Result<(), String> {
    path.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(|error| error.to_string())?;
    let made = Connection::open(path).and_then(|database| database.execute_batch(sql));
    made.map_err(|error| format!("{}: {error}", path.display()))
}

/// A text as a file whose name ends like this would hold it.
pub(crate) fn compressed(path: &Path, text: &str) -> Result<Vec<u8>, String> {
    let packed = match path.extension().and_then(std::ffi::OsStr::to_str) {
        Some("gz") => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish())
        }
        _ => zstd::encode_all(text.as_bytes(), 1),
    };
    packed.map_err(|error| error.to_string())
}

/// Every table with its rows, and whatever else there is. Ids of runs are left out.
fn dump(bytes: &[u8]) -> Result<String, String> {
    let file = tempfile::NamedTempFile::new().map_err(|error| error.to_string())?;
    std::fs::write(file.path(), bytes).map_err(|error| error.to_string())?;
    statements(&Connection::open(file.path()).map_err(|error| error.to_string())?)
        .map_err(|error| error.to_string())
}

fn statements(database: &Connection) -> rusqlite::Result<String> {
    let mut text = String::new();
    let mut objects =
        database.prepare("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")?;
    let objects = objects.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    for object in objects {
        let (kind, name, sql): (String, String, String) = object?;
        if name.starts_with("_river_") {
            continue;
        }
        text += &[sql.as_str(), ";\n"].concat();
        if kind == "table" {
            text += &rows(database, &name)?;
        }
    }
    if database.prepare("SELECT 1 FROM _river_state").is_ok() {
        let marks: Vec<String> = database
            .prepare(
                "SELECT \"table\" || ': ' || count(*) || ' loaded' FROM _river_state GROUP BY \"table\" ORDER BY 1",
            )?
            .query_map([], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        text += &["-- ", &marks.join(", "), "\n"].concat();
    }
    Ok(text)
}

fn rows(database: &Connection, table: &str) -> rusqlite::Result<String> {
    let columns: Vec<String> = database
        .prepare("SELECT 'quote(\"' || replace(name, '\"', '\"\"') || '\")' FROM pragma_table_info(?1)")?
        .query_map([table], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let sql = format!("SELECT {} FROM \"{}\"", columns.join(" || ', ' || "), table.replace('"', "\"\""));
    let rows: Vec<String> =
        database.prepare(&sql)?.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    Ok(rows.iter().flat_map(|row| ["  (", row, ")\n"]).collect())
}
