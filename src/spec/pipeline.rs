//! The top level of a pipeline file, its params and its targets.

use super::connection::ConnectionUse;
use super::node::{Node, NodeKind, Text};
use super::reader::{Read, Reader};
use super::step::StepSpec;
use super::table::{Shape, table};
use super::value::{AnyValue, Name, Named, TemplateText, words};

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
        params: Named<ParamSpec> = Optional,
        /// What happens, in order.
        steps: Vec<StepSpec> = Required,
        /// Where records land, by name.
        targets: Named<TargetSpec> = Optional,
    }
    later { "defaults", "include", "outputs", "finally", "notify", "limits", "schedule" }
    other_words { "vars" => "params", "variables" => "params", "parameters" => "params", "tasks" => "steps", "jobs" => "steps", "sinks" => "targets", "outputs" => "targets", "destinations" => "targets", "connections" => "connection" }
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
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        match &node.kind {
            NodeKind::Map(_) => ParamTable::read(node, reader).map(Self::Table),
            _ => Some(Self::Default(node.clone())),
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
        /// The file, relative to the project's root.
        path: TemplateText = Optional,
        /// What happens to what is there already.
        mode: TargetMode = Default("replace"),
    }
    later { "key", "partition_by", "compress", "columns", "on_new_column", "on_bad_record", "connection", "batch", "request", "rules", "expect", "table", "url" }
    other_words { "type" => "kind", "file" => "path", "format" => "kind", "write_mode" => "mode", "write_disposition" => "mode" }
}

words! {
    /// The kinds of targets.
    pub enum TargetKindWord("target kind") {
        /// One JSON object a line, in a file.
        Jsonl = "jsonl",
        /// One JSON object a line, on standard output.
        Stdout = "stdout",
    }
    later { "csv", "parquet", "sqlite", "postgres", "http" }
}

words! {
    /// What happens to what a target holds already.
    pub enum TargetMode("target mode") {
        /// It is replaced as a whole when the run completes.
        Replace = "replace",
    }
    later { "append", "merge" }
}
