//! YAML text → tree of [`Node`]s. The only file that knows the YAML parser.
//!
//! YAML 1.2 core schema. Aliases are copied in, within a budget; `<<` merges. What is not a value of the language
//! (tags, several documents, keys that are not strings) is a finding, not a guess.

use std::collections::HashMap;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError};

use super::node::{Key, Node, NodeKind, Text, TextStyle};
use super::text_offsets::{block_offsets, quoted_offsets};
use crate::diagnostic::{Code, Diagnostic, FileId, Findings, Sources, Span};

/// Nodes a document may hold after its aliases are copied in; far above any pipeline, far below an attack.
const NODE_BUDGET: usize = 100_000;

/// Reads the one document of a file. None when it is not YAML; the findings say why.
pub fn read(sources: &Sources, file: FileId, findings: &mut Findings) -> Option<Node> {
    let text = sources.text(file);
    let events = match events(text) {
        Ok(events) => events,
        Err(error) => {
            findings.push(syntax_finding(text, file, &error));
            return None;
        }
    };

    let mut builder = TreeBuilder {
        text,
        file,
        events: events.into_iter().peekable(),
        anchors: HashMap::new(),
        budget: NODE_BUDGET,
        findings,
    };

    builder.document()
}

type Events<'t> = Vec<(Event<'t>, granit_parser::Span)>;

fn events(text: &str) -> Result<Events<'_>, ScanError> {
    Parser::new_from_str(text).collect()
}

struct TreeBuilder<'t, 'f> {
    text: &'t str,
    file: FileId,
    events: std::iter::Peekable<std::vec::IntoIter<(Event<'t>, granit_parser::Span)>>,
    anchors: HashMap<usize, Node>,
    budget: usize,
    findings: &'f mut Findings,
}

impl<'t> TreeBuilder<'t, '_> {
    fn document(&mut self) -> Option<Node> {
        let mut root = None;
        while let Some((event, span)) = self.events.next() {
            match event {
                Event::DocumentStart(..) if root.is_some() => {
                    let place = self.span(&span);
                    self.trap(
                        place,
                        "a second document starts here",
                        "keep one document in a file: remove the `---` line",
                    );
                    break;
                }
                Event::Scalar(..) | Event::SequenceStart(..) | Event::MappingStart(..) | Event::Alias(_) => {
                    root = Some(self.node(event, &span));
                }
                _ => {}
            }
        }

        root
    }

    fn node(&mut self, event: Event<'t>, span: &granit_parser::Span) -> Node {
        self.refuse_tag(&event, span);
        let anchor = event.anchor_id().unwrap_or(0);
        let node = match event {
            Event::Scalar(value, style, ..) => self.scalar(&value, style, self.span(span)),
            Event::SequenceStart(..) => self.list(self.span(span)),
            Event::MappingStart(..) => self.mapping(self.span(span)),
            Event::Alias(id) => self.alias(id, self.span(span)),
            _ => Node { span: self.span(span), kind: NodeKind::Null },
        };
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        node
    }

