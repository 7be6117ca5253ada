//! The command line: arguments in, exit code out. Hints that need the whole picture are added here.

mod args;
mod check;
mod dot_env;
mod exit;
mod project;
mod terminal;

use std::io::IsTerminal;
use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use crate::diagnostic::Style;
use args::{Arguments, Command, When};
pub use exit::Exit;
pub use terminal::{Output, Terminal};

/// Runs the command of this process and returns its exit code.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    let mut terminal = process_terminal(arguments.color);
    let exit = dispatch(&arguments, &mut terminal).unwrap_or_else(|error| {
        // Printing itself failed: there is nobody left to tell.
        let _ = writeln!(terminal.err, "error: {error:#}");
        Exit::Failed
    });
    exit.into()
}

fn dispatch(arguments: &Arguments, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    match &arguments.command {
        Command::Check(check) => check::check(check, terminal),
        Command::Run(_) => Ok(Exit::Failed),
    }
}

/// Help and version are printed to stdout and are a success; everything else is wrong usage.
fn usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    if error.use_stderr() { Exit::Usage.into() } else { Exit::Success.into() }
}

fn process_terminal(color: When) -> Terminal {
    let interactive = std::io::stderr().is_terminal();
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let coloured = match color {
        When::Always => true,
        When::Never => false,
        When::Auto => interactive && !plain,
    };
    Terminal {
        out: Output::new(std::io::stdout()),
        err: Output::new(std::io::stderr()),
        environment: std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect(),
        folder: args::working_folder(),
        interactive,
        style: if coloured { Style::Coloured } else { Style::Plain },
    }
}
