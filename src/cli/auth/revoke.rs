//! `river auth revoke`: the service is told that a sign-in is over, then it is forgotten here.

use std::io::Write;

use super::arguments::NamedArguments;
use super::opened::Opened;
use crate::cli::exit::Exit;
use crate::cli::problem::Problem;
use crate::cli::terminal::Terminal;
use crate::diagnostic::{Code, Diagnostic};
use crate::run::sign_in_failure::Deed;
use crate::secret::Redactor;

/// Revokes a sign-in.
pub(super) async fn revoke(
    arguments: &NamedArguments,
    terminal: &mut Terminal,
    redactor: &Redactor,
) -> Result<(), Problem> {
    let opened = Opened::new(&arguments.connection, None, terminal, redactor)?;
    let client = opened.client()?;
    let mut desk = opened.desk(terminal).map_err(Problem::Other)?;
    let store = opened.store(&mut desk).await?;
    let lock = opened.lock(&client, &store, &mut desk).await?;
    let Some((sign_in, _)) = opened.kept(&store, lock.id())? else {
        writeln!(terminal.out, "`{}` is not signed in: there is nothing to revoke", opened.name)?;
        return Ok(());
    };
    match client.revoke(&sign_in, &mut desk).await {
        Some(Ok(())) => {}
        Some(Err(why)) => {
            let help = format!(
                "the sign-in is still kept; `river auth logout {}` forgets it here all the same",
                opened.name
            );
            return Err(opened.undone(Deed::Revoke, &client, &why).with_help(&help));
        }
        None => {
            let message = format!("connection `{}` does not say where tokens are revoked", opened.name);
            let finding = Diagnostic::error(Code::BadConnection, message).at(opened.auth()?.span, "");
            let help = format!(
                "add `revoke_url:` to `auth`; or take the consent back in your account at the service, and run `river auth logout {}`",
                opened.name
            );
            return Err(opened.problem(finding.help(help), Exit::Usage));
        }
    }
    lock.remove().map_err(|trouble| opened.trouble(&trouble))?;
    writeln!(
        terminal.out,
        "`{}`: the service has revoked the sign-in, and it is forgotten here",
        opened.name
    )?;
    Ok(())
}
