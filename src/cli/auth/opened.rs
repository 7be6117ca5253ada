//! A connection that a command names, with its values and the store of its project.

use std::path::PathBuf;
use std::sync::Arc;

use super::desk::Desk;
use super::failure;
use crate::auth::oauth2::renewal::{self, entry_id};
use crate::auth::oauth2::{Client, SignIn, Unsigned};
use crate::auth::source::Places;
use crate::auth::store::ProtectionKind;
use crate::auth::{AuthValues, EntryId, Locked, StoreError, TokenStore};
use crate::cli::ask;
use crate::cli::exit::Exit;
use crate::cli::problem::Problem;
use crate::cli::project::{self, ConnectionProject};
use crate::cli::run::{SANDBOX_STATE, STATE};
use crate::cli::terminal::Terminal;
use crate::diagnostic::{Code, Diagnostic};
use crate::http::{Proxy, Transport, TransportSettings};
use crate::plan::auth::AuthPlan;
use crate::plan::connection::{self, Alone, Overlay};
use crate::report::Log;
use crate::run::sign_in_failure::{self, Deed};
use crate::secret::Redactor;

/// A connection with everything that signing in needs.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) name: String,
    pub(super) project: ConnectionProject,
    pub(super) alone: Alone,
    pub(super) values: AuthValues,
    redactor: Redactor,
    in_sandbox: bool,
}

impl Opened {
    /// Reads a connection and looks its values up. Nothing is asked.
    pub(super) fn new(
        name: &str,
        overlay: Option<&[Overlay]>,
        terminal: &Terminal,
        redactor: &Redactor,
    ) -> Result<Self, Problem> {
        let mut project = project::open_connection(name, &terminal.folder, &terminal.environment)
            .map_err(|finding| Problem::usage(*finding))?;
        let in_sandbox = overlay.is_some();
        // A sign-in is kept under it.
        let name = project.name.clone();
        let alone = project
            .spec
            .as_ref()
            .map(|spec| connection::alone(&name, spec, overlay.unwrap_or_default(), &mut project.findings));
        let Some(mut alone) = alone.filter(|_| !project.findings.has_errors()) else {
            return Err(Problem::in_connection(&project.findings, &project));
        };
        let ask = ask::at(terminal);
        let places = Places { environment: &project.environment, root: &project.root, ask: &*ask, redactor };
        let values = crate::run::look_up(&mut alone, places, &mut Log)
            .map_err(|findings| Problem::in_connection(&findings, &project))?;
        Ok(Self { name, project, alone, values, redactor: redactor.clone(), in_sandbox })
    }

    /// How it proves who asks.
    pub(super) fn auth(&self) -> Result<&AuthPlan, Problem> {
        self.alone.auth.as_ref().ok_or_else(|| {
            let message = format!("connection `{}` has no `auth`: there is nothing to sign in to", self.name);
            Problem::usage(
                Diagnostic::error(Code::BadConnection, message).help(
                    "add `auth:` to the file; `river connections --ready` lists connections that have one",
                ),
            )
        })
    }

