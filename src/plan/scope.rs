//! Which name is visible where, and what using it means.

use std::collections::BTreeMap;

use super::need::ValueUse;
use crate::diagnostic::{Code, Diagnostic, Findings, Span, nearest, quoted_list};
use crate::expr::NameUse;
use crate::spec::node::Text;

/// Where a template or expression stands: it decides which of the reserved names mean something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// Before the request: `when`, and values of connections.
    Before,
    /// In the request: `page` is there.
    Request,
    /// Once there is a response: rules, expect, extract, paginate.
    Response,
    /// After the extraction: `reuse_for`.
    After,
    /// At each record: `delete_when`.
    Record,
}

impl Room {
    /// Whether `page` is there.
    fn has_page(self) -> bool {
        match self {
            Self::Request | Self::Response => true,
            Self::Before | Self::After | Self::Record => false,
        }
    }

    /// Whether `response` is there.
    fn has_response(self) -> bool {
        match self {
            Self::Response | Self::After => true,
            Self::Before | Self::Request | Self::Record => false,
        }
    }

    /// Whether `record` is there.
    fn has_record(self) -> bool {
        match self {
            Self::Record => true,
            Self::Before | Self::Request | Self::Response | Self::After => false,
        }
    }

    /// Whether the step's own values are there.
    fn follows_extraction(self) -> bool {
        match self {
            Self::After => true,
            Self::Before | Self::Request | Self::Response | Self::Record => false,
        }
    }
}

/// All names of the language's own; no step may extract a value under one of them.
pub const RESERVED: &[&str] = &[
    "params",
    "connection",
    "env",
    "state",
    "run",
    "response",
    "page",
    "record",
    "records",
    "batch",
    "steps",
    "window",
];

/// Reserved names that nothing fills yet.
const LATER: &[&str] = &["records", "batch", "steps", "window"];

const RUN: &[&str] = &["id", "started_at", "scheduled_at", "from", "to"];
const RESPONSE: &[&str] = &["status", "headers", "json", "text", "url"];
const PAGE: &[&str] = &["number", "offset", "cursor", "size", "records", "count"];

/// A name that a step extracts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extracted {
    /// The index of the step.
    pub step: usize,
    /// The step's name.
    pub step_name: String,
    /// Whether its value is a secret.
    pub secret: bool,
    /// Whether the step may be skipped.
    pub maybe: bool,
}

/// The names of a connection's values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConnectionNames {
    /// Name → whether its value is a secret. None: the connection could not be read; nothing is said about its names.
    pub values: Option<BTreeMap<String, bool>>,
    /// How messages call it.
    pub shown: String,
}

/// The names that are visible at a place.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// Param → whether it is a secret. None: the params could not be read.
    pub params: Option<BTreeMap<String, bool>>,
    /// The connection in force, if any.
    pub connection: Option<ConnectionNames>,
    /// Every name that some step extracts → the steps that do, in order.
    pub extracted: BTreeMap<String, Vec<Extracted>>,
    /// The index of the step in which this is; what earlier steps extract is there.
    pub step: usize,
    /// What that step keeps between runs.
    pub state: Vec<String>,
}

/// An environment variable that a template reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariableUse {
    /// Its name.
    pub name: String,
    /// Whether its absence is provided for: `default(…)`.
    pub provided_for: bool,
    /// Where.
    pub span: Span,
}

/// What the names of one template say about it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Meaning {
    /// Whether a secret is in it.
    pub secret: bool,
    /// The values of the connection that are in it.
    pub connection: Vec<ValueUse>,
    /// The steps whose values are in it, by index.
    pub steps: Vec<usize>,
    /// The extracted names that are in it.
    pub extracted: Vec<String>,
    /// The environment variables that are in it.
    pub environment: Vec<VariableUse>,
    /// The params that are in it, but for secret ones.
    pub params: Vec<String>,
    /// What of the step's state is in it.
    pub state: Vec<String>,
    /// What of `run` is in it.
    pub run: Vec<String>,
}

impl Scope {
    /// Checks every name of a text and says what they mean together.
    pub fn check(&self, uses: &[NameUse], text: &Text, room: Room, findings: &mut Findings) -> Meaning {
        let mut meaning = Meaning::default();
        for found in uses {
            if let Some(finding) = self.finding(found, uses, text, room) {
                findings.push(finding);
            }
            self.note(found, uses, text, room, &mut meaning);
        }
        meaning
    }

