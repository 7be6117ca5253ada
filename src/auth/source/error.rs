//! Why a value is not there.

use std::io;
use std::time::Duration;

/// What is wrong at a place. None of it holds anything of the value.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// No such variable, or an empty one.
    #[error("`{0}` is not set")]
    NotSet(String),
    /// No such file.
    #[error("there is no file `{0}`")]
    NoFile(String),
    /// Nothing says where the credentials of systemd are.
    #[error("`$CREDENTIALS_DIRECTORY` is not set for `{0}`")]
    NoCredentials(String),
    /// A file that cannot be read.
    #[error("cannot read `{path}`: {source}")]
    Unreadable {
        /// Its path as it is written.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// A folder, a pipe, a device.
    #[error("`{path}` is {kind}")]
    WrongKind {
        /// Its path as it is written.
        path: String,
        /// What it is, with its article.
        kind: &'static str,
    },
    /// More than a value may have.
    #[error("{0} has more than 64 KiB")]
    TooLarge(String),
    /// Not UTF-8.
    #[error("{0} is not UTF-8 text")]
    NotText(String),
    /// Nothing in it but a line break at most.
    #[error("{0} is empty")]
    Empty(String),
    /// No such program.
    #[error("there is no program `{0}`")]
    NoProgram(String),
    /// A program that cannot be started.
    #[error("cannot run `{command}`: {source}")]
    NotStarted {
        /// The command line.
        command: String,
        /// Why.
        source: io::Error,
    },
    /// A program that failed.
    #[error("`{command}` failed with {status}")]
    Failed {
        /// The command line.
        command: String,
        /// How it ended: `exit status 1`, `signal 9`.
        status: String,
        /// What it said on standard error, redacted and cut; may be empty.
        said: String,
    },
    /// A program that did not end.
    #[error("`{command}` was stopped: it took longer than {} s", time.as_secs())]
    TooSlow {
        /// The command line.
        command: String,
        /// How long it may take.
        time: Duration,
        /// What it said on standard error, redacted and cut; may be empty.
        said: String,
    },
    /// Nobody can be asked.
    #[error("nobody can be asked: standard input or standard error is no terminal")]
    NoTerminal,
    /// Somebody was asked and does not want to go on.
    #[error("the question was not answered")]
    Stopped,
    /// Somebody was asked and typed nothing.
    #[error("nothing was entered")]
    NothingEntered,
    /// Asking failed.
    #[error("cannot ask at the terminal: {0}")]
    Terminal(io::Error),
    /// No such entry.
    #[error("the keyring has no entry `{0}`")]
    NoEntry(String),
    /// The keyring cannot be used.
    #[error("cannot use the keyring: {0}")]
    Keyring(String),
}

impl SourceError {
    /// Whether the value is simply not there: then a default holds, or it may be undefined. All else is trouble, which a
    /// default must not hide.
    pub fn is_missing(&self) -> bool {
        match self {
            Self::NotSet(_)
            | Self::NoFile(_)
            | Self::NoCredentials(_)
            | Self::Empty(_)
            | Self::NoTerminal
            | Self::NothingEntered
            | Self::NoEntry(_) => true,
            Self::Unreadable { .. }
            | Self::WrongKind { .. }
            | Self::TooLarge(_)
            | Self::NotText(_)
            | Self::NoProgram(_)
            | Self::NotStarted { .. }
            | Self::Failed { .. }
            | Self::TooSlow { .. }
            | Self::Stopped
            | Self::Terminal(_)
            | Self::Keyring(_) => false,
        }
    }

    /// What a program said, if it said something.
    pub fn said(&self) -> Option<&str> {
        match self {
            Self::Failed { said, .. } | Self::TooSlow { said, .. } => {
                Some(said).filter(|said| !said.is_empty()).map(String::as_str)
            }
            Self::NotSet(_)
            | Self::NoFile(_)
            | Self::NoCredentials(_)
            | Self::Unreadable { .. }
            | Self::WrongKind { .. }
            | Self::TooLarge(_)
            | Self::NotText(_)
            | Self::Empty(_)
            | Self::NoProgram(_)
            | Self::NotStarted { .. }
            | Self::NoTerminal
            | Self::Stopped
            | Self::NothingEntered
            | Self::Terminal(_)
            | Self::NoEntry(_)
            | Self::Keyring(_) => None,
        }
    }

    /// What helps.
    pub fn help(&self) -> String {
        match self {
            Self::NotSet(variable) => format!(
                "`export {variable}=…`, or add a line `{variable}=…` to `.env` in the project's folder, or keep it: `river secrets set {variable}`"
            ),
            Self::NoFile(_) => "a path is relative to the project's root; write the secret into the file, and `chmod 600` it".to_owned(),
            Self::NoCredentials(_) => "systemd sets it for a unit with `LoadCredential=`; elsewhere `export CREDENTIALS_DIRECTORY=FOLDER`".to_owned(),
            Self::Unreadable { .. } => "make it readable for the user that runs river".to_owned(),
            Self::WrongKind { .. } => "name the file that holds the secret, and nothing else".to_owned(),
            Self::TooLarge(_) => "a secret has 64 KiB at most; is it the right one?".to_owned(),
            Self::NotText(_) => "a secret is text; encode it, with `base64` for example".to_owned(),
            Self::Empty(_) => "is the secret where it is looked for?".to_owned(),
            Self::NoProgram(_) => "install it, or write its whole path; the list begins with the program, then each argument by itself".to_owned(),
            Self::NotStarted { .. } => "it must be a program that the user who runs river may run".to_owned(),
            Self::Failed { .. } | Self::TooSlow { .. } => "run it by hand in the project's root; it must print the secret and ask nothing".to_owned(),
            Self::NoTerminal => "run it at a terminal, or take the value from elsewhere: `from: env:NAME`, `from: file:PATH`".to_owned(),
            Self::Stopped | Self::NothingEntered => "run it again, and type or paste the value".to_owned(),
            Self::Terminal(_) => "take the value from elsewhere: `from: env:NAME`, `from: file:PATH`".to_owned(),
            Self::NoEntry(name) => format!("keep it there as the password of service `river` and user `{name}`"),
            Self::Keyring(_) => "is it unlocked? elsewhere a value can be in a file: `from: file:PATH`".to_owned(),
        }
    }
}
