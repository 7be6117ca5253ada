//! `river connections`: the connections of the project, or those that river brings along.

use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};

use super::args::{ConnectionsArguments, Format};
use super::auth;
use super::exit::Exit;
use super::project;
use super::terminal::Terminal;
use crate::diagnostic::Findings;
use crate::kit::connection as ready;
use crate::plan::auth::AuthPlan;
use crate::plan::connection;
use crate::secret::Redactor;

/// Lists them.
pub(super) fn connections(
    arguments: &ConnectionsArguments,
    terminal: &mut Terminal,
    redactor: &Redactor,
) -> anyhow::Result<Exit> {
    if arguments.ready {
        return list_ready(arguments.format, terminal);
    }
    let names = project::connection_names(&terminal.folder);
    let all: Vec<Row> = names.iter().map(|name| Row::of(name, terminal, redactor)).collect();
    let text = match arguments.format {
        Format::Json => format!("{:#}\n", Value::Array(all.iter().map(Row::value).collect())),
        Format::Text if all.is_empty() => {
            "there is no connection here; `river connections --ready` lists what river brings along\n"
                .to_owned()
        }
        Format::Text => text(&all),
    };
    write!(terminal.out, "{}", redactor.redact(&text))?;
    Ok(Exit::Success)
}

fn list_ready(format: Format, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    let all = ready::ALL;
    let text = match format {
        Format::Json => {
            let value = |connection: &ready::Connection| json!({ "name": connection.name, "description": connection.description() });
            format!("{:#}\n", Value::Array(all.iter().map(value).collect()))
        }
        Format::Text => {
            let width = all.iter().map(|connection| connection.name.len()).max().unwrap_or_default();
            let line = |connection: &ready::Connection| {
                format!("{:width$}  {}\n", connection.name, connection.description())
            };
            let lines: String = all.iter().map(line).collect();
            format!("{lines}\ncopy one: `river new --from NAME connections/NAME.yaml`\n")
        }
    };
    write!(terminal.out, "{text}")?;
    Ok(Exit::Success)
}

/// A connection of the project.
struct Row {
    name: String,
    description: String,
    /// None: there is none, or the file cannot be read.
    auth: Option<&'static str>,
    grant: Option<&'static str>,
    /// In words: `signed in`.
    state: String,
    /// Whether a run could send with it.
    ready: bool,
}

impl Row {
    fn of(name: &str, terminal: &Terminal, redactor: &Redactor) -> Self {
        let plan = plan(name, terminal);
        let oauth2 = plan.as_ref().and_then(AuthPlan::oauth2);
        let (state, ready) = match auth::status::state(name, terminal, redactor) {
            Ok(found) => found,
            Err(problem) => (format!("cannot be used: {}", problem.first_message()), false),
        };
        Self {
            name: name.to_owned(),
            description: description(&project::root_here(&terminal.folder), name),
            auth: plan.as_ref().map(|plan| plan.kind.word()),
            grant: oauth2.map(|oauth2| oauth2.grant.word()),
            state,
            ready,
        }
    }

    fn value(&self) -> Value {
        json!({
            "name": self.name,
            "description": self.description,
            "auth": self.auth,
            "grant": self.grant,
            "state": self.state,
            "ready": self.ready,
        })
    }
}

/// How it proves who asks, which is known without its values.
fn plan(name: &str, terminal: &Terminal) -> Option<AuthPlan> {
    let project = project::open_connection(name, &terminal.folder, &terminal.environment).ok()?;
    connection::alone(name, project.spec.as_ref()?, &[], &mut Findings::default()).auth
}

/// The first line of a file, if it is a comment.
fn description(root: &Path, name: &str) -> String {
    let text = std::fs::read_to_string(root.join("connections").join(format!("{name}.yaml")));
    let text = text.unwrap_or_default();
    let first = text.lines().next().and_then(|line| line.strip_prefix('#'));
    first.unwrap_or_default().trim().to_owned()
}

fn text(all: &[Row]) -> String {
    let width = all.iter().map(|row| row.name.len()).max().unwrap_or_default();
    let lines = all.iter().map(|row| {
        let auth = match (row.auth, row.grant) {
            (Some(auth), Some(grant)) => format!("{auth}, {grant}: "),
            (Some(auth), None) => format!("{auth}: "),
            (None, _) => String::new(),
        };
        let second = if row.description.is_empty() {
            String::new()
        } else {
            format!("{:width$}  {}\n", "", row.description)
        };
        format!("{:width$}  {auth}{}\n{second}", row.name, row.state)
    });
    lines.collect()
}
