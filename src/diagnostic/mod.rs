//! Findings about what a user wrote, and how they are shown.
//!
//! A [`Diagnostic`] is a plain value: a stable code, a message, places in source files and help. Stations collect
//! them; only `cli` prints them. This module knows nothing of pipelines.

mod code;
mod nearest;
mod render;
mod source;

pub use code::Code;
pub use nearest::{nearest, quoted_list};
pub use render::{Style, render, render_json};
pub use source::{FileId, SourceLocation, Sources, Span};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The pipeline cannot run.
    Error,
    /// The pipeline can run, but probably not as meant.
    Warning,
}

impl Severity {
    /// Whether the pipeline cannot run.
    pub fn is_error(self) -> bool {
        match self {
            Self::Error => true,
            Self::Warning => false,
        }
    }
}

/// A place in a source file and what to say there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is shown beside the caret; may be empty.
    pub text: String,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its stable code.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// What was found, in one line: lower case, no final stop, names in backticks.
    pub message: String,
    /// The place it is about first, then places that explain it. May be empty.
    pub labels: Vec<Label>,
    /// What was seen: the request, the status, an excerpt of the body.
    pub notes: Vec<String>,
    /// What is allowed, and edits or commands that help.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// An error with its code and message.
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            labels: vec![],
            notes: vec![],
            help: vec![],
        }
    }

    /// A warning with its code and message.
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }

    /// Adds a place; the first one added is where the finding is.
    #[must_use]
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Adds a place, if there is one.
    #[must_use]
    pub fn at_if(self, span: Option<Span>) -> Self {
        match span {
            Some(span) => self.at(span, ""),
            None => self,
        }
    }

    /// Adds a line about what was seen.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// Adds a line of help.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    /// The same with all its text passed through a function: a redactor.
    #[must_use]
    pub fn map_text(mut self, change: impl Fn(&str) -> String) -> Self {
        self.message = change(&self.message);
        self.labels.iter_mut().for_each(|label| label.text = change(&label.text));
        self.notes.iter_mut().for_each(|note| *note = change(note));
        self.help.iter_mut().for_each(|help| *help = change(help));
        self
    }

    /// Adds a line of help if there is one.
    #[must_use]
    pub fn help_if(mut self, text: Option<String>) -> Self {
        self.help.extend(text);
        self
    }
}

/// All findings of a reading or a plan, in the order of the source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    list: Vec<Diagnostic>,
}

impl Findings {
    /// Adds a finding.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.list.push(diagnostic);
    }

    /// Whether at least one is an error.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|finding| finding.severity.is_error())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The findings, sorted by file and position; equal ones once.
    pub fn sorted(&self) -> Vec<Diagnostic> {
        let mut list = self.list.clone();
        list.sort_by_key(|finding| finding.labels.first().map(|label| label.span));
        list.dedup();
        list
    }
}