    /// Values of a step that turned out to be secret: computed from secrets.
    pub(super) fn note_secrets<'n>(&mut self, step: usize, names: impl Iterator<Item = &'n String>) {
        for name in names {
            let entries = self.extracted.get_mut(name).into_iter().flatten();
            entries.filter(|extracted| extracted.step == step).for_each(|extracted| extracted.secret = true);
        }
    }

    /// What a name stands for at a place: the latest earlier step that extracts it; after its own extraction, the step
    /// itself.
    pub(super) fn visible(&self, name: &str, room: Room) -> Option<&Extracted> {
        let earlier = |extracted: &&Extracted| {
            extracted.step < self.step || (room.follows_extraction() && extracted.step == self.step)
        };
        self.extracted.get(name)?.iter().rev().find(earlier)
    }

    fn note(&self, found: &NameUse, all: &[NameUse], text: &Text, room: Room, meaning: &mut Meaning) {
        let second = found.path.get(1);
        match found.path[0].as_str() {
            "env" => {
                meaning.secret = true;
                let span = text.span_of(found.range.clone());
                let variable =
                    |name: &String| VariableUse { name: name.clone(), provided_for: found.guarded, span };
                meaning.environment.extend(second.map(variable));
            }
            "run" => meaning.run.extend(second.cloned()),
            "state" => meaning.state.extend(second.cloned()),
            "params" => {
                let open = |name: &&String| {
                    !self.params.as_ref().is_some_and(|params| is_secret(params, Some(name)))
                };
                meaning.params.extend(second.filter(open).cloned());
                meaning.secret |= self.params.as_ref().is_some_and(|params| is_secret(params, second));
            }
            "connection" => {
                let tested = |other: &NameUse| {
                    other.guarded && other.path.iter().take(2).eq(found.path.iter().take(2))
                };
                let provided_for = found.guarded || all.iter().any(tested);
                meaning.connection.push(ValueUse { name: second.cloned(), provided_for });
                let values = self.connection.as_ref().and_then(|connection| connection.values.as_ref());
                meaning.secret |= values.is_some_and(|values| is_secret(values, second));
            }
            name => {
                if let Some(extracted) = self.visible(name, room) {
                    meaning.secret |= extracted.secret;
                    meaning.steps.push(extracted.step);
                    meaning.extracted.push(name.to_owned());
                }
            }
        }
    }

    fn finding(&self, found: &NameUse, all: &[NameUse], text: &Text, room: Room) -> Option<Diagnostic> {
        let root = found.path[0].as_str();
        match root {
            "params" => Self::member(
                found,
                text,
                &self.params.as_ref()?.keys().map(String::as_str).collect::<Vec<_>>(),
                "`params` of this pipeline",
            ),
            "connection" => self.connection_finding(found, text),
            "env" => None,
            "state" if self.state.is_empty() => Some(
                Diagnostic::error(Code::UndefinedName, "`state` is used, but this step keeps none")
                    .at(text.span_of(found.range.clone()), "")
                    .help("add it to the step: `state: { since: { max: $.Modified_Time, type: datetime } }`"),
            ),
            "state" => Self::member(
                found,
                text,
                &self.state.iter().map(String::as_str).collect::<Vec<_>>(),
                "`state` of this step",
            ),
            "run" => Self::member(found, text, RUN, "`run`"),
            "response" if room.has_response() => Self::member(found, text, RESPONSE, "`response`"),
            "page" if room.has_page() => Self::member(found, text, PAGE, "`page`"),
            "record" if room.has_record() => None,
            _ if LATER.contains(&root) => {
                let message = format!(
                    "`{root}` is part of the language, but river {} does not fill it yet",
                    env!("CARGO_PKG_VERSION")
                );
                Some(
                    Diagnostic::error(Code::NotBuilt, message)
                        .at(text.span_of(found.range.clone()), "not built yet"),
                )
            }
            _ => self.extracted_finding(found, all, text, room),
        }
    }

    fn connection_finding(&self, found: &NameUse, text: &Text) -> Option<Diagnostic> {
        let Some(connection) = &self.connection else {
            return Some(
                Diagnostic::error(Code::UndefinedName, "`connection` is used, but the pipeline names none")
                    .at(text.span_of(found.range.clone()), "")
                    .help("add `connection: NAME` at the top; NAME is a file in `connections/`"),
            );
        };
        let names: Vec<&str> = connection.values.as_ref()?.keys().map(String::as_str).collect();
        Self::member(found, text, &names, &format!("connection {}", connection.shown))
    }

    /// The second word of `params.x`, `connection.x` and their like.
    fn member(found: &NameUse, text: &Text, known: &[&str], of: &str) -> Option<Diagnostic> {
        let name = found.path.get(1)?;
        if found.guarded || known.contains(&name.as_str()) {
            return None;
        }
        let root = &found.path[0];
        let guess = nearest(name, known.iter().copied())
            .map(|word| format!("did you mean `{root}.{word}`?"))
            .unwrap_or_default();
        let there =
            if known.is_empty() { "it has none".to_owned() } else { quoted_list(known.iter().copied()) };
        Some(
            Diagnostic::error(Code::UndefinedName, format!("{of} has no `{name}`"))
                .at(text.span_of(found.range.clone()), guess)
                .help(format!("it has: {there}").replace("it has: it has none", "it has none")),
        )
    }

    fn extracted_finding(
        &self,
        found: &NameUse,
        all: &[NameUse],
        text: &Text,
        room: Room,
    ) -> Option<Diagnostic> {
        let name = found.path[0].as_str();
        let span = text.span_of(found.range.clone());
        if let Some(extracted) = self.visible(name, room) {
            let tested = all.iter().any(|other| other.path[0] == name && other.guarded);
            return (extracted.maybe && !tested).then(|| {
                Diagnostic::error(
                    Code::MaybeUndefined,
                    format!("`{name}` may be missing here: step `{}` has a `when`", extracted.step_name),
                )
                .at(span, "")
                .help(format!("write `{name} | default(…)`, or test it: `{name} is defined`"))
            });
        }
        if found.guarded {
            return None;
        }
        if let Some(first) = self.extracted.get(name).and_then(|steps| steps.first()) {
            return Some(not_yet(name, first, first.step == self.step).at(span, ""));
        }
        Some(self.unknown(name, found, text, room))
    }

    fn unknown(&self, name: &str, found: &NameUse, text: &Text, room: Room) -> Diagnostic {
        let names = self.extracted.keys().map(String::as_str);
        let mut known: Vec<&str> = names.filter(|name| self.visible(name, room).is_some()).collect();
        known.extend(self.connection.is_some().then_some("connection"));
        known.extend(["params", "env", "run"]);
        known.extend(room.has_response().then_some("response"));
        known.extend(room.has_page().then_some("page"));
        known.extend(room.has_record().then_some("record"));
        let member = self
            .members()
            .find(|(_, member)| *member == name)
            .map(|(root, member)| format!("{root}.{member}"));
        let guess = member.or_else(|| nearest(name, known.iter().copied()).map(str::to_owned));
        Diagnostic::error(Code::UndefinedName, format!("`{name}` is not defined here"))
            .at(
                text.span_of(found.range.clone()),
                guess.map(|word| format!("did you mean `{word}`?")).unwrap_or_default(),
            )
            .help(format!("defined here: {}", quoted_list(known)))
    }

    /// Words that stand one level deeper: `module` where `params.module` is meant.
    fn members(&self) -> impl Iterator<Item = (&str, &str)> {
        let params =
            self.params.iter().flat_map(|params| params.keys().map(|name| ("params", name.as_str())));
        let values = self.connection.iter().filter_map(|connection| connection.values.as_ref());
        params.chain(values.flat_map(|values| values.keys().map(|name| ("connection", name.as_str()))))
    }
}

/// A name that only this step itself or a later one gives.
fn not_yet(name: &str, first: &Extracted, own: bool) -> Diagnostic {
    let step = &first.step_name;
    if own {
        let message = format!("`{name}` is not there yet: this step extracts it from its own answer");
        return Diagnostic::error(Code::UndefinedName, message).help("extract it in an earlier step");
    }
    let message = format!("`{name}` is not there yet: step `{step}` extracts it, and comes later");
    Diagnostic::error(Code::UndefinedName, message).help(format!("move step `{step}` before this one"))
}

/// Whether a member is a secret. A namespace that is used as a whole is one as soon as one of its members is.
fn is_secret(members: &BTreeMap<String, bool>, name: Option<&String>) -> bool {
    match name {
        Some(name) => members.get(name).copied().unwrap_or(false),
        None => members.values().any(|secret| *secret),
    }
}
