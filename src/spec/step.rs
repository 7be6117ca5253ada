//! Steps: what happens to one request and its responses.

use super::connection::ConnectionUse;
use super::extract::ExtractSpec;
use super::node::{Node, NodeKind};
use super::paginate::PaginateSpec;
use super::pipeline::TargetSpec;
use super::reader::{Read, SpecReader};
use super::request::RequestSpec;
use super::state::StateSpec;
use super::table::{Shape, table};
use super::value::{AnyValue, Count, ExpressionText, Name, NamedMap, PathText, Period, TemplateText, words};

table! {
    /// One step of a pipeline.
    pub struct StepSpec("step") {
        /// By which later steps, the summary and messages refer to it.
        name: Name = Required,
        /// The step is skipped when this is false.
        when: ExpressionText = Optional,
        /// Replaces the pipeline's connection inside this step.
        connection: ConnectionUse = Optional,
        /// What is sent.
        request: RequestSpec = Required,
        /// What must hold for each response; the first that does not fails the step, without a retry.
        expect: Vec<ExpectSpec> = Optional,
        /// Values for later steps: name → JSONPath into the body, or where else the value is.
        extract: NamedMap<ExtractSpec> = Optional,
        /// What to do with which response; the first match wins, the built-in rules follow.
        rules: Vec<RuleSpec> = Optional,
        /// How often and how patiently a request is tried again.
        retry: RetrySpec = Optional,
        /// How the next page is found.
        paginate: PaginateSpec = Optional,
        /// Where in the body the records are: one array gives its elements, otherwise each node is a record.
        records: RecordsSpec = Optional,
        /// Where the records go: a target's name, a list of them, or a target inline; else JSON Lines on standard output.
        write: WriteSpec = Optional,
        /// Records of which this is true are deleted by their key; `record` is the record. The targets must have `mode: merge`.
        delete_when: ExpressionText = Optional,
        /// Values that are kept between runs, so that the next one reads only what is new: name → what it becomes.
        state: NamedMap<StateSpec> = Optional,
        /// For how long the extracted values may be used before the step runs again.
        reuse_for: TemplateText = Optional,
    }
    later { "steps", "run", "for_each", "defaults", "rate", "poll", "transform", "on_error", "with" }
    other_words { "id" => "name", "http" => "request", "assert" => "expect", "asserts" => "expect", "capture" => "extract", "captures" => "extract", "outputs" => "extract", "register" => "extract", "if" => "when", "paginator" => "paginate", "pagination" => "paginate", "data_selector" => "records", "records_path" => "records", "sink" => "write", "target" => "write", "retries" => "retry" }
}

table! {
    /// Something that must hold for each response.
    pub struct ExpectSpec("expect") {
        /// The condition.
        that: ExpressionText = Required,
        /// What to say when it does not hold.
        message: TemplateText = Optional,
    }
}

table! {
    /// What to do with a response.
    pub struct RuleSpec("rule") {
        /// Which responses.
        when: ExpressionText = Required,
        /// What happens then.
        action["do"]: RuleAction = Required,
        /// With `do: retry`: the step whose values are renewed first.
        after: Name = Optional,
        /// With `do: retry`: how often, for one page request.
        max_retries: Count = Optional,
        /// With `do: fail`: what to say.
        message: TemplateText = Optional,
    }
    later { "at_most" }
    other_words { "action" => "do", "then" => "do", "if" => "when", "retries" => "max_retries" }
}

words! {
    /// What a rule does.
    pub enum RuleAction("rule action") {
        /// Go on.
        Ok = "ok",
        /// No records; paging ends, complete.
        Empty = "empty",
        /// Try again.
        Retry = "retry",
        /// Drop this page; the run is incomplete.
        Skip = "skip",
        /// Paging ends, complete.
        Stop = "stop",
        /// The step fails.
        Fail = "fail",
    }
}

