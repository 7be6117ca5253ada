//! `river auth import`: a refresh token that was got elsewhere is tried, and kept if it is good.

use std::io::{Read, Write};

use serde_json::Value;

use super::arguments::NamedArguments;
use super::opened::Opened;
use super::report;
use crate::auth::oauth2::renewal::{self, entry_id};
use crate::auth::oauth2::{Client, Outside};
use crate::cli::exit::Exit;
use crate::cli::problem::Problem;
use crate::cli::terminal::Terminal;
use crate::diagnostic::{Code, Diagnostic};
use crate::secret::Redactor;

/// More than this is no token.
const LARGEST: u64 = 64 * 1024;

/// Imports a refresh token.
pub(super) async fn import(
    arguments: &NamedArguments,
    terminal: &mut Terminal,
    redactor: &Redactor,
) -> Result<(), Problem> {
    let opened = Opened::new(&arguments.connection, None, terminal, redactor)?;
    let client = opened.client()?;
    let desk = opened.desk(terminal).map_err(Problem::Other)?;
    let mut text = String::new();
    std::io::stdin().take(LARGEST).read_to_string(&mut text)?;
    let token = refresh_token(&text, &client).ok_or_else(|| {
        let message = "standard input holds no refresh token";
        let finding = Diagnostic::error(Code::SignInFailed, message).help(
            "give it bare, or as the JSON answer of the token endpoint: `pass show zoho | river auth import zoho`",
        );
        opened.problem(finding, Exit::Usage)
    })?;
    let mut desk = desk.until_answered(terminal);
    let store = opened.store(&mut desk).await?;
    let lock = opened.lock(&client, &store, &mut desk).await?;
    lock.reserve().map_err(|trouble| opened.trouble(&trouble))?;
    let imported = client.imported(&token, desk.now());
    let held = renewal::prove(&client, imported, &lock, &mut desk).await;
    desk.has_kept_it();
    let held = held.map_err(|why| opened.unsigned(&client, &why))?;
    let id = entry_id(&client, &store);
    let lines = report::lines_and_place(&client, &held.sign_in, desk.now(), opened.place(&id, &store));
    writeln!(terminal.out, "the refresh token of `{}` is good, and kept", opened.name)?;
    write!(terminal.out, "{}", redactor.redact(&report::table(&lines)))?;
    Ok(())
}

/// A bare token, or the one in an answer.
fn refresh_token(text: &str, client: &Client<'_>) -> Option<String> {
    let text = text.trim();
    let token = match serde_json::from_str::<Value>(text) {
        Ok(Value::String(token)) => token,
        Ok(body @ Value::Object(_)) => client.refresh_token_in(&body)?,
        _ => text.to_owned(),
    };
    (!token.is_empty() && !token.contains(char::is_whitespace)).then_some(token)
}