    /// Its OAuth client.
    pub(super) fn client(&self) -> Result<Client<'_>, Problem> {
        let auth = self.auth()?;
        match Client::new(auth, &self.values, &self.redactor) {
            Some(Ok(client)) => Ok(client),
            Some(Err(bad)) => Err(self.problem(sign_in_failure::bad_setting(&bad), Exit::CheckFailed)),
            None => {
                let message =
                    format!("connection `{}` has no tokens: its `auth` is not `kind: oauth2`", self.name);
                let finding = Diagnostic::error(Code::BadConnection, message).at(auth.span, "");
                Err(self.problem(
                    finding.help("its credentials are sent as they are, and nobody signs in"),
                    Exit::Usage,
                ))
            }
        }
    }

    /// The folder of what outlives a run.
    pub(super) fn state(&self) -> PathBuf {
        self.project.root.join(if self.in_sandbox { SANDBOX_STATE } else { STATE })
    }

    /// Where and how a sign-in is kept.
    pub(super) fn place(&self, id: &EntryId, store: &TokenStore) -> String {
        let file = id.shown();
        let file = if self.in_sandbox { file.replacen(STATE, SANDBOX_STATE, 1) } else { file };
        let protection = store.protection();
        if !protection.encrypts() || !store.is_in_clear(id) {
            return format!("{file} ({protection})");
        }
        format!(
            "{file} ({} until it is next written, then {protection}; `river auth refresh {}` does that)",
            ProtectionKind::Plain,
            self.name
        )
    }

    /// The store of the project; warnings are told.
    pub(super) async fn store(&self, desk: &mut Desk) -> Result<Arc<TokenStore>, Problem> {
        use crate::auth::oauth2::{Notice, Outside};
        match TokenStore::open_on_thread(self.state(), self.project.protection.clone()).await {
            Ok((store, troubles)) => {
                for trouble in &troubles {
                    desk.hear(Notice::Trouble(trouble));
                }
                Ok(Arc::new(store))
            }
            Err(trouble) => Err(self.trouble(&trouble)),
        }
    }

    /// The entry of the sign-in, held so that nobody else writes it.
    pub(super) async fn lock(
        &self,
        client: &Client<'_>,
        store: &Arc<TokenStore>,
        desk: &mut Desk,
    ) -> Result<Locked, Problem> {
        let id = entry_id(client, store);
        match renewal::lock(store, &id, desk).await {
            Ok(Some(lock)) => Ok(lock),
            Ok(None) => Err(self.trouble(&StoreError::Busy)),
            Err(why) => Err(self.unsigned(client, &why)),
        }
    }

    /// What is kept of the sign-in.
    pub(super) fn kept(&self, store: &TokenStore, id: &EntryId) -> Result<Option<(SignIn, u64)>, Problem> {
        let reading = store.read(id);
        if let Some(trouble) = reading.trouble.filter(|_| reading.entry.is_none()) {
            let mut finding = failure::store(&trouble);
            if !trouble.forbids_writing() {
                finding.help = vec![format!("sign in again: `river auth login {}`", self.name)];
            }
            return Err(self.problem(finding, Exit::Auth));
        }
        let found = reading.entry.as_ref().and_then(|entry| Some((SignIn::of(entry)?, entry.generation)));
        if let Some((sign_in, _)) = &found {
            sign_in.be_learned(&self.redactor);
        }
        Ok(found)
    }

    /// Who sends.
    pub(super) fn desk(&self, terminal: &Terminal) -> anyhow::Result<Desk> {
        let proxy = if self.in_sandbox { Proxy::None } else { Proxy::Environment };
        let transport = Transport::new(&TransportSettings { proxy, ..TransportSettings::default() })?;
        Ok(Desk::new(transport, terminal, &self.redactor))
    }

    /// There is no token, and why.
    pub(super) fn unsigned<S>(&self, client: &Client<'_>, why: &Unsigned<S>) -> Problem {
        self.undone(Deed::SignIn, client, why)
    }

    /// What did not work, and why.
    pub(super) fn undone<S>(&self, deed: Deed, client: &Client<'_>, why: &Unsigned<S>) -> Problem {
        let hints = &self.alone.connection.hints;
        let span = self.alone.auth.as_ref().map(|auth| auth.span).expect("a client has an auth");
        let exit = if why.is_a_wish_to_stop() { Exit::Interrupted } else { Exit::Auth };
        self.problem(sign_in_failure::finding(deed, client, why, hints, span), exit)
    }

    /// The store has a problem.
    pub(super) fn trouble(&self, trouble: &StoreError) -> Problem {
        self.problem(failure::store(trouble), Exit::Auth)
    }

    /// A finding in the connection's file.
    pub(super) fn problem(&self, finding: Diagnostic, exit: Exit) -> Problem {
        let finding = finding.map_text(|text| self.redactor.redact(text).into_owned());
        Problem::Found { findings: vec![finding], sources: self.project.sources.clone(), exit }
    }
}