    fn scalar(&mut self, value: &str, style: ScalarStyle, span: Span) -> Node {
        let kind = match style {
            ScalarStyle::Plain => self.plain(value, span),
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
                let offsets = quoted_offsets(self.text, span.range(), value);
                NodeKind::Text(Text { span, value: value.to_owned(), style: TextStyle::Quoted, offsets })
            }
            ScalarStyle::Literal | ScalarStyle::Folded => {
                let offsets = block_offsets(self.text, span.range(), value);
                NodeKind::Text(Text { span, value: value.to_owned(), style: TextStyle::Block, offsets })
            }
        };
        Node { span, kind }
    }

    fn plain(&mut self, value: &str, span: Span) -> NodeKind {
        if span.start == span.end {
            return NodeKind::Null;
        }
        match value {
            "~" | "null" | "Null" | "NULL" => NodeKind::Null,
            "true" | "True" | "TRUE" => NodeKind::Bool(true),
            "false" | "False" | "FALSE" => NodeKind::Bool(false),
            _ => self.number_or_text(value, span),
        }
    }

    fn number_or_text(&mut self, value: &str, span: Span) -> NodeKind {
        if has_leading_zero(value) {
            self.trap(
                span,
                "a number with a leading zero",
                &format!("write `\"{value}\"` for text, or the number without its zeros"),
            );
        } else if let Some(number) = number(value) {
            return number;
        }
        let folded = self.text.get(span.range()).is_some_and(|source| source.contains('\n'));
        let offsets = if folded { block_offsets(self.text, span.range(), value) } else { None };
        NodeKind::Text(Text { span, value: value.to_owned(), style: TextStyle::Plain, offsets })
    }

    fn list(&mut self, start: Span) -> Node {
        let mut items = Vec::new();
        let mut end = start.range().end;
        while let Some((event, span)) = self.events.next() {
            if matches!(event, Event::SequenceEnd) {
                end = end.max(self.span(&span).range().end);
                break;
            }
            let item = self.node(event, &span);
            end = end.max(item.span.range().end);
            items.push(item);
        }
        Node { span: start.with_range(start.range().start..end), kind: NodeKind::List(items) }
    }

    fn mapping(&mut self, start: Span) -> Node {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        let mut merged = Vec::new();
        let mut end = start.range().end;

        while let Some((event, span)) = self.events.next() {
            if matches!(event, Event::MappingEnd) {
                end = end.max(self.span(&span).range().end);
                break;
            }
            let key = self.node(event, &span);
            let Some((event, span)) = self.events.next() else { break };
            let value = self.node(event, &span);
            end = end.max(value.span.range().end).max(key.span.range().end);
            if is_merge(&key) {
                merged.push(value);
            } else {
                self.entry(&key, value, &mut entries);
            }
        }

        // Last, since the mapping's own keys win wherever they are.
        for value in merged {
            self.merge(value, &mut entries);
        }

        let end = trim_end(self.text, start.range().start, end);
        Node { span: start.with_range(start.range().start..end), kind: NodeKind::Map(entries) }
    }

    fn entry(&mut self, key: &Node, value: Node, entries: &mut Vec<(Key, Node)>) {
        let name = match &key.kind {
            NodeKind::Text(text) => text.value.clone(),
            NodeKind::Map(_) => {
                let whole = value
                    .span
                    .with_range(key.span.range().start.saturating_sub(1)..value.span.range().end + 1);
                return self.trap(
                    whole,
                    "a template without quotes is a mapping to YAML",
                    "put the value in quotes: `\"{{ … }}\"`",
                );
            }
            NodeKind::List(_) | NodeKind::Null => {
                return self.trap(
                    key.span,
                    "a key must be a name",
                    "put it in quotes if it is meant as text",
                );
            }
            NodeKind::Bool(_) | NodeKind::Integer(_) | NodeKind::Number(_) => {
                self.text.get(key.span.range()).unwrap_or_default().to_owned()
            }
        };

        if let Some((earlier, _)) = entries.iter().find(|(earlier, _)| earlier.name == name) {
            self.findings.push(
                Diagnostic::error(Code::DuplicateKey, format!("`{name}` is given twice"))
                    .at(key.span, "again here")
                    .at(earlier.span, "first here")
                    .help("keep one of the two"),
            );
            return;
        }

        entries.push((Key { span: key.span, name }, value));
    }

    /// Merge keys: what is already there wins, as YAML 1.1 defines it.
    fn merge(&mut self, value: Node, entries: &mut Vec<(Key, Node)>) {
        let sources = match value.kind {
            NodeKind::Map(merged) => vec![merged],
            NodeKind::List(items) => {
                items.iter().filter_map(|item| item.as_map().map(<[_]>::to_vec)).collect()
            }
            NodeKind::Null
            | NodeKind::Bool(_)
            | NodeKind::Integer(_)
            | NodeKind::Number(_)
            | NodeKind::Text(_) => {
                return self.trap(
                    value.span,
                    "`<<` merges a mapping",
                    "write `<<: *name` with the name of a mapping",
                );
            }
        };

        for (key, node) in sources.into_iter().flatten() {
            if !entries.iter().any(|(known, _)| known.name == key.name) {
                entries.push((key, node));
            }
        }
    }

    fn alias(&mut self, id: usize, span: Span) -> Node {
        let Some(node) = self.anchors.get(&id) else { return Node { span, kind: NodeKind::Null } };
        let size = count(node);
        if size > self.budget {
            self.budget = 0;
            self.trap(span, "aliases make this document too large", "write the values out");
            return Node { span, kind: NodeKind::Null };
        }
        self.budget -= size;
        self.anchors[&id].clone()
    }

    fn refuse_tag(&mut self, event: &Event<'_>, span: &granit_parser::Span) {
        let Some(tag) = event.tag() else { return };
        let place = span.tag_span().map_or_else(|| self.span(span), |tag_span| self.span(&tag_span));
        let written = tag.original();
        let help = match written.as_str() {
            "!" => "put the whole value in quotes".to_owned(),
            _ => format!(
                "`!` starts a YAML tag: put the value in quotes, or write `not {}`",
                written.trim_start_matches('!')
            ),
        };
        self.trap(place, &format!("`{written}` is a YAML tag, which the language does not use"), &help);
    }

    fn trap(&mut self, span: Span, what: &str, help: &str) {
        self.findings.push(Diagnostic::error(Code::YamlTrap, what).at(span, "").help(help));
    }

    fn span(&self, span: &granit_parser::Span) -> Span {
        let range = span.byte_range().unwrap_or(0..0);
        let length = self.text.len();
        Span { file: self.file, start: 0, end: 0 }.with_range(range.start.min(length)..range.end.min(length))
    }
}

