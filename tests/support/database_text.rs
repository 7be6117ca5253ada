//! A database as the statements that make it, and back: frozen states are kept as text, which a person can read and
//! which names no folder of the machine it was written on.

use std::fmt::Write as _;
use std::path::Path;

use rusqlite::Connection;

/// Stands for the folder of the project.
const ROOT: &str = "{root}";

/// All of a database: its version, tables with their rows, indices.
pub(crate) fn dump(path: &Path, root: &Path) -> rusqlite::Result<String> {
    let database = Connection::open(path)?;
    let mut text = String::new();
    for name in ["application_id", "user_version"] {
        let value: i64 = database.pragma_query_value(None, name, |row| row.get(0))?;
        let _ = writeln!(text, "PRAGMA {name} = {value};");
    }

    let mut objects =
        database.prepare("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid")?;
    let objects = objects.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    for object in objects {
        let (kind, name, sql): (String, String, String) = object?;
        let _ = writeln!(text, "{sql};");
        if kind == "table" {
            text += &rows(&database, &name)?;
        }
    }
    Ok(text.replace(&root.display().to_string(), ROOT))
}

/// Makes a database that was dumped, in another folder.
pub(crate) fn restore(text: &str, path: &Path, root: &Path) -> rusqlite::Result<()> {
    let text = text.replace(ROOT, &root.display().to_string());
    Connection::open(path)?.execute_batch(&format!("BEGIN;{text}COMMIT;"))
}

fn rows(database: &Connection, table: &str) -> rusqlite::Result<String> {
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let columns: Vec<String> = database
        .prepare("SELECT name FROM pragma_table_info(?1)")?
        .query_map([table], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let values: Vec<String> = columns.iter().map(|name| format!("quote({})", quoted(name))).collect();
    let sql = format!("SELECT {} FROM {}", values.join(" || ', ' || "), quoted(table));
    let rows: Vec<String> =
        database.prepare(&sql)?.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let (begin, end) = (format!("INSERT INTO {} VALUES (", quoted(table)), ");\n");
    Ok(rows.iter().flat_map(|row| [begin.as_str(), row, end]).collect())
}
