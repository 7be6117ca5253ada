//! `river secrets set`: the value comes from a person or a pipe, never from the command line.

use std::io::{IsTerminal, Read, Write};
use std::time::SystemTime;

use super::arguments::SecretsSetArguments;
use super::wanted::{Origin, origin};
use super::{Place, misuse, name, unusable_secret, warn};
use crate::auth::source::Answer;
use crate::auth::store::{SecretName, SecretStore};
use crate::cli::ask;
use crate::cli::problem::Problem;
use crate::cli::protection::without_line_break;
use crate::cli::terminal::Terminal;
use crate::secret::Secret;

/// Keeps a secret.
pub(super) fn set(arguments: &SecretsSetArguments, terminal: &mut Terminal) -> Result<(), Problem> {
    if !arguments.value.is_empty() || arguments.name.contains('=') {
        return Err(in_the_open(&arguments.name));
    }
    let name = name(&arguments.name)?;
    let place = Place::here(terminal)?;
    let value = value(&name, terminal)?;
    let (store, troubles) = SecretStore::open(&place.state, place.protection.clone())
        .map_err(|trouble| unusable_secret(&trouble, &name))?;
    warn(&troubles, terminal)?;
    let now = terminal.clock.as_ref().map_or_else(SystemTime::now, |clock| clock.now());
    store.set(&name, &value, now).map_err(|trouble| unusable_secret(&trouble, &name))?;
    let shown = name.as_str();
    writeln!(terminal.out, "`{shown}` is kept in `.river/secrets/{shown}.json` ({})", store.protection())?;
    match origin(shown, &place.root, &terminal.environment) {
        Origin::Environment => {
            writeln!(terminal.out, "`{shown}` is in the environment as well, which comes first")?;
        }
        Origin::DotEnv => writeln!(terminal.out, "`{shown}` is in `.env` as well, which comes first")?,
        Origin::Neither => {}
    }
    Ok(())
}

/// Typed, and not shown.
fn typed(name: &str, terminal: &Terminal) -> Result<Secret, Problem> {
    match (ask::at(terminal))(&format!("{name}: ")) {
        Answer::Given(secret) => Ok(secret),
        Answer::Stopped => Err(misuse(
            format!("nothing is kept for `{name}`: it was stopped"),
            format!("type it, or pipe it: `pass show … | river secrets set {name}`"),
        )),
        Answer::NoTerminal => Err(misuse(
            format!("`{name}` cannot be asked for: there is no terminal"),
            format!("pipe it: `pass show … | river secrets set {name}`"),
        )),
        Answer::Failed(error) => Err(error.into()),
    }
}

/// It is not repeated: what is on a command line is seen often enough.
fn in_the_open(name: &str) -> Problem {
    let name = name.split('=').next().unwrap_or_default();
    misuse(
        "a secret is not taken from the command line: it would be in the shell's history and in the list of processes",
        format!(
            "`river secrets set {name}` asks for it; from another program: `pass show … | river secrets set {name}`"
        ),
    )
}

fn value(name: &SecretName, terminal: &Terminal) -> Result<Secret, Problem> {
    let name = name.as_str();
    let text = if std::io::stdin().is_terminal() {
        typed(name, terminal)?
    } else {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes)?;
        let text = String::from_utf8(bytes).map_err(|_| {
            misuse(
                format!("what came for `{name}` is not UTF-8"),
                format!("keep it as text: `base64 < FILE | river secrets set {name}`"),
            )
        })?;
        Secret::from(without_line_break(&text))
    };
    if text.expose().is_empty() {
        return Err(misuse(
            format!("nothing came for `{name}`"),
            format!("type it, or pipe it: `pass show … | river secrets set {name}`"),
        ));
    }
    Ok(text)
}
