//! Where records land.

use std::path::PathBuf;

/// One destination of records, resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetPlan {
    /// Its name in the pipeline, or the path for an inline target.
    pub name: String,
    /// What kind it is, with that kind's settings.
    pub kind: TargetKind,
}

/// The kinds of targets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetKind {
    /// JSON Lines in a file, replaced as a whole when the run completes.
    Jsonl {
        /// Absolute path of the file.
        path: PathBuf,
        /// The path as the author wrote it, for messages.
        shown: String,
    },
    /// JSON Lines on standard output.
    Stdout,
}