/// The end of a block mapping is where its last value ends, not where the next thing starts.
fn trim_end(text: &str, start: usize, end: usize) -> usize {
    text.get(start..end).map_or(end, |slice| start + slice.trim_end().len())
}

fn is_merge(key: &Node) -> bool {
    key.as_text().is_some_and(|text| text.value == "<<" && text.style.is_plain())
}

fn count(node: &Node) -> usize {
    1 + match &node.kind {
        NodeKind::List(items) => items.iter().map(count).sum(),
        NodeKind::Map(entries) => entries.iter().map(|(_, value)| 1 + count(value)).sum(),
        NodeKind::Null
        | NodeKind::Bool(_)
        | NodeKind::Integer(_)
        | NodeKind::Number(_)
        | NodeKind::Text(_) => 0,
    }
}

fn has_leading_zero(value: &str) -> bool {
    let digits = value.trim_start_matches(['-', '+']);
    digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// YAML 1.2 core numbers: decimal, `0x`, `0o`, and floats that JSON can hold.
fn number(value: &str) -> Option<NodeKind> {
    let integer = match value.get(..2) {
        Some("0x") => i64::from_str_radix(&value[2..], 16).ok(),
        Some("0o") => i64::from_str_radix(&value[2..], 8).ok(),
        _ => value.parse().ok(),
    };
    if let Some(integer) = integer {
        return Some(NodeKind::Integer(integer));
    }
    let starts_like_number =
        value.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '-' | '+' | '.'));
    let only_number =
        value.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E'));
    (starts_like_number && only_number && value.parse::<f64>().is_ok_and(f64::is_finite))
        .then(|| NodeKind::Number(value.to_owned()))
}

fn syntax_finding(text: &str, file: FileId, error: &ScanError) -> Diagnostic {
    let at = error.marker().byte_offset().unwrap_or(0).min(text.len());
    let end = text[at..].chars().next().map_or(at, |character| at + character.len_utf8());
    let span = Span { file, start: 0, end: 0 }.with_range(at..end);
    Diagnostic::error(Code::YamlSyntax, format!("this is not valid YAML: {}", error.info()))
        .at(span, "")
        .help_if(syntax_help(text, at, error.kind()).map(str::to_owned))
}

/// What usually causes a syntax error in a pipeline, by the parser's complaint and the line it is on.
fn syntax_help(text: &str, at: usize, kind: &ErrorKind) -> Option<&'static str> {
    let line_start = text[..at].rfind('\n').map_or(0, |found| found + 1);
    let line = text[line_start..].lines().next().unwrap_or_default();
    let unquoted_template = line.contains(": {{") || line.contains("[{{") || line.contains(", {{");

    Some(match kind {
        _ if unquoted_template => "put the value with `{{ … }}` in quotes",
        ErrorKind::MappingValueNotAllowed => {
            "a value with `: ` inside must be in quotes; or check the indentation of this line"
        }
        ErrorKind::InvalidTrailingDoubleQuotedScalar | ErrorKind::InvalidTrailingSingleQuotedScalar => {
            "a value that starts with a quote ends with it: put the whole value in the other kind of quotes"
        }
        ErrorKind::ExpectedFlowMappingSeparator | ErrorKind::ExpectedFlowSequenceSeparator => {
            "inside `{ … }` a value with `[ ] , { }` or `: ` must be in quotes; or write the mapping in block form, one key a line"
        }
        ErrorKind::TabInBlockIndentation | ErrorKind::TabNotAllowed | ErrorKind::TabInIndentation => {
            "indent with spaces, not with tabs"
        }
        ErrorKind::MissingAnchorOrAliasName | ErrorKind::UnknownAnchor => {
            "`*` and `&` start YAML aliases: put the value in quotes"
        }
        ErrorKind::UnexpectedCharacter { .. } => "put the value in quotes",
        ErrorKind::UnclosedQuotedScalar => {
            "close the quote; a quote inside single quotes is written twice: `''`"
        }
        ErrorKind::UnclosedFlowCollection { .. } => "close the bracket",
        ErrorKind::UnknownQuotedScalarEscape => "use single quotes, where `\\` means itself",
        ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::InvalidIndentation => {
            "check the indentation: entries of one list or mapping start in the same column"
        }
        _ => return None,
    })
}
