//! The top level of a pipeline file, its params and its targets.

use super::connection::ConnectionUse;
use super::node::{Node, Text, TextStyle};
use super::reader::{Read, SpecReader};
use super::step::StepSpec;
use super::table::{Shape, table};
use super::value::{AnyValue, Count, Name, NamedMap, Period, Spanned, TemplateText, words};
use crate::diagnostic::Span;

table! {
    /// A pipeline file.
    pub struct PipelineSpec("pipeline") {
        /// Its name: in the summary, in state and in logs.
        name: Name = Required,
        /// What it is for, in a sentence.
        description: Text = Optional,
        /// The connection whose values are `{{ connection.* }}`: the name of a file in `connections/`, or its values inline.
        connection: ConnectionUse = Optional,
        /// What may be set from outside: `-p name=value`, read as `{{ params.name }}`.
        params: NamedMap<ParamSpec> = Optional,
        /// What happens, in order.
        steps: Vec<StepSpec> = Required,
        /// Where records land, by name.
        targets: NamedMap<TargetSpec> = Optional,
        /// How much one run may do; what is left is for the next.
        limits: LimitsSpec = Optional,
    }
    later { "defaults", "include", "outputs", "finally", "notify", "schedule" }
    other_words { "vars" => "params", "variables" => "params", "parameters" => "params", "tasks" => "steps", "jobs" => "steps", "sinks" => "targets", "outputs" => "targets", "destinations" => "targets", "connections" => "connection" }
}

table! {
    /// How much one run may do. At a limit it ends as incomplete, and the next one goes on there.
    pub struct LimitsSpec("limits") {
        /// For how long.
        run_time: Period = Optional,
        /// How many records; the page that reaches it still lands.
        records: Count = Optional,
        /// How many bytes of answers.
        bytes: Count = Optional,
    }
    other_words { "time" => "run_time", "timeout" => "run_time", "duration" => "run_time", "max_records" => "records", "max_bytes" => "bytes" }
}

table! {
    /// A param that is more than its default value.
    pub struct ParamTable("param") {
        /// The value when none is given.
        default: AnyValue = Optional,
        /// Its type: how `-p` reads it and what it must be.
        kind["type"]: ParamType = Optional,
        /// Whether it must be given when there is no default.
        required: bool = Default("false"),
        /// The only values it may have.
        one_of: Vec<AnyValue> = Optional,
        /// Whether its value is a secret.
        secret: bool = Default("false"),
        /// What it is for.
        description: Text = Optional,
    }
}

words! {
    /// The types of params.
    pub enum ParamType("param type") {
        /// Text.
        String = "string",
        /// A whole number.
        Integer = "integer",
        /// Any number.
        Number = "number",
        /// `true` or `false`.
        Boolean = "boolean",
        /// A list; `-p` separates its items by commas.
        List = "list",
        /// A day: `2026-11-23`.
        Date = "date",
        /// An instant: `2026-11-23T12:00:00+01:00`.
        Datetime = "datetime",
    }
}

/// A param: its default value, or a mapping that says more.
#[derive(Debug, Clone, PartialEq)]
pub enum ParamSpec {
    /// The default value; its type is the param's.
    Default(Node),
    /// More than that.
    Table(ParamTable),
}

impl Read for ParamSpec {
    fn read(node: &Node, reader: &mut SpecReader<'_>) -> Option<Self> {
        match node.as_map() {
            Some(_) => ParamTable::read(node, reader).map(Self::Table),
            None => Some(Self::Default(node.clone())),
        }
    }

    fn shape() -> Shape {
        Shape::Either(vec![ParamTable::shape(), Shape::Plain])
    }
}

table! {
    /// A place where records land.
    pub struct TargetSpec("target") {
        /// What kind of place.
        kind: TargetKindWord = Required,
        /// The file, or the folder with `partition_by`, relative to the project's root.
        path: TemplateText = Optional,
        /// With `kind: sqlite`: the table, by default the target's name.
        table: TemplateText = Optional,
        /// What happens to what is there already.
        mode: Spanned<TargetMode> = Default("replace"),
        /// With `mode: merge`: the fields of a record that say which one it is.
        key: FieldNames = Optional,
        /// The records of each value of these fields land in a folder `field=value` of their own.
        partition_by: FieldNames = Optional,
        /// How files are compressed.
        compress: Spanned<CompressionWord> = Optional,
        /// The columns in their order: a list of names, or name → type.
        columns: ColumnsSpec = Optional,
        /// What happens to a field that is no column yet.
        on_new_column: Spanned<OnNewColumn> = Default("add"),
        /// What happens to a record that cannot land.
        on_bad_record: Spanned<OnBadRecord> = Default("fail"),
    }
    later { "connection", "batch", "request", "rules", "expect", "url" }
    other_words { "type" => "kind", "file" => "path", "format" => "kind", "write_mode" => "mode", "write_disposition" => "mode", "primary_key" => "key", "unique_key" => "key", "keys" => "key", "merge_key" => "key", "compression" => "compress", "schema" => "columns", "fields" => "columns", "partitions" => "partition_by", "partition" => "partition_by", "on_error" => "on_bad_record", "table_name" => "table", "database" => "path" }
}

