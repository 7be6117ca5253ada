//! `river auth logout`: a sign-in is forgotten here.

use std::io::Write;

use super::arguments::NamedArguments;
use super::opened::Opened;
use crate::cli::problem::Problem;
use crate::cli::terminal::Terminal;
use crate::secret::Redactor;

/// Forgets a sign-in.
pub(super) async fn logout(
    arguments: &NamedArguments,
    terminal: &mut Terminal,
    redactor: &Redactor,
) -> Result<(), Problem> {
    let opened = Opened::new(&arguments.connection, None, terminal, redactor)?;
    let client = opened.client()?;
    let mut desk = opened.desk(terminal).map_err(Problem::Other)?;
    let store = opened.store(&mut desk).await?;
    let lock = opened.lock(&client, &store, &mut desk).await?;
    let was_there = lock.remove().map_err(|trouble| opened.trouble(&trouble))?;
    if !was_there {
        writeln!(terminal.out, "`{}` was not signed in", opened.name)?;
        return Ok(());
    }
    let next_time = match client.revoke_url {
        Some(_) => format!(" (next time: `river auth revoke {}`)", opened.name),
        None => String::new(),
    };
    writeln!(
        terminal.out,
        "`{}`: the sign-in is forgotten here; the service was not told, where the token may still be good{next_time}",
        opened.name
    )?;
    Ok(())
}
