//! `river secrets list`: names, and where their values come from now.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use super::wanted::{Origin, Wanted, origin, wanted};
use super::{Place, unusable, warn};
use crate::auth::store::{SecretName, SecretStore};
use crate::cli::kept;
use crate::cli::problem::Problem;
use crate::cli::terminal::Terminal;
use crate::diagnostic::Sources;

/// Lists what is kept and what is wanted.
pub(super) fn list(terminal: &mut Terminal) -> Result<(), Problem> {
    let place = Place::here(terminal)?;
    let names = SecretStore::names(&place.state).map_err(|trouble| unusable(&trouble))?;
    let unreadable = unreadable(&names, &place, terminal)?;
    let wanted = wanted(&place.root, &terminal.folder);
    let rows = rows(&names, &unreadable, &wanted, &place, terminal);
    if rows.is_empty() {
        writeln!(terminal.out, "no secret is kept, and no file here names one")?;
        return Ok(());
    }
    for line in table(&rows) {
        writeln!(terminal.out, "{line}")?;
    }
    if !names.is_empty() {
        writeln!(terminal.out, "\nnew ones are kept as: {}", place.protection.kind())?;
    }
    Ok(())
}

/// The secrets that cannot be read, which is said of each.
fn unreadable(
    names: &[SecretName],
    place: &Place,
    terminal: &mut Terminal,
) -> Result<BTreeSet<String>, Problem> {
    let mut unreadable = BTreeSet::new();
    if names.is_empty() {
        return Ok(unreadable); // looking makes no folder
    }
    let opened = SecretStore::open(&place.state, place.protection.clone());
    let (store, troubles) = opened.map_err(|trouble| unusable(&trouble))?;
    warn(&troubles, terminal)?;
    let mut warnings = vec![];
    for name in names {
        let kept = store.read(name);
        warnings.extend(kept.trouble.iter().map(|trouble| kept::warning_of(trouble, name)));
        if kept.value.is_none() {
            unreadable.insert(name.as_str().to_owned());
        }
    }
    terminal.findings(&warnings, &Sources::default())?;
    Ok(unreadable)
}

/// Name, where from, by whom.
type Row = [String; 3];

fn rows(
    names: &[SecretName],
    unreadable: &BTreeSet<String>,
    wanted: &BTreeMap<String, Wanted>,
    place: &Place,
    terminal: &Terminal,
) -> Vec<Row> {
    let kept: BTreeSet<&str> = names.iter().map(SecretName::as_str).collect();
    let all: BTreeSet<&str> = kept.iter().copied().chain(wanted.keys().map(String::as_str)).collect();
    let row = |name: &str| {
        let from = match (origin(name, &place.root, &terminal.environment), kept.contains(name)) {
            (Origin::Environment, false) => "environment",
            (Origin::Environment, true) => "environment, also kept",
            (Origin::DotEnv, false) => ".env",
            (Origin::DotEnv, true) => ".env, also kept",
            (Origin::Neither, true) if unreadable.contains(name) => "kept, unreadable",
            (Origin::Neither, true) => "kept",
            (Origin::Neither, false) if wanted.get(name).is_some_and(|wanted| wanted.has_default) => {
                "missing, has a default"
            }
            (Origin::Neither, false) => "missing",
        };
        let by = wanted.get(name).map(|wanted| wanted.by.iter().cloned().collect::<Vec<_>>().join(", "));
        [name.to_owned(), from.to_owned(), by.unwrap_or_else(|| "nothing".to_owned())]
    };
    all.into_iter().map(row).collect()
}

fn table(rows: &[Row]) -> Vec<String> {
    let head = ["NAME", "FROM", "WANTED BY"].map(str::to_owned);
    let width = |column: usize| {
        let widths = std::iter::once(&head).chain(rows).map(|row| row[column].len());
        widths.max().unwrap_or_default()
    };
    let (name, from) = (width(0), width(1));
    let line = |row: &Row| format!("{:name$}  {:from$}  {}", row[0], row[1], row[2]);
    std::iter::once(&head).chain(rows).map(line).collect()
}
