//! `river auth status`: what is signed in, until when, and where each secret comes from.

use std::io::Write;

use serde_json::{Map, Value, json};

use super::arguments::StatusArguments;
use super::opened::Opened;
use super::report;
use crate::auth::TokenStore;
use crate::auth::oauth2::renewal::entry_id;
use crate::auth::oauth2::{Client, SignIn};
use crate::cli::args::Format;
use crate::cli::exit::Exit;
use crate::cli::problem::Problem;
use crate::cli::project;
use crate::cli::terminal::Terminal;
use crate::diagnostic::Findings;
use crate::plan::auth::AuthPlan;
use crate::plan::connection::{self, ConnectionSource};
use crate::plan::source::Origin;
use crate::secret::Redactor;

/// What can be said of one connection.
struct Status {
    name: String,
    /// In words: `signed in`, `not signed in`, `bearer`.
    state: String,
    /// How a token is got; none: another kind has none.
    grant: Option<&'static str>,
    lines: Vec<(&'static str, String)>,
    /// Whether a run could sign in by itself.
    ready: bool,
}

/// Shows the sign-ins. A connection that was named and is not ready is a failure.
pub(super) fn status(
    arguments: &StatusArguments,
    terminal: &mut Terminal,
    redactor: &Redactor,
) -> anyhow::Result<Exit> {
    let names = match &arguments.connection {
        Some(name) => vec![name.clone()],
        None => project::connection_names(&terminal.folder),
    };
    let mut all = Vec::new();
    for name in names {
        if arguments.connection.is_none()
            && let Some(state) = unlooked(&name, terminal)
        {
            all.push(Status { name, state, grant: None, lines: vec![], ready: false });
            continue;
        }
        match of(&name, terminal, redactor) {
            Ok(Some(status)) => all.push(status),
            Ok(None) if arguments.connection.is_some() => {
                writeln!(terminal.out, "`{name}` has no `auth`: its requests are sent as they are")?;
                return Ok(Exit::Success);
            }
            Ok(None) => {}
            Err(problem) if arguments.connection.is_some() => return problem.tell(terminal),
            Err(problem) => all.push(Status {
                name,
                state: format!("cannot be used: {}", problem.first_message()),
                grant: None,
                lines: vec![],
                ready: false,
            }),
        }
    }
    print(&all, arguments.format, terminal, redactor)?;
    let is_ready = arguments.connection.is_none() || all.iter().all(|status| status.ready);
    Ok(if is_ready { Exit::Success } else { Exit::Auth })
}

fn print(
    all: &[Status],
    format: Format,
    terminal: &mut Terminal,
    redactor: &Redactor,
) -> std::io::Result<()> {
    if format.is_json() {
        let values: Vec<Value> = all.iter().map(Status::value).collect();
        let text = format!("{:#}", Value::Array(values));
        return writeln!(terminal.out, "{}", redactor.redact(&text));
    }
    if all.is_empty() {
        return writeln!(terminal.out, "no connection here has `auth`");
    }
    for status in all {
        let text = format!("{}: {}\n{}", status.name, status.text(), report::table(&status.lines));
        write!(terminal.out, "{}", redactor.redact(&text))?;
    }
    Ok(())
}

impl Status {
    fn text(&self) -> String {
        match self.grant {
            Some(grant) => format!("{} (oauth2, {grant})", self.state),
            None => self.state.clone(),
        }
    }

