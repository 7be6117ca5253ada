//! `river auth refresh`: a new access token now, whatever the last one is good for.

use std::io::Write;

use super::arguments::NamedArguments;
use super::opened::Opened;
use super::report;
use crate::auth::oauth2::Outside;
use crate::auth::oauth2::renewal::{self, Before, entry_id};
use crate::cli::problem::Problem;
use crate::cli::terminal::Terminal;
use crate::secret::Redactor;

/// Renews a token.
pub(super) async fn refresh(
    arguments: &NamedArguments,
    terminal: &mut Terminal,
    redactor: &Redactor,
) -> Result<(), Problem> {
    let opened = Opened::new(&arguments.connection, None, terminal, redactor)?;
    let client = opened.client()?;
    let mut desk = opened.desk(terminal).map_err(Problem::Other)?.until_answered(terminal);
    let store = opened.store(&mut desk).await?;
    let kept = opened.kept(&store, &entry_id(&client, &store))?;
    let before = Before { refused: kept.map(|(_, generation)| generation), held: None };
    let held = renewal::token(&client, Some(&store), before, &mut desk).await;
    desk.has_kept_it();
    let held = held.map_err(|why| opened.unsigned(&client, &why))?;
    writeln!(terminal.out, "renewed the token of `{}`", opened.name)?;
    let lines = report::lines(&client, &held.sign_in, desk.now());
    write!(terminal.out, "{}", redactor.redact(&report::table(&lines)))?;
    Ok(())
}