impl RuleAction {
    /// Whether the request is tried again, as often as the rule allows.
    pub fn retries(self) -> bool {
        match self {
            Self::Retry => true,
            Self::Ok | Self::Empty | Self::Skip | Self::Stop | Self::Fail => false,
        }
    }
}

table! {
    /// How often and how patiently a request is tried again.
    pub struct RetrySpec("retry") {
        /// Tries after the first one.
        max_retries: Count = Default("5"),
        /// The first wait, at most; each further one may be twice as long.
        first: Period = Default("1s"),
        /// No wait is longer.
        cap: Period = Default("60s"),
        /// No further try after this time.
        give_up_after: Period = Optional,
        /// The longest wait that a server may ask for.
        longest_wait: Period = Default("10m"),
        /// Whether sending the request twice does no harm; by default GET, HEAD, PUT, DELETE and OPTIONS are.
        idempotent: bool = Optional,
    }
    other_words { "attempts" => "max_retries", "count" => "max_retries", "max_attempts" => "max_retries", "times" => "max_retries", "delay" => "first", "backoff" => "first", "max_delay" => "cap", "max_wait" => "cap", "timeout" => "give_up_after" }
}

table! {
    /// Records, with what holds when there are none.
    pub struct RecordsTable("records") {
        /// Where they are.
        jsonpath: PathText = Required,
        /// `[]`: nothing there means no records.
        default: AnyValue = Optional,
    }
    other_words { "path" => "jsonpath", "field_path" => "jsonpath" }
}

/// Where the records are.
#[derive(Debug, Clone, PartialEq)]
pub enum RecordsSpec {
    /// A JSONPath.
    Path(PathText),
    /// With a default.
    Table(RecordsTable),
}

impl Read for RecordsSpec {
    fn read(node: &Node, reader: &mut SpecReader<'_>) -> Option<Self> {
        match node.as_map() {
            Some(_) => RecordsTable::read(node, reader).map(Self::Table),
            None => PathText::read(node, reader).map(Self::Path),
        }
    }

    fn shape() -> Shape {
        Shape::Either(vec![Shape::JsonPath, RecordsTable::shape()])
    }
}

/// Where the records go.
#[derive(Debug, Clone, PartialEq)]
pub struct WriteSpec(pub Vec<WriteOne>);

/// One place where records go.
#[derive(Debug, Clone, PartialEq)]
pub enum WriteOne {
    /// A target of the pipeline.
    Named(Name),
    /// A target of its own.
    Inline(TargetSpec),
}

impl Read for WriteSpec {
    fn read(node: &Node, reader: &mut SpecReader<'_>) -> Option<Self> {
        let Some(items) = node.as_list() else { return Some(Self(vec![write_one(node, reader)?])) };
        let read: Vec<_> = items.iter().map(|item| write_one(item, reader)).collect();
        read.into_iter().collect::<Option<_>>().map(Self)
    }

    fn shape() -> Shape {
        let one = || vec![Shape::Name, TargetSpec::shape()];
        let mut shapes = one();
        shapes.push(Shape::List(Box::new(Shape::Either(one()))));
        Shape::Either(shapes)
    }
}

impl WriteOne {
    /// Whether the target stands in the step.
    pub fn is_inline(&self) -> bool {
        match self {
            Self::Inline(_) => true,
            Self::Named(_) => false,
        }
    }
}

fn write_one(node: &Node, reader: &mut SpecReader<'_>) -> Option<WriteOne> {
    match &node.kind {
        NodeKind::Map(_) => TargetSpec::read(node, reader).map(WriteOne::Inline),
        NodeKind::Text(_) => Name::read(node, reader).map(WriteOne::Named),
        NodeKind::Null
        | NodeKind::Bool(_)
        | NodeKind::Integer(_)
        | NodeKind::Number(_)
        | NodeKind::List(_) => {
            reader.wrong_type(node, "a target's name or a target", "");
            None
        }
    }
}
