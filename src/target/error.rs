//! What can go wrong at a target, in terms of the path that the author wrote.

use std::io;
use std::path::Path;

/// Why a target cannot take records or show them.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// The path is a folder.
    #[error("`{shown}` is a folder, not a file")]
    Folder {
        /// The path as the author wrote it.
        shown: String,
    },
    /// The path is a device, a pipe or the like, which cannot be replaced.
    #[error("`{shown}` is not a regular file")]
    Special {
        /// The path as the author wrote it.
        shown: String,
    },
    /// The file exists and is protected.
    #[error("`{shown}` exists and is read-only")]
    ReadOnly {
        /// The path as the author wrote it.
        shown: String,
    },
    /// Its folder may not be written or not be created.
    #[error("the folder of `{shown}` may not be written")]
    FolderDenied {
        /// The path as the author wrote it.
        shown: String,
        /// What the system said.
        source: io::Error,
    },
    /// A part of the path that must be a folder is something else.
    #[error("a folder in the path `{shown}` is a file")]
    NotAFolder {
        /// The path as the author wrote it.
        shown: String,
        /// What the system said.
        source: io::Error,
    },
    /// The file's name is longer than the file system allows.
    #[error("the name of `{shown}` is too long")]
    NameTooLong {
        /// The path as the author wrote it.
        shown: String,
    },
    /// No space or quota is left.
    #[error("no space is left to write `{shown}`")]
    Full {
        /// The path as the author wrote it.
        shown: String,
        /// What the system said.
        source: io::Error,
    },
    /// The temporary file of this run exists already.
    #[error("the temporary file `{temporary}` for `{shown}` already exists")]
    Leftover {
        /// The path as the author wrote it.
        shown: String,
        /// The name of the temporary file.
        temporary: String,
    },
    /// A prepared file was removed before it could be put in place.
    #[error("the finished file for `{shown}` was removed before it was put in place")]
    Vanished {
        /// The path as the author wrote it.
        shown: String,
    },
    /// A spooled file holds less than its run knew to be durable.
    #[error("the unfinished file for `{shown}` has {found} bytes, though {length} were written")]
    Shortened {
        /// The path as the author wrote it.
        shown: String,
        /// The bytes that are there.
        found: u64,
        /// The bytes that were durable.
        length: u64,
    },
    /// The reader of standard output went away; the run ends quietly.
    #[error("the reader of standard output is gone")]
    Closed,
    /// The target failed before, or its thread died.
    #[error("the target stopped earlier")]
    Stopped,
    /// Standard output cannot be written.
    #[error("cannot write to standard output")]
    Stdout {
        /// What the system said.
        source: io::Error,
    },
    /// The system gave no thread for the target.
    #[error("cannot start a thread for the target")]
    NoThread {
        /// What the system said.
        source: io::Error,
    },
    /// Anything else that the system refused.
    #[error("cannot {doing} `{shown}`")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// The path as the author wrote it.
        shown: String,
        /// What the system said.
        source: io::Error,
    },
}

impl TargetError {
    /// What the author can do about it; none where the cause says all.
    pub fn help(&self) -> Option<String> {
        let help = match self {
            Self::Folder { shown } => {
                format!("add a file name: `{}/records.jsonl`", shown.trim_end_matches('/'))
            }
            Self::Special { .. } => "use `kind: stdout` to write to a terminal or pipe".to_owned(),
            Self::ReadOnly { shown } => {
                format!("make it writable (`chmod u+w {shown}`) or give another path")
            }
            Self::FolderDenied { shown, .. } => {
                format!(
                    "give the user of this process the right to write `{}`, or another path",
                    folder_of(shown)
                )
            }
            Self::NotAFolder { .. } => "remove that file or give another path".to_owned(),
            Self::NameTooLong { .. } => "give a shorter name; most file systems allow 255 bytes".to_owned(),
            Self::Full { .. } => "free some space; what was there before is untouched".to_owned(),
            Self::Leftover { temporary, .. } => format!("if no other run is at work, remove `{temporary}`"),
            Self::Vanished { .. } | Self::Shortened { .. } => "run the pipeline again".to_owned(),
            Self::Closed | Self::Stopped | Self::Stdout { .. } | Self::NoThread { .. } | Self::Io { .. } => {
                return None;
            }
        };
        Some(help)
    }

    /// Sorts what the system refused while doing something with the file at `shown`.
    pub(super) fn from_io(doing: &'static str, shown: &str, source: io::Error) -> Self {
        let shown = shown.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { shown, source },
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::FolderDenied { shown, source }
            }
            io::ErrorKind::NotADirectory => Self::NotAFolder { shown, source },
            io::ErrorKind::IsADirectory => Self::Folder { shown },
            io::ErrorKind::InvalidFilename => Self::NameTooLong { shown },
            _ => Self::Io { doing, shown, source },
        }
    }
}

fn folder_of(shown: &str) -> String {
    match Path::new(shown).parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.display().to_string(),
        _ => ".".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_of_the_system_are_sorted() {
        let cases = [
            (io::ErrorKind::StorageFull, "no space is left to write `out/a.jsonl`"),
            (io::ErrorKind::QuotaExceeded, "no space is left to write `out/a.jsonl`"),
            (io::ErrorKind::PermissionDenied, "the folder of `out/a.jsonl` may not be written"),
            (io::ErrorKind::ReadOnlyFilesystem, "the folder of `out/a.jsonl` may not be written"),
            (io::ErrorKind::NotADirectory, "a folder in the path `out/a.jsonl` is a file"),
            (io::ErrorKind::IsADirectory, "`out/a.jsonl` is a folder, not a file"),
            (io::ErrorKind::InvalidFilename, "the name of `out/a.jsonl` is too long"),
            (io::ErrorKind::Other, "cannot create `out/a.jsonl`"),
        ];
        for (kind, message) in cases {
            assert_eq!(TargetError::from_io("create", "out/a.jsonl", kind.into()).to_string(), message);
        }
    }

    #[test]
    fn help_names_the_folder() {
        let help = |shown: &str| {
            TargetError::from_io("create", shown, io::ErrorKind::PermissionDenied.into()).help().unwrap()
        };
        assert!(help("out/a.jsonl").contains("write `out`"));
        assert!(help("a.jsonl").contains("write `.`"));
    }
}
