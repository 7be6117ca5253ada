//! Why the token store, or one entry of it, cannot be used.

use std::io;

use super::protection::Scheme;

/// Something about the store that its owner should know. No value is ever in it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file that is truncated, garbage, or not sealed with this store's key.
    #[error("the kept values in `{shown}` are damaged: {found}")]
    Damaged {
        /// The file.
        shown: String,
        /// What is wrong with it, without any of its text.
        found: &'static str,
    },
    /// A file of a later river.
    #[error("`{shown}` was written by a newer river: its version is {found}, this river knows {known}")]
    Newer {
        /// The file.
        shown: String,
        /// Its version.
        found: u64,
        /// The newest that is known here.
        known: u64,
    },
    /// An entry that is whole, but encrypted with something else than this river was given.
    #[error("`{shown}` is encrypted with {}", other(*with, *given))]
    Encrypted {
        /// The file.
        shown: String,
        /// With what it is encrypted.
        with: Scheme,
        /// What this river encrypts and decrypts with; none: nothing.
        given: Option<Scheme>,
    },
    /// A file or folder of another user: what is in it is theirs.
    #[error("`{shown}` belongs to another user: its owner is user {found}, river runs as user {own}")]
    NotOurs {
        /// The file.
        shown: String,
        /// Its owner.
        found: u32,
        /// The user that runs river.
        own: u32,
    },
    /// A file or folder that others could get at, repaired.
    #[error("other users could get at `{shown}`: its mode was {mode:04o}, now it is {now:04o}")]
    WasOpen {
        /// The file.
        shown: String,
        /// The mode that was found.
        mode: u32,
        /// The mode it has now.
        now: u32,
    },
    /// The key could have been chosen by another user.
    #[error("other users can write the key `{shown}`: its mode is {mode:04o}, only 0600 is accepted")]
    OpenKey {
        /// The file.
        shown: String,
        /// Its mode.
        mode: u32,
    },
    /// The key is not one.
    #[error("the key `{shown}` is damaged: it has {found} bytes, a key has {known}")]
    BadKey {
        /// The file.
        shown: String,
        /// Its size.
        found: u64,
        /// The size of a key.
        known: usize,
    },
    /// Something else than a file or folder is in the way.
    #[error("`{shown}` is not a {wanted}")]
    WrongKind {
        /// What is there.
        shown: String,
        /// What should be there.
        wanted: &'static str,
    },
    /// More than an entry may hold.
    #[error("the values are too many to keep: {found} bytes, at most {allowed} are kept")]
    TooLarge {
        /// The size of the entry.
        found: usize,
        /// The largest that is kept.
        allowed: u64,
    },
    /// A value that JSON would change.
    #[error("the values cannot be kept: `{name}` would not be the same when it is read back")]
    NotJson {
        /// Its name.
        name: String,
    },
    /// Another process holds a lock for too long.
    #[error("another river has held the lock of the kept values for too long; it may hang")]
    Busy,
    /// It could not be opened, or there is none in this mode.
    #[error("there is no store")]
    Absent,
    /// The system does not allow it.
    #[error("cannot {doing} `{shown}`: {source}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// The file.
        shown: String,
        /// Why not.
        source: io::Error,
    },
}

impl StoreError {
    pub(super) fn io(doing: &'static str, shown: &str, source: io::Error) -> Self {
        Self::Io { doing, shown: shown.to_owned(), source }
    }

    /// Whether the entry must stay as it is, and so nothing may be stored in its place.
    pub fn forbids_writing(&self) -> bool {
        match self {
            Self::Damaged { .. } | Self::WasOpen { .. } => false,
            Self::Newer { .. }
            | Self::Encrypted { .. }
            | Self::NotOurs { .. }
            | Self::OpenKey { .. }
            | Self::BadKey { .. }
            | Self::WrongKind { .. }
            | Self::TooLarge { .. }
            | Self::NotJson { .. }
            | Self::Busy
            | Self::Absent
            | Self::Io { .. } => true,
        }
    }

