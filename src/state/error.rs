//! Why the state cannot be used.

use std::io;

/// Something about the state that its owner should know.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// A file that is empty, cut off, or no database.
    #[error("the state in `{shown}` is damaged: {found}")]
    Damaged {
        /// The file.
        shown: String,
        /// What is wrong with it.
        found: String,
    },
    /// A database that is not river's.
    #[error("`{shown}` is a database of another program")]
    Foreign {
        /// The file.
        shown: String,
    },
    /// A database of a later river.
    #[error("`{shown}` was written by a newer river: its version is {found}, this river knows {known}")]
    Newer {
        /// The file.
        shown: String,
        /// Its version.
        found: i64,
        /// The newest that is known here.
        known: i64,
    },
    /// Another process holds the database for too long.
    #[error("another process has held the state in `{shown}` for too long")]
    Busy {
        /// The file.
        shown: String,
    },
    /// No room is left.
    #[error("cannot write the state in `{shown}`: no space is left on the device")]
    Full {
        /// The file.
        shown: String,
    },
    /// The database cannot be written.
    #[error("the state in `{shown}` may not be written")]
    ReadOnly {
        /// The file.
        shown: String,
    },
    /// What was stored cannot be read back.
    #[error("the state in `{shown}` holds {what} that cannot be read: {cause}")]
    Unreadable {
        /// The file.
        shown: String,
        /// What.
        what: &'static str,
        /// Why.
        cause: String,
    },
    /// The database refuses for another reason.
    #[error("the state in `{shown}` cannot be used: {source}")]
    Database {
        /// The file.
        shown: String,
        /// Why.
        source: rusqlite::Error,
    },
    /// The system does not allow it.
    #[error("cannot {doing} `{shown}`: {source}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// The file or folder.
        shown: String,
        /// Why.
        source: io::Error,
    },
}

impl StateError {
    /// The system refuses a thread for the state in a folder.
    pub fn no_thread(folder: &std::path::Path, source: io::Error) -> Self {
        Self::Io { doing: "start a thread for", shown: super::database::shown(folder), source }
    }

    /// The thread of the state has ended, which only a fault of river's does.
    pub fn ended(folder: &std::path::Path) -> Self {
        Self::no_thread(folder, io::Error::other("it has ended"))
    }

    /// What helps.
    pub fn help(&self) -> String {
        match self {
            Self::Damaged { shown, .. } | Self::Unreadable { shown, .. } => format!(
                "bring it back from a backup, or move `{shown}` away: then every pipeline starts from its `initial_value`"
            ),
            Self::Foreign { shown } => format!("move `{shown}` away; river keeps its state under that name"),
            Self::Newer { .. } => {
                "run the newer river; an older one would lose what it does not know".to_owned()
            }
            Self::Busy { .. } => "look for a river that hangs, and try again".to_owned(),
            Self::Full { .. } => "make room on the device, and run again: nothing is lost".to_owned(),
            Self::ReadOnly { shown } => {
                format!("make `{shown}` and its folder writable for the user who runs river")
            }
            Self::Database { .. } => {
                "try again; if it stays so, bring the file back from a backup".to_owned()
            }
            Self::Io { .. } => {
                "river keeps its state in `.river` at the project's root: that folder must be writable"
                    .to_owned()
            }
        }
    }
}
