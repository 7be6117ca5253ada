//! One target: which keys go together, and what they mean.

use std::path::Path;

use super::{ColumnsPlan, DeclaredColumn, FilePlan, Landing, Mode, OnNewColumn, SqlitePlan, TargetKind};
use crate::diagnostic::{Code, Diagnostic, Findings, Span};
use crate::plan::params::Param;
use crate::plan::scope::Scope;
use crate::spec::node::Text;
use crate::spec::pipeline::{FieldNames, TargetKindWord, TargetMode, TargetSpec};
use crate::spec::table::SpecField;

/// What the path of a target may depend on.
#[derive(Debug)]
pub struct Settings<'a> {
    /// The folder to which relative paths belong.
    pub root: &'a Path,
    /// The params with their values.
    pub params: &'a [Param],
    /// The params as names.
    pub scope: Scope,
    /// Whether all params have their values.
    pub complete: bool,
    /// Whether nothing may be written outside the root (`--sandbox`).
    pub confined: bool,
}

/// One target of a pipeline while it is compiled.
pub(super) struct Compiler<'s, 'f> {
    pub(super) settings: &'s Settings<'s>,
    pub(super) spec: &'s TargetSpec,
    pub(super) findings: &'f mut Findings,
}

/// A key that the author gave, and where.
type GivenKey = (&'static str, Span);

impl Settings<'_> {
    /// Compiles a target. `name` is its name if it is declared: the default of `table`.
    pub(super) fn kind(
        &self,
        spec: &TargetSpec,
        name: Option<&str>,
        findings: &mut Findings,
    ) -> Option<(TargetKind, bool)> {
        Compiler { settings: self, spec, findings }.kind(name)
    }
}

impl Compiler<'_, '_> {
    fn kind(&mut self, name: Option<&str>) -> Option<(TargetKind, bool)> {
        let word = *self.spec.kind.given()?;
        let fits = self.refuse_misfits(word);
        let mode = self.mode();
        let columns = self.columns();
        let partition_by = self.spec.partition_by.given().map(|names| self.names("partition_by", names));
        let diverts = self.spec.on_bad_record.given().is_some_and(|word| word.value.diverts());
        if word.is_printed() {
            return fits.then_some((TargetKind::Stdout, false));
        }
        let place = self.place();
        let table = if word.has_table() { self.table(name) } else { None };
        let (mode, columns, place) = (mode?, columns?, place?);
        if self.spec.partition_by.is_absent() {
            self.warn_of_ending(&place);
        }
        let partition_by = partition_by.unwrap_or(Some(vec![]))?;
        let kind = match word.landing() {
            Landing::File(format) => TargetKind::File(FilePlan {
                format,
                place,
                mode,
                begins_empty: false,
                partition_by,
                compress: self.spec.compress.given().map(|word| word.value),
                columns,
            }),
            Landing::Table => {
                TargetKind::Sqlite(SqlitePlan { place, table: table?, mode, begins_empty: false, columns })
            }
            Landing::Output => TargetKind::Stdout,
        };
        fits.then_some((kind, diverts))
    }

    /// Keys that say nothing to a kind or beside each other.
    fn refuse_misfits(&mut self, word: TargetKindWord) -> bool {
        let merges = self.spec.mode.given().is_some_and(|mode| mode.value.merges());
        let mut refused = vec![];
        for (key, span) in self.given() {
            if let Some((message, help)) = misfit(word, key) {
                refused.push((message, span, help.to_owned()));
            }
        }
        if let Some(mode) = self.spec.mode.given()
            && word.is_printed()
            && !mode.value.replaces()
        {
            let message = "`mode` does not go with `kind: stdout`".to_owned();
            refused.push((message, mode.span, "leave it out: what is printed stays printed".to_owned()));
        }
        if let Some(key) = self.spec.key.given()
            && !merges
            && !word.is_printed()
        {
            let message = "`key` goes with `mode: merge`".to_owned();
            refused.push((message, key.span, "leave it out, or write `mode: merge`".to_owned()));
        }
        if let Some(new) = self.spec.on_new_column.given()
            && word.has_columns()
            && self.spec.columns.is_absent()
            && self.spec.mode.given().is_none_or(|mode| mode.value.replaces())
        {
            let message = "with `mode: replace` and without `columns` no column is new".to_owned();
            refused.push((message, new.span, "leave `on_new_column` out, or give `columns`".to_owned()));
        }
        if let Some(bad) = self.spec.on_bad_record.given()
            && word.is_file()
            && !word.has_columns()
            && !merges
            && self.spec.partition_by.is_absent()
        {
            let message = "every record can land here: `on_bad_record` has nothing to decide".to_owned();
            let help = "leave it out; it is for tables, and for files with `key` or `partition_by`";
            refused.push((message, bad.span, help.to_owned()));
        }
        if let Some(partition) = self.spec.partition_by.given()
            && merges
            && word.is_file()
        {
            let message = format!(
                "`mode: merge` with `partition_by` is part of the language, but river {} does not do it yet",
                env!("CARGO_PKG_VERSION")
            );
            let finding = Diagnostic::error(Code::NotBuilt, message).at(partition.span, "not built yet");
            self.findings.push(finding.help("merge into one file, or into a table with `kind: sqlite`"));
            return false;
        }
        let fits = refused.is_empty();
        for (message, span, help) in refused {
            self.findings.push(Diagnostic::error(Code::KeyConflict, message).at(span, "").help(help));
        }
        fits
    }