    fn value(&self) -> Value {
        let mut value = Map::new();
        value.insert("connection".to_owned(), json!(self.name));
        value.insert("state".to_owned(), json!(self.text()));
        value.insert("ready".to_owned(), json!(self.ready));
        for (name, text) in &self.lines {
            let key = name.replace(' ', "_");
            match value.get_mut(&key) {
                Some(Value::Array(there)) => there.push(json!(text)),
                _ if matches!(*name, "keeps" | "secret") => drop(value.insert(key, json!([text]))),
                _ => drop(value.insert(key, json!(text))),
            }
        }
        Value::Object(value)
    }
}

/// Looking at all connections asks no person and runs no program: what stands for one that would need it.
fn unlooked(name: &str, terminal: &Terminal) -> Option<String> {
    let project = project::open_connection(name, &terminal.folder, &terminal.environment).ok()?;
    let mut alone = connection::alone(name, project.spec.as_ref()?, &[], &mut Findings::default());
    alone.mark_used();
    let own = alone.auth.iter().flat_map(|auth| &auth.values);
    let wanted = own.chain(&alone.connection.values).filter(|entry| entry.is_looked_up());
    wanted.into_iter().find_map(|entry| match &entry.source {
        ConnectionSource::Outside(outside) => match &outside.origin {
            Origin::Prompt | Origin::Command(_) | Origin::Keyring(_) => Some(format!(
                "not looked at here (`{}`: {}): `river auth status {name}` does",
                entry.name, outside.origin
            )),
            Origin::Environment(_) | Origin::File(_) => None,
        },
        ConnectionSource::Written(_) => None,
    })
}

/// How far the sign-in of a connection is, in words, and whether a run could send with it.
pub(in crate::cli) fn state(
    name: &str,
    terminal: &Terminal,
    redactor: &Redactor,
) -> Result<(String, bool), Problem> {
    if let Some(state) = unlooked(name, terminal) {
        return Ok((state, false));
    }
    Ok(match of(name, terminal, redactor)? {
        None => ("nobody signs in".to_owned(), true),
        Some(Status { grant: None, ready, .. }) => ("nobody signs in".to_owned(), ready),
        Some(status) => (status.state, status.ready),
    })
}

/// None: it has no `auth`.
fn of(name: &str, terminal: &Terminal, redactor: &Redactor) -> Result<Option<Status>, Problem> {
    let opened = Opened::new(name, None, terminal, redactor)?;
    let Some(auth) = &opened.alone.auth else { return Ok(None) };
    let secrets = origins(auth, &opened, terminal);
    if auth.oauth2().is_none() {
        let state = auth.kind.word().to_owned();
        return Ok(Some(Status {
            name: opened.name.clone(),
            state,
            grant: None,
            lines: secrets,
            ready: true,
        }));
    }
    let client = opened.client()?;
    let kept = kept(&opened, &client)?;
    let own = client.own_refresh_token().is_some();
    let grant = client.plan.grant.word();
    let now = terminal.clock.as_ref().map_or_else(std::time::SystemTime::now, |clock| clock.now());
    let (state, ready, lines) = match kept {
        Some((sign_in, place)) => {
            let mut lines = report::lines(&client, &sign_in, now);
            lines.extend(missing_scopes(&client, &sign_in));
            lines.push(("kept in", place));
            match &sign_in.refused {
                None => ("signed in", true, lines),
                Some(word) => {
                    let told =
                        format!("the service refused the refresh token: `{word}`; `river auth login {name}`");
                    lines.insert(0, ("refused", told));
                    ("signed in, but refused", false, lines)
                }
            }
        }
        None if own => ("the connection brings a refresh token; no run has used it yet", true, vec![]),
        None if client.needs_person() => {
            ("not signed in", false, vec![("help", format!("river auth login {}", opened.name))])
        }
        None => ("no token yet: the first run gets one by itself", true, vec![]),
    };
    let lines = [lines, secrets].concat();
    Ok(Some(Status { name: opened.name.clone(), state: state.to_owned(), grant: Some(grant), lines, ready }))
}

/// Nothing is made by looking.
fn kept(opened: &Opened, client: &Client<'_>) -> Result<Option<(SignIn, String)>, Problem> {
    if !opened.state().join("tokens").is_dir() {
        return Ok(None);
    }
    let (store, _) = TokenStore::open(&opened.state(), opened.project.protection.clone())
        .map_err(|trouble| opened.trouble(&trouble))?;
    let id = entry_id(client, &store);
    let place = opened.place(&id, &store);
    let kept = opened.kept(&store, &id)?.filter(|(sign_in, _)| sign_in.is_of(client));
    Ok(kept.map(|(sign_in, _)| (sign_in, place)))
}

/// What the connection asks for now, and nobody has consented to.
fn missing_scopes(client: &Client<'_>, sign_in: &SignIn) -> Option<(&'static str, String)> {
    let given = sign_in.scope.as_ref()?;
    let given: Vec<&str> = given.split([' ', ',']).filter(|scope| !scope.is_empty()).collect();
    let asked = client.scope.iter().flat_map(|scope| scope.split([' ', ',']));
    let missing: Vec<&str> = asked.filter(|scope| !scope.is_empty() && !given.contains(scope)).collect();
    (client.needs_person() && !missing.is_empty()).then(|| {
        (
            "not consented",
            format!("{}: sign in again, `river auth login {}`", missing.join(", "), client.connection),
        )
    })
}

/// Where each secret comes from.
fn origins(auth: &AuthPlan, opened: &Opened, terminal: &Terminal) -> Vec<(&'static str, String)> {
    let entries = auth.values.iter().chain(&opened.alone.connection.values);
    let secret = entries.filter(|entry| entry.secret);
    let texts = secret.filter_map(|entry| match &entry.source {
        ConnectionSource::Written(plan) if plan.is_constant() => {
            Some(format!("{}: written in the file, in clear", entry.name))
        }
        ConnectionSource::Written(_) => None,
        ConnectionSource::Outside(outside) => {
            let Some(variable) = outside.variable() else {
                return Some(format!("{}: {}", entry.name, outside.origin));
            };
            let there = if terminal.environment.contains_key(variable) {
                "environment"
            } else if opened.project.environment.contains_key(variable) {
                "`.env` or kept"
            } else {
                "not set"
            };
            Some(format!("{}: `{variable}` ({there})", entry.name))
        }
    });
    texts.map(|text| ("secret", text)).collect()
}
