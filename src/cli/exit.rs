//! Every exit code of river. They are an interface: scripts and cron jobs rely on them.

use std::process::ExitCode;

use crate::diagnostic::Diagnostic;
use crate::run::Ending;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything was done.
    Success,
    /// The run failed.
    Failed,
    /// The command line is wrong.
    Usage,
    /// The pipeline has errors; nothing was requested.
    CheckFailed,
    /// The run ended without everything: never a success.
    Incomplete,
    /// Another run holds the lock.
    Locked,
    /// Signing in failed.
    Auth,
    /// A target could not be written.
    Target,
    /// A signal ended the run (128 + SIGINT, as shells count).
    Interrupted,
}

impl Exit {
    /// Every way to end, in the order of the documentation.
    pub const ALL: &'static [Exit] = &[
        Exit::Success,
        Exit::Failed,
        Exit::Usage,
        Exit::CheckFailed,
        Exit::Incomplete,
        Exit::Locked,
        Exit::Auth,
        Exit::Target,
        Exit::Interrupted,
    ];

    /// Whether everything was done.
    pub fn is_success(self) -> bool {
        match self {
            Self::Success => true,
            Self::Failed
            | Self::Usage
            | Self::CheckFailed
            | Self::Incomplete
            | Self::Locked
            | Self::Auth
            | Self::Target
            | Self::Interrupted => false,
        }
    }

    /// What a run has to say at its end, and how the command ends then.
    pub(super) fn of(ending: &Ending) -> (&[Diagnostic], Self) {
        match ending {
            Ending::Complete | Ending::OutputClosed | Ending::Skipped(_) => (&[], Exit::Success),
            Ending::Incomplete(reasons) => (reasons, Exit::Incomplete),
            Ending::Failed(finding) if finding.code.means_not_signed_in() => {
                (std::slice::from_ref(finding), Exit::Auth)
            }
            Ending::Failed(finding) => (std::slice::from_ref(finding), Exit::Failed),
            Ending::TargetFailed(finding) => (std::slice::from_ref(finding), Exit::Target),
            Ending::Interrupted => (&[], Exit::Interrupted),
            Ending::Locked(finding) => (std::slice::from_ref(finding), Exit::Locked),
        }
    }

    /// The number that the shell sees.
    pub const fn code(self) -> u8 {
        match self {
            Exit::Success => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::CheckFailed => 3,
            Exit::Incomplete => 4,
            Exit::Locked => 5,
            Exit::Auth => 6,
            Exit::Target => 7,
            Exit::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_differ_and_the_readme_has_them_all() {
        let readme = include_str!("../../README.md");
        for (index, exit) in Exit::ALL.iter().enumerate() {
            assert!(Exit::ALL[index + 1..].iter().all(|other| other.code() != exit.code()), "{exit:?}");
            assert!(
                readme.contains(&format!("| {} |", exit.code())),
                "{exit:?} is not in the table of README.md"
            );
        }
    }
}