    /// The keys that the author gave, but for `kind` and `mode`.
    fn given(&self) -> Vec<GivenKey> {
        let spec = self.spec;
        let keys = [
            ("path", spec.path.given().map(|path| path.0.span)),
            ("table", spec.table.given().map(|table| table.0.span)),
            ("key", spec.key.given().map(|key| key.span)),
            ("partition_by", spec.partition_by.given().map(|names| names.span)),
            ("compress", spec.compress.given().map(|word| word.span)),
            ("columns", spec.columns.given().map(|columns| columns.span)),
            ("on_new_column", spec.on_new_column.given().map(|word| word.span)),
            ("on_bad_record", spec.on_bad_record.given().map(|word| word.span)),
        ];
        keys.into_iter().filter_map(|(key, span)| Some((key, span?))).collect()
    }

    fn mode(&mut self) -> Option<Mode> {
        let key = self.spec.key.given().map(|names| self.names("key", names));
        let given = self.spec.mode.optional().ok()?;
        match given.map_or(TargetMode::Replace, |mode| mode.value) {
            TargetMode::Replace => Some(Mode::Replace),
            TargetMode::Append => Some(Mode::Append),
            TargetMode::Merge => {
                let printed = self.spec.kind.given().is_some_and(|kind| kind.is_printed());
                if self.spec.key.is_absent() && !printed {
                    let finding = Diagnostic::error(Code::MissingKey, "`mode: merge` needs a `key`");
                    self.findings.push(
                        finding
                            .at(given.map_or(self.spec.span, |mode| mode.span), "")
                            .help("name the fields that tell records apart: `key: [id]`"),
                    );
                }
                Some(Mode::Merge { key: key?? })
            }
        }
    }

    /// Names of fields: some, each once.
    fn names(&mut self, key: &str, given: &FieldNames) -> Option<Vec<String>> {
        if given.names.is_empty() {
            let finding = Diagnostic::error(Code::BadValue, format!("`{key}` names no field"));
            self.findings.push(finding.at(given.span, "").help(format!("for example `{key}: [id]`")));
            return None;
        }
        self.refuse_twice(&given.names.iter().collect::<Vec<_>>())?;
        Some(given.names.iter().map(|name| name.value.clone()).collect())
    }

    fn refuse_twice(&mut self, names: &[&Text]) -> Option<()> {
        // A table takes no two columns that differ in case only.
        let folds = self.spec.kind.given().is_some_and(|kind| kind.folds_names());
        let equal = |one: &str, other: &str| one == other || (folds && one.eq_ignore_ascii_case(other));
        let mut once = Some(());
        for (place, name) in names.iter().enumerate() {
            if names[..place].iter().any(|earlier| equal(&earlier.value, &name.value)) {
                let finding =
                    Diagnostic::error(Code::NameConflict, format!("`{}` stands here twice", name.value));
                self.findings.push(finding.at(name.span, "").help("leave one of them out"));
                once = None;
            }
        }
        once
    }

    fn columns(&mut self) -> Option<ColumnsPlan> {
        let on_new = match &self.spec.on_new_column {
            SpecField::Given(word) => word.value,
            SpecField::Absent => OnNewColumn::Add,
            SpecField::Malformed => return None,
        };
        let Some(given) = self.spec.columns.optional().ok()? else {
            return Some(ColumnsPlan { declared: None, on_new });
        };
        if given.columns.is_empty() {
            let finding = Diagnostic::error(Code::BadValue, "`columns` names no column");
            self.findings
                .push(finding.at(given.span, "").help("leave it out: records then say what there is"));
            return None;
        }
        self.refuse_twice(&given.columns.iter().map(|(name, _)| name).collect::<Vec<_>>())?;
        let declared: Vec<DeclaredColumn> = given
            .columns
            .iter()
            .map(|(name, word)| DeclaredColumn { name: name.value.clone(), kind: word.map(Into::into) })
            .collect();
        self.refuse_key_outside(&declared, on_new)?;
        Some(ColumnsPlan { declared: Some(declared), on_new })
    }

    /// Without its key a row could not be found again.
    fn refuse_key_outside(&mut self, declared: &[DeclaredColumn], on_new: OnNewColumn) -> Option<()> {
        let outside = self.spec.key.given().filter(|_| !on_new.adds()).and_then(|key| {
            key.names.iter().find(|name| declared.iter().all(|column| column.name != name.value))
        });
        let Some(outside) = outside else { return Some(()) };
        let message = format!("the key `{}` is not among `columns`", outside.value);
        let finding = Diagnostic::error(Code::KeyConflict, message).at(outside.span, "");
        self.findings.push(finding.help("add it to `columns`"));
        None
    }
}

/// Why a key says nothing to a kind, and what helps.
fn misfit(kind: TargetKindWord, key: &str) -> Option<(String, &'static str)> {
    let help = match key {
        "path" if kind.is_printed() => "leave it out, or write `kind: jsonl`",
        _ if kind.is_printed() => "leave it out, or write to a file or a table",
        "table" if kind.is_file() => "leave it out, or write `kind: sqlite`",
        "columns" | "on_new_column" if !kind.has_columns() => {
            "leave it out: a line of JSON has whatever fields its record has"
        }
        "partition_by" | "compress" if !kind.is_file() => {
            "leave it out: it is for files, `kind: jsonl` and `kind: csv`"
        }
        _ => return None,
    };
    Some((format!("`{key}` does not go with `kind: {}`", kind.word()), help))
}