words! {
    /// The kinds of targets.
    pub enum TargetKindWord("target kind") {
        /// One JSON object a line, in a file.
        Jsonl = "jsonl",
        /// A file with a header and a row a record.
        Csv = "csv",
        /// A table of an SQLite database.
        Sqlite = "sqlite",
        /// One JSON object a line, on standard output.
        Stdout = "stdout",
    }
    later { "parquet", "postgres", "http" }
    other_words { "json" => "jsonl", "ndjson" => "jsonl", "jsonlines" => "jsonl", "sqlite3" => "sqlite", "tsv" => "csv" }
}

words! {
    /// What happens to what a target holds already.
    pub enum TargetMode("target mode") {
        /// It is replaced as a whole when the run completes.
        Replace = "replace",
        /// It stays, and the records come after it.
        Append = "append",
        /// A record replaces the one with its key; others stay.
        Merge = "merge",
    }
    other_words { "overwrite" => "replace", "full" => "replace", "insert" => "append", "upsert" => "merge", "incremental" => "merge", "update" => "merge" }
}

impl TargetMode {
    /// Whether it replaces everything that the target holds.
    pub fn replaces(self) -> bool {
        match self {
            Self::Replace => true,
            Self::Append | Self::Merge => false,
        }
    }

    /// Whether a record replaces the one with the same key.
    pub fn merges(self) -> bool {
        match self {
            Self::Merge => true,
            Self::Replace | Self::Append => false,
        }
    }
}

words! {
    /// How files are compressed.
    pub enum CompressionWord("compression") {
        /// As `gzip` does.
        Gzip = "gzip",
        /// As `zstd` does.
        Zstd = "zstd",
    }
    other_words { "gz" => "gzip", "zst" => "zstd", "zstandard" => "zstd" }
}

words! {
    /// The types of columns.
    pub enum ColumnTypeWord("column type") {
        /// Text; other values as they are written.
        Text = "text",
        /// A whole number of 64 bits.
        Integer = "integer",
        /// Any number.
        Number = "number",
        /// `true` or `false`.
        Boolean = "boolean",
        /// Any value, as JSON text.
        Json = "json",
        /// A day: `2026-11-23`.
        Date = "date",
        /// An instant: `2026-11-23T12:00:00+01:00`.
        Datetime = "datetime",
    }
    other_words { "string" => "text", "str" => "text", "varchar" => "text", "int" => "integer", "bigint" => "integer", "float" => "number", "double" => "number", "real" => "number", "decimal" => "number", "bool" => "boolean", "object" => "json", "timestamp" => "datetime" }
}

words! {
    /// What happens to a field that is no column yet.
    pub enum OnNewColumn("word for `on_new_column`") {
        /// It becomes one.
        Add = "add",
        /// It is left out.
        Ignore = "ignore",
        /// The run fails.
        Fail = "fail",
    }
    other_words { "evolve" => "add", "drop" => "ignore", "discard" => "ignore", "freeze" => "fail", "error" => "fail" }
}

words! {
    /// What happens to a record that cannot land.
    pub enum OnBadRecord("word for `on_bad_record`") {
        /// The run fails.
        Fail = "fail",
        /// It lands beside the target, with the reason.
        Divert = "divert",
    }
    other_words { "error" => "fail", "reject" => "divert", "quarantine" => "divert", "skip" => "divert", "ignore" => "divert" }
}

impl OnNewColumn {
    /// Whether the field becomes a column.
    pub fn adds(self) -> bool {
        match self {
            Self::Add => true,
            Self::Ignore | Self::Fail => false,
        }
    }
}

impl OnBadRecord {
    /// Whether the record lands beside the target.
    pub fn diverts(self) -> bool {
        match self {
            Self::Divert => true,
            Self::Fail => false,
        }
    }
}

impl CompressionWord {
    /// The extension of such files.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Gzip => ".gz",
            Self::Zstd => ".zst",
        }
    }
}

/// Fields of a record: one name, or a list of them.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldNames {
    /// The names.
    pub names: Vec<Text>,
    /// Where the value stands.
    pub span: Span,
}

impl Read for FieldNames {
    fn read(node: &Node, reader: &mut SpecReader<'_>) -> Option<Self> {
        let names = match node.as_text() {
            Some(text) => vec![text.clone()],
            None => Vec::<Text>::read(node, reader)?,
        };
        Some(Self { names, span: node.span })
    }

    fn shape() -> Shape {
        Shape::Either(vec![Shape::String, Shape::List(Box::new(Shape::String))])
    }
}

/// The columns of a target.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnsSpec {
    /// The names in their order, each with its type if it has one.
    pub columns: Vec<(Text, Option<ColumnTypeWord>)>,
    /// Where the value stands.
    pub span: Span,
}

impl Read for ColumnsSpec {
    fn read(node: &Node, reader: &mut SpecReader<'_>) -> Option<Self> {
        let columns = match node.as_map() {
            None => Vec::<Text>::read(node, reader)?.into_iter().map(|name| (name, None)).collect(),
            Some(entries) => {
                let read: Vec<_> = entries
                    .iter()
                    .map(|(key, value)| {
                        let name = Text {
                            span: key.span,
                            value: key.name.clone(),
                            style: TextStyle::Plain,
                            offsets: None,
                        };
                        Some((name, Some(ColumnTypeWord::read(value, reader)?)))
                    })
                    .collect();
                read.into_iter().collect::<Option<_>>()?
            }
        };

        Some(Self { columns, span: node.span })
    }

    fn shape() -> Shape {
        Shape::Either(vec![
            Shape::List(Box::new(Shape::String)),
            Shape::Named(Box::new(ColumnTypeWord::shape())),
        ])
    }
}
