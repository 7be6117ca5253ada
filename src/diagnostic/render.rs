//! How a finding looks: source line and caret for people, one JSON object for machines.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde_json::{Value, json};

use super::{Diagnostic, Severity, Sources, Span};

/// Whether colours may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Text only.
    Plain,
    /// With terminal colours.
    Coloured,
}

impl Style {
    /// Whether a terminal shows colours.
    pub fn is_coloured(self) -> bool {
        match self {
            Self::Coloured => true,
            Self::Plain => false,
        }
    }
}

/// The text of one finding, without a final line break.
pub fn render(diagnostic: &Diagnostic, sources: &Sources, style: Style) -> String {
    let renderer = match style {
        Style::Plain => Renderer::plain(),
        Style::Coloured => Renderer::styled(),
    };
    if diagnostic.labels.is_empty() {
        return without_place(diagnostic, &renderer);
    }
    renderer.render(&[group(diagnostic, sources)])
}

/// Without a source line there is no margin to attach notes to.
fn without_place(diagnostic: &Diagnostic, renderer: &Renderer) -> String {
    let title = level(diagnostic.severity).primary_title(&*diagnostic.message).id(diagnostic.code.as_str());
    let mut text = renderer.render(&[Group::with_title(title)]);
    diagnostic.notes.iter().for_each(|note| text.extend(["\n  = note: ", note]));
    diagnostic.help.iter().for_each(|help| text.extend(["\n  = help: ", help]));
    text
}

/// One finding as a JSON object.
pub fn render_json(diagnostic: &Diagnostic, sources: &Sources) -> Value {
    let labels: Vec<Value> = diagnostic
        .labels
        .iter()
        .map(|label| {
            let place = sources.location(label.span);
            let end = sources.location(label.span.with_range(label.span.range().end..label.span.range().end));
            json!({ "file": place.file, "line": place.line, "column": place.column,
                    "end_line": end.line, "end_column": end.column, "text": label.text })
        })
        .collect();
    json!({ "code": diagnostic.code.as_str(), "severity": severity_name(diagnostic.severity),
            "message": diagnostic.message, "labels": labels, "notes": diagnostic.notes, "help": diagnostic.help })
}

fn group<'a>(diagnostic: &'a Diagnostic, sources: &'a Sources) -> Group<'a> {
    let mut group = Group::with_title(
        level(diagnostic.severity).primary_title(&*diagnostic.message).id(diagnostic.code.as_str()),
    );
    for (index, label) in diagnostic.labels.iter().enumerate() {
        let same_file = |other: &&super::Label| other.span.file == label.span.file;
        if diagnostic.labels[..index].iter().any(|earlier| same_file(&earlier)) {
            continue; // drawn with the first label of its file
        }
        let mut snippet = Snippet::source(sources.shown(label.span.file)).path(sources.name(label.span.file));
        for (at, other) in diagnostic.labels.iter().enumerate().filter(|(_, other)| same_file(other)) {
            let kind = if at == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
            snippet = snippet.annotation(kind.span(first_line(other.span, sources)).label(&*other.text));
        }
        group = group.element(snippet);
    }

    for note in &diagnostic.notes {
        group = group.element(Level::NOTE.message(&**note));
    }
    diagnostic.help.iter().fold(group, |group, help| group.element(Level::HELP.message(&**help)))
}

/// A caret under one line says where; brackets around twenty lines hide what is said.
fn first_line(span: Span, sources: &Sources) -> Range<usize> {
    let range = span.range();
    let line = sources.slice(span).find('\n');
    range.start..line.map_or(range.end, |end| range.start + end)
}

fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    }
}

fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}
