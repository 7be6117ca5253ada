//! What may stand behind `river state`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::args::Format;

#[derive(Debug, Args)]
pub(in crate::cli) struct StateArguments {
    #[command(subcommand)]
    pub(in crate::cli) command: StateCommand,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum StateCommand {
    /// Show the watermarks, and the runs that have not ended.
    Show(StateShowArguments),
    /// Set a watermark: the next run reads on from there.
    Set(StateSetArguments),
    /// Forget watermarks, and what a dead run left: the next run starts anew.
    Reset(StateResetArguments),
    /// Print the watermarks as JSON, for `river state import`.
    Export(StateExportArguments),
    /// Set all watermarks of an export, or none if one of them does not fit.
    Import(StateImportArguments),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct StateShowArguments {
    /// The pipeline: a file, its name under `pipelines/`, or its `name:`; without it, all.
    pub(in crate::cli) pipeline: Option<String>,
    /// How they are printed.
    #[arg(long, default_value = "text")]
    pub(in crate::cli) format: Format,
    /// The state of runs against the stand-in.
    #[arg(long)]
    pub(in crate::cli) sandbox: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct StateSetArguments {
    /// The pipeline: a file, or its name under `pipelines/`, with or without `.yaml`.
    pub(in crate::cli) pipeline: String,
    /// Which watermark: the step, and its name under `state:`.
    #[arg(value_name = "STEP.NAME", value_parser = step_and_name)]
    pub(in crate::cli) watermark: (String, String),
    /// The value, as `type:` says.
    #[arg(allow_hyphen_values = true)]
    pub(in crate::cli) value: String,
    /// The value of `per:` that it is for, as JSON or as text.
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true, value_parser = per)]
    pub(in crate::cli) per: Option<serde_json::Value>,
    /// The state of runs against the stand-in.
    #[arg(long)]
    pub(in crate::cli) sandbox: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct StateResetArguments {
    /// The pipeline: a file, its name under `pipelines/`, or its `name:`.
    pub(in crate::cli) pipeline: String,
    /// Only the watermarks of this step, or this one of them; a decision of a dead run is then left alone.
    #[arg(value_name = "STEP[.NAME]")]
    pub(in crate::cli) of: Option<String>,
    /// Only those for this value of `per:`, as JSON or as text.
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true, value_parser = per)]
    pub(in crate::cli) per: Option<serde_json::Value>,
    /// The state of runs against the stand-in.
    #[arg(long)]
    pub(in crate::cli) sandbox: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct StateExportArguments {
    /// The pipeline: a file, its name under `pipelines/`, or its `name:`; without it, all.
    pub(in crate::cli) pipeline: Option<String>,
    /// The state of runs against the stand-in.
    #[arg(long)]
    pub(in crate::cli) sandbox: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct StateImportArguments {
    /// What `river state export` printed; `-` is standard input.
    pub(in crate::cli) file: PathBuf,
    /// The state of runs against the stand-in.
    #[arg(long)]
    pub(in crate::cli) sandbox: bool,
}

fn step_and_name(text: &str) -> Result<(String, String), String> {
    match text.split_once('.') {
        Some((step, name)) if !step.is_empty() && !name.is_empty() => Ok((step.to_owned(), name.to_owned())),
        _ => Err("write the step and its name under `state:`, for example `leads.modified_since`".to_owned()),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "what clap takes")]
fn per(text: &str) -> Result<serde_json::Value, std::convert::Infallible> {
    Ok(serde_json::from_str(text).unwrap_or_else(|_| text.into()))
}