    /// Whether the entry must stay even if its owner wants it removed.
    pub(super) fn forbids_removing(&self) -> bool {
        match self {
            Self::Newer { .. } | Self::NotOurs { .. } | Self::WrongKind { .. } => true,
            Self::Damaged { .. }
            | Self::Encrypted { .. }
            | Self::WasOpen { .. }
            | Self::OpenKey { .. }
            | Self::BadKey { .. }
            | Self::TooLarge { .. }
            | Self::NotJson { .. }
            | Self::Busy
            | Self::Absent
            | Self::Io { .. } => false,
        }
    }

    /// The file that is damaged, if that is what is wrong.
    pub fn damaged_file(&self) -> Option<&str> {
        match self {
            Self::Damaged { shown, .. } => Some(shown),
            Self::Newer { .. }
            | Self::Encrypted { .. }
            | Self::NotOurs { .. }
            | Self::WasOpen { .. }
            | Self::OpenKey { .. }
            | Self::BadKey { .. }
            | Self::WrongKind { .. }
            | Self::TooLarge { .. }
            | Self::NotJson { .. }
            | Self::Busy
            | Self::Absent
            | Self::Io { .. } => None,
        }
    }

    /// Whether another process is at it.
    pub fn is_another_process(&self) -> bool {
        match self {
            Self::Busy => true,
            Self::Damaged { .. }
            | Self::Newer { .. }
            | Self::Encrypted { .. }
            | Self::NotOurs { .. }
            | Self::WasOpen { .. }
            | Self::OpenKey { .. }
            | Self::BadKey { .. }
            | Self::WrongKind { .. }
            | Self::TooLarge { .. }
            | Self::NotJson { .. }
            | Self::Absent
            | Self::Io { .. } => false,
        }
    }

    /// Whether there is no store at all.
    pub fn is_absence(&self) -> bool {
        match self {
            Self::Absent => true,
            Self::Damaged { .. }
            | Self::Newer { .. }
            | Self::Encrypted { .. }
            | Self::NotOurs { .. }
            | Self::WasOpen { .. }
            | Self::OpenKey { .. }
            | Self::BadKey { .. }
            | Self::WrongKind { .. }
            | Self::TooLarge { .. }
            | Self::NotJson { .. }
            | Self::Busy
            | Self::Io { .. } => false,
        }
    }

    /// What helps.
    pub fn help(&self) -> String {
        match self {
            Self::Damaged { .. } => {
                "the values are asked for again, and the damaged file is kept as `….damaged`".to_owned()
            }
            Self::Newer { shown, .. } => format!("use the newer river, or remove `{shown}`"),
            Self::Encrypted { shown, with, .. } => {
                let variable = match with {
                    Scheme::KeyFile => "RIVER_STORE_KEY_FILE",
                    Scheme::Passphrase => "RIVER_STORE_PASSPHRASE",
                };
                format!(
                    "set `{variable}` as it was; if that is lost, what is in the file is as well: `rm {shown}`"
                )
            }
            Self::NotOurs { shown, .. } => {
                format!("run river as the owner, or give it to this user: `chown -R \"$USER\" {shown}`")
            }
            Self::WasOpen { .. } => {
                "if others use this machine, replace the secrets that the service gave".to_owned()
            }
            Self::OpenKey { shown, .. } | Self::BadKey { shown, .. } => {
                format!("remove it: `rm {shown}`; the next run makes a new key and asks for the values again")
            }
            Self::WrongKind { shown, .. } => format!("move `{shown}` away"),
            Self::TooLarge { .. } => "extract only the values that later steps need".to_owned(),
            Self::NotJson { name } => {
                format!("extract `{name}` as text, a number, a boolean or a list of them")
            }
            Self::Busy => "this run asks for the values itself and does not keep them".to_owned(),
            Self::Absent => {
                "make `.river` in the project's folder writable for the user that runs river".to_owned()
            }
            Self::Io { source, .. } => io_help(source).to_owned(),
        }
    }
}

fn other(with: Scheme, given: Option<Scheme>) -> String {
    match given {
        None => format!("a {with}, and river was given none"),
        Some(given) if given == with => format!("another {with} than river was given"),
        Some(given) => format!("a {with}, and river was given a {given}"),
    }
}

fn io_help(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
            "values are kept between runs only where river may write the project's `.river` folder"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "make room on the disk",
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            "move the file away that stands where the folder should be"
        }
        io::ErrorKind::Unsupported => "put the project on a file system that can lock files",
        _ => "until then every run asks for the values anew",
    }
}
