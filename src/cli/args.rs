//! What may stand on the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use river_sandbox::{Churn, Fault, Guess, Options};

pub(super) use super::auth::arguments::AuthArguments;
use super::sandbox;
pub(super) use super::secrets::arguments::SecretsArguments;
pub(super) use super::state::arguments::StateArguments;
use crate::run::Overlap;
use crate::spec::value::parse_period;

/// Multi-step HTTP pipelines in one readable YAML file.
#[derive(Debug, Parser)]
#[command(name = "river", version, about, long_about = None, max_term_width = 100, disable_help_subcommand = true)]
#[command(
    after_help = "Exit codes: 0 complete, 1 failed, 2 wrong usage, 3 the check found errors, 4 incomplete, 5 locked, 6 sign-in failed, \
                  7 target failed, 130 interrupted."
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
    /// Say more on stderr: -v each request, -vv also headers and decisions.
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub(super) verbose: u8,
    /// Log lines as JSON, for machines.
    #[arg(long, global = true, default_value = "text", value_name = "FORMAT")]
    pub(super) log_format: LogFormat,
    /// When to use colour.
    #[arg(long, global = true, default_value = "auto", value_name = "WHEN")]
    pub(super) color: When,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum When {
    Auto,
    Always,
    Never,
}

impl When {
    /// Whether nothing about where the text goes matters.
    pub(super) fn is_always(self) -> bool {
        match self {
            Self::Always => true,
            Self::Auto | Self::Never => false,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run a pipeline.
    Run(RunArguments),
    /// Sign in to a service once, and look after what is signed in.
    Auth(AuthArguments),
    /// Find everything that is wrong in pipelines, without a request.
    Check(CheckArguments),
    /// Show what a pipeline would request, in order, without a request.
    Plan(PlanArguments),
    /// Show the first records of a pipeline; nothing is written.
    Preview(PreviewArguments),
    /// Show, set, forget, save and bring back what runs keep for the next ones.
    State(StateArguments),
    /// Keep secrets for this project, list their names, forget them.
    Secrets(SecretsArguments),
    /// List the connections of the project, with what is signed in, or those that river brings along.
    Connections(ConnectionsArguments),
    /// List the pipelines that river brings along.
    Kits(KitsArguments),
    /// Copy one of them, with its connection, as the start of your own; or a connection into `connections/`.
    New(NewArguments),
    /// Explain the code of a finding, with a wrong and a right example.
    Explain(ExplainArguments),
    /// Serve the stand-in for Zoho until Ctrl-C, for other programs and for trying things out.
    Sandbox(SandboxArguments),
    /// Print the JSON Schema of the language, for editors.
    #[command(after_help = SCHEMA_HELP)]
    Schema(SchemaArguments),
}

impl Command {
    /// Whether only errors are wanted.
    pub(super) fn is_quiet(&self) -> bool {
        match self {
            Self::Run(run) => run.quiet,
            Self::Auth(_)
            | Self::Check(_)
            | Self::Plan(_)
            | Self::Preview(_)
            | Self::State(_)
            | Self::Secrets(_)
            | Self::Connections(_)
            | Self::Kits(_)
            | Self::New(_)
            | Self::Explain(_)
            | Self::Sandbox(_)
            | Self::Schema(_) => false,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct ConnectionsArguments {
    /// Those that river brings along.
    #[arg(long)]
    pub(super) ready: bool,
    /// How they are printed.
    #[arg(long, default_value = "text")]
    pub(super) format: Format,
}

#[derive(Debug, Args)]
pub(super) struct KitsArguments {
    /// How they are printed.
    #[arg(long, default_value = "text")]
    pub(super) format: Format,
}

#[derive(Debug, Args)]
pub(super) struct NewArguments {
    /// Which one; `river kits` and `river connections --ready` list them.
    #[arg(long, value_name = "NAME")]
    pub(super) from: String,
    /// The new file, ending in `.yaml`. Nothing that is there is overwritten.
    pub(super) file: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct ExplainArguments {
    /// The code, as in `error[unknown-key]`.
    pub(super) code: String,
}

const SCHEMA_HELP: &str = "\
Editors with the YAML language server complete and validate a pipeline by its first line:

  # yaml-language-server: $schema=../.river/schema.json

The path is relative to the pipeline. Make the file once, and again after an update of river:

  mkdir -p .river && river schema > .river/schema.json";

#[derive(Debug, Args)]
pub(super) struct SchemaArguments {
    /// Which kind of file.
    #[arg(default_value = "pipeline", value_name = "KIND")]
    pub(super) of: SchemaOf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum SchemaOf {
    Pipeline,
    Connection,
}

#[derive(Debug, Args)]
pub(super) struct RunArguments {
    /// The pipeline: a file, or its name under `pipelines/`, with or without `.yaml`.
    pub(super) pipeline: String,
    /// Set a param; `NAME=env:VARIABLE` takes a secret from the environment.
    #[arg(short, long = "param", value_name = "NAME=VALUE", value_parser = pair)]
    pub(super) param: Vec<(String, String)>,
    /// Start over, and not where a run stopped before its end.
    #[arg(long)]
    pub(super) restart: bool,
    /// Read everything anew: forget up to where earlier runs read, and replace what the targets hold.
    #[arg(long, conflicts_with_all = ["from", "to"])]
    pub(super) full_refresh: bool,
    /// Read from here, in the place of what earlier runs left: the value of `state.*` and `run.from`.
    #[arg(long, value_name = "VALUE")]
    pub(super) from: Option<String>,
    /// The value of `run.to`, for pipelines that read it; what is kept for the next run then stays as it is.
    #[arg(long, value_name = "VALUE")]
    pub(super) to: Option<String>,
    /// What to do while another run of the same kind is at work: `fail`, `skip` (succeed without a run), `wait=5m`.
    #[arg(long, value_name = "WHAT", default_value = "fail", value_parser = overlap)]
    pub(super) on_overlap: Overlap,
    /// Print nothing but errors.
    #[arg(short, long)]
    pub(super) quiet: bool,
    #[command(flatten)]
    pub(super) rehearsal: RehearsalArguments,
}

/// Whether to run against the stand-in for Zoho, and what it is to be like then.
#[derive(Debug, Args)]
#[command(mut_group("StandInOptions", |group| group.requires("sandbox")))]
pub(super) struct RehearsalArguments {
    /// Run against an embedded stand-in for Zoho; state and outputs stay under `.river/sandbox/`.
    #[arg(long)]
    pub(super) sandbox: bool,
    #[command(flatten)]
    pub(super) stand_in: StandInOptions,
}

#[derive(Debug, Args)]
pub(super) struct PreviewArguments {
    /// The pipeline: a file, or its name under `pipelines/`, with or without `.yaml`.
    pub(super) pipeline: String,
    /// Set a param; `NAME=env:VARIABLE` takes a secret from the environment.
    #[arg(short, long = "param", value_name = "NAME=VALUE", value_parser = pair)]
    pub(super) param: Vec<(String, String)>,
    /// Whose records; by default those of the first step with records that runs.
    #[arg(long, value_name = "NAME")]
    pub(super) step: Option<String>,
    /// How many records.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) records: u32,
    /// Each record as a block with a line a field, and nothing cut.
    #[arg(long)]
    pub(super) long: bool,
    /// As a table, or as they were received: JSON, one record a line.
    #[arg(long, default_value = "text", conflicts_with = "long")]
    pub(super) format: Format,
    #[command(flatten)]
    pub(super) rehearsal: RehearsalArguments,
}

#[derive(Debug, Args)]
pub(super) struct SandboxArguments {
    /// The port on 127.0.0.1; 0 takes a free one.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = sandbox::port)]
    pub(super) port: u16,
    /// Print one line of JSON, for scripts: `base_url`, `accounts_url`, `client_id`, `client_secret`, `refresh_token`.
    #[arg(long)]
    pub(super) json: bool,
    /// Where codes may be sent besides `http://127.0.0.1:PORT/…` and `http://localhost:PORT/…`; may be given several times.
    #[arg(long, value_name = "URL", value_parser = sandbox::redirect_uri)]
    pub(super) redirect_uri: Vec<String>,
    #[command(flatten)]
    pub(super) stand_in: StandInOptions,
}

/// What the stand-in is to be like, wherever it runs.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of the sandbox")]
pub(super) struct StandInOptions {
    /// How many leads there are; the other modules are smaller in proportion.
    #[arg(long, value_name = "N", default_value_t = Options::default().leads, value_parser = sandbox::leads)]
    pub(super) leads: u64,
    /// What the made-up data depends on.
    #[arg(long, value_name = "N", default_value_t = Options::default().seed, value_parser = sandbox::seed)]
    pub(super) seed: u64,
    /// How long an access token lives.
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = sandbox::token_life)]
    pub(super) token_life: Duration,
    /// How many access tokens a refresh token gives in ten minutes.
    #[arg(long, value_name = "N", default_value_t = Options::default().tokens_per_ten_minutes, value_parser = sandbox::tokens)]
    pub(super) tokens_per_ten_minutes: u32,
    /// How many credits the calls of 24 hours may cost.
    #[arg(long, value_name = "N", default_value_t = Options::default().credits, value_parser = sandbox::credits)]
    pub(super) credits: u64,
    /// How many calls may be in flight at the same time.
    #[arg(long, value_name = "N", default_value_t = Options::default().concurrency, value_parser = sandbox::concurrency)]
    pub(super) concurrency: usize,
    /// A fault, such as `status=503@3` (page 3 answers 503 once); may be given several times.
    #[arg(long, value_name = "FAULT")]
    pub(super) fault: Vec<Fault>,
    /// How many records are inserted, modified or deleted after each page; none by default.
    #[arg(long, value_name = "N")]
    pub(super) churn: Option<Churn>,
    /// What to do where Zoho's documentation is silent, such as `unchanged=204`; may be given several times.
    #[arg(long, value_name = "NAME=VALUE")]
    pub(super) guess: Vec<Guess>,
}

#[derive(Debug, Args)]
pub(super) struct PlanArguments {
    /// The pipeline: a file, or its name under `pipelines/`, with or without `.yaml`.
    pub(super) pipeline: String,
    /// Set a param; `NAME=env:VARIABLE` takes a secret from the environment.
    #[arg(short, long = "param", value_name = "NAME=VALUE", value_parser = pair)]
    pub(super) param: Vec<(String, String)>,
    /// As it would run against the stand-in for Zoho.
    #[arg(long)]
    pub(super) sandbox: bool,
    /// As a JSON array, one object a step.
    #[arg(long, conflicts_with = "curl")]
    pub(super) json: bool,
    /// As commands of curl; secrets and extracted values are shell variables.
    #[arg(long)]
    pub(super) curl: bool,
}

#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    /// Pipelines by file or name, connections by file, folders with all below; by default the project's `pipelines/`.
    pub(super) files: Vec<String>,
    /// How findings are printed.
    #[arg(long, default_value = "text")]
    pub(super) format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    Text,
    Json,
}

impl Format {
    /// Whether it is for programs.
    pub(super) fn is_json(self) -> bool {
        match self {
            Self::Json => true,
            Self::Text => false,
        }
    }
}

/// The folder in which the command was started.
pub(super) fn working_folder() -> PathBuf {
    std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."))
}

fn overlap(text: &str) -> Result<Overlap, String> {
    match text.split_once('=') {
        None if text == "fail" => Ok(Overlap::Fail),
        None if text == "skip" => Ok(Overlap::Skip),
        Some(("wait", time)) => parse_period(time)
            .map(Overlap::Wait)
            .ok_or_else(|| format!("`{time}` is not a length of time; write it with its unit: `wait=5m`")),
        _ => Err("allowed: `fail`, `skip`, `wait=5m`".to_owned()),
    }
}

/// A length of time.
pub(super) fn period(text: &str) -> Result<Duration, String> {
    parse_period(text)
        .ok_or_else(|| format!("`{text}` is not a length of time; write it with its unit: `5m`"))
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as NAME=VALUE, for example `-p module=Contacts`".to_owned()),
    }
}
