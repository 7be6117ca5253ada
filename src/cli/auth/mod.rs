//! `river auth`: signing in by hand, and looking at what is signed in.

pub(super) mod arguments;
mod desk;
mod failure;
mod import;
mod login;
mod logout;
mod opened;
mod refresh;
mod report;
mod revoke;
pub(super) mod status;

use super::exit::Exit;
use super::problem::Problem;
use super::terminal::Terminal;
use crate::secret::Redactor;
use arguments::AuthCommand;

/// Signs in, or shows, renews and ends what is signed in.
pub(super) fn auth(
    command: &AuthCommand,
    terminal: &mut Terminal,
    redactor: &Redactor,
) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let done = runtime.block_on(async {
        match command {
            AuthCommand::Login(arguments) => login::login(arguments, terminal, redactor).await,
            AuthCommand::Status(arguments) => {
                return status::status(arguments, terminal, redactor).map_err(Problem::Other);
            }
            AuthCommand::Refresh(arguments) => refresh::refresh(arguments, terminal, redactor).await,
            AuthCommand::Revoke(arguments) => revoke::revoke(arguments, terminal, redactor).await,
            AuthCommand::Logout(arguments) => logout::logout(arguments, terminal, redactor).await,
            AuthCommand::Import(arguments) => import::import(arguments, terminal, redactor).await,
        }
        .map(|()| Exit::Success)
    });
    done.or_else(|problem| problem.tell(terminal))
}
