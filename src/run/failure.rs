//! Why a step stops. All text is redacted before it leaves this folder.

use crate::diagnostic::{Code, Diagnostic, Span};
use crate::plan::written::EvaluationError;
use crate::target::TargetError;

/// Why a step stops before its end.
#[derive(Debug)]
pub(super) enum Stop {
    /// It failed; the finding says everything.
    Failed(Box<Diagnostic>),
    /// A target could not be written.
    Target(TargetError),
    /// Somebody wished to stop.
    Interrupted,
    /// It has done as much as one run may; the finding says which limit was reached.
    Limit(Box<Diagnostic>),
    /// What an interrupted run wrote down to be resumed is lost or has changed: only a run from the start can go on.
    CannotResume(Box<Diagnostic>),
    /// Another strand has ended the run; its reason counts.
    Elsewhere,
}

impl Stop {
    /// Whether another strand's reason counts.
    pub(super) fn is_elsewhere(&self) -> bool {
        match self {
            Self::Elsewhere => true,
            Self::Failed(_)
            | Self::Target(_)
            | Self::Interrupted
            | Self::Limit(_)
            | Self::CannotResume(_) => false,
        }
    }

    /// Why a run from the start may do better; none: it would not. `is_refused`: the service did not accept where the
    /// strand had resumed.
    pub(super) fn asks_to_start_over(&self, is_refused: bool) -> Option<String> {
        match self {
            Self::Failed(why) => (is_refused && !why.code.means_not_signed_in()).then(|| why.message.clone()),
            Self::CannotResume(why) => Some(why.message.clone()),
            Self::Target(_) | Self::Interrupted | Self::Limit(_) | Self::Elsewhere => None,
        }
    }

    /// The finding of an item that can be left out while the others go on; none: the loop ends.
    pub(super) fn blames_the_answer(&self) -> Option<&Diagnostic> {
        match self {
            Self::Failed(finding) => Some(&**finding).filter(|finding| finding.code.blames_the_answer()),
            Self::Target(_)
            | Self::Interrupted
            | Self::Limit(_)
            | Self::CannotResume(_)
            | Self::Elsewhere => None,
        }
    }

    /// Whether the step failed, for whatever its finding says.
    pub(super) fn is_failure(&self) -> bool {
        match self {
            Self::Failed(_) => true,
            Self::Target(_)
            | Self::Interrupted
            | Self::Limit(_)
            | Self::CannotResume(_)
            | Self::Elsewhere => false,
        }
    }

    /// The same, said of an item of a loop.
    pub(super) fn within(self, item: &str) -> Self {
        match self {
            Self::Failed(mut finding) => {
                finding.message = format!("{item}: {}", finding.message);
                Self::Failed(finding)
            }
            other @ (Self::Target(_)
            | Self::Interrupted
            | Self::Limit(_)
            | Self::CannotResume(_)
            | Self::Elsewhere) => other,
        }
    }
}

impl From<super::interrupt::Interrupted> for Stop {
    fn from(_: super::interrupt::Interrupted) -> Self {
        Stop::Interrupted
    }
}

impl From<Diagnostic> for Stop {
    fn from(diagnostic: Diagnostic) -> Self {
        Stop::Failed(Box::new(diagnostic))
    }
}

impl From<TargetError> for Stop {
    fn from(error: TargetError) -> Self {
        Stop::Target(error)
    }
}

/// An evaluation that failed while a step ran.
pub(super) fn evaluation(step: &str, error: &EvaluationError) -> Diagnostic {
    let help = error.undefined.then(|| {
        "if it may be missing, write `default(…)` behind it, or test it with `is defined`".to_owned()
    });
    Diagnostic::error(Code::Evaluation, format!("step `{step}`: {}", error.message))
        .at(error.span, "")
        .help_if(help)
}

/// A failure of a step at a place.
pub(super) fn at(code: Code, step: &str, message: &str, span: Span) -> Diagnostic {
    Diagnostic::error(code, format!("step `{step}`: {message}")).at(span, "")
}
