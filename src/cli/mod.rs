//! The command line: arguments in, exit code out. Hints that need the whole picture are added here.

mod args;
mod ask;
mod auth;
mod browser;
mod check;
mod connections;
mod dot_env;
mod exit;
mod explain;
mod files;
mod kept;
mod kits;
mod log;
mod masking;
mod new;
mod plan;
mod preview;
mod problem;
mod project;
mod protection;
mod run;
mod sandbox;
mod schema;
mod secrets;
mod signals;
mod state;
mod terminal;

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;

use crate::diagnostic::Style;
use crate::secret::Redactor;
use args::{Arguments, Command, When};
pub use exit::Exit;
pub use terminal::{Output, Terminal};

/// Runs the command of this process and returns its exit code.
pub fn main() -> ExitCode {
    run_with(std::env::args_os(), process_terminal).into()
}

/// Runs a command with arguments and a terminal of the caller's; tests do this in their own process.
pub fn run_with(arguments: impl IntoIterator<Item = OsString>, terminal: impl FnOnce() -> Terminal) -> Exit {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    let mut terminal = terminal();
    terminal.err = terminal.err.for_messages();
    terminal.style = style(arguments.color, &terminal);
    dispatch(&arguments, &mut terminal).unwrap_or_else(|error| {
        if is_closed_pipe(&error) {
            return Exit::Success; // whoever reads it has seen enough
        }
        // If printing itself failed there is nobody left to tell.
        let _ = writeln!(terminal.err, "error: {error:#}");
        Exit::Failed
    })
}

fn dispatch(arguments: &Arguments, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    match &arguments.command {
        Command::Auth(command) => {
            let redactor = Redactor::default();
            let subscriber = log::subscriber(arguments, terminal, &redactor);
            tracing::subscriber::with_default(subscriber, || {
                auth::auth(&command.command, terminal, &redactor)
            })
        }
        Command::Check(check) => check::check(check, terminal),
        Command::Connections(arguments) => {
            connections::connections(arguments, terminal, &Redactor::default())
        }
        Command::Explain(explain) => explain::explain(explain, terminal),
        Command::Kits(kits) => kits::kits(kits, terminal),
        Command::New(new) => new::new(new, terminal),
        Command::Plan(plan) => plan::plan(plan, terminal),
        Command::Schema(schema) => schema::schema(schema, terminal),
        Command::Sandbox(sandbox) => {
            let subscriber = log::subscriber(arguments, terminal, &Redactor::default());
            tracing::subscriber::with_default(subscriber, || sandbox::sandbox(sandbox, terminal))
        }
        Command::Secrets(secrets) => secrets::secrets(&secrets.command, terminal),
        Command::State(state) => state::state(&state.command, terminal),
        Command::Preview(preview) => {
            let redactor = Redactor::default();
            let subscriber = log::subscriber(arguments, terminal, &redactor);
            tracing::subscriber::with_default(subscriber, || {
                preview::preview(preview, arguments.color, terminal, &redactor)
            })
        }
        Command::Run(run) => {
            let redactor = Redactor::default();
            let subscriber = log::subscriber(arguments, terminal, &redactor);
            tracing::subscriber::with_default(subscriber, || run::run(run, terminal, &redactor))
        }
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let cause = error.root_cause().downcast_ref::<std::io::Error>();
    cause.is_some_and(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
}

/// Help and version are printed to stdout and are a success; everything else is wrong usage.
fn usage(error: &clap::Error) -> Exit {
    let _ = error.print();
    if error.use_stderr() { Exit::Usage } else { Exit::Success }
}

fn process_terminal() -> Terminal {
    let variables = std::env::vars_os();
    Terminal {
        out: Output::new(std::io::stdout()),
        err: Output::new(std::io::stderr()),
        environment: variables
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect(),
        folder: args::working_folder(),
        interactive: std::io::stderr().is_terminal(),
        style: Style::Plain,
        clock: None,
    }
}

/// `NO_COLOR` (<https://no-color.org>): the variable counts when it is not empty.
fn style(color: When, terminal: &Terminal) -> Style {
    let plain = terminal.environment.get("NO_COLOR").is_some_and(|value| !value.is_empty());
    match color {
        When::Always => Style::Coloured,
        When::Auto if terminal.interactive && !plain => Style::Coloured,
        When::Auto | When::Never => Style::Plain,
    }
}
