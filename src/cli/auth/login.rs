//! `river auth login`: a person consents, and the tokens are kept.

use std::io::{BufRead, Write};
use std::sync::Arc;
use std::time::Duration;

use river_sandbox::{Options, Sandbox};

use super::arguments::LoginArguments;
use super::desk::Desk;
use super::opened::Opened;
use super::{failure, report};
use crate::auth::oauth2::renewal::entry_id;
use crate::auth::oauth2::{
    Callback, Chance, Client, Code, Invitation, Listener, Outside, SignIn, Unsigned, page, pasted_query,
};
use crate::auth::{Locked, TokenStore};
use crate::cli::browser;
use crate::cli::exit::Exit;
use crate::cli::problem::Problem;
use crate::cli::run::overlay;
use crate::cli::terminal::Terminal;
use crate::diagnostic::{Code as FindingCode, Diagnostic};
use crate::secret::Redactor;
use crate::spec::auth::Grant;

/// Signs in.
pub(super) async fn login(
    arguments: &LoginArguments,
    terminal: &mut Terminal,
    redactor: &Redactor,
) -> Result<(), Problem> {
    let sandbox = arguments.sandbox.then(|| Sandbox::start(Options::default())).transpose()?;
    let overlay = sandbox.as_ref().map(|sandbox| overlay(sandbox.connection()));
    let opened = Opened::new(&arguments.connection, overlay.as_deref(), terminal, redactor)?;
    let client = opened.client()?;
    let way = way(arguments, &opened, client.plan.grant)?;
    let mut desk = opened.desk(terminal).map_err(Problem::Other)?;
    let store = opened.store(&mut desk).await?;
    let login = Login { opened: &opened, client: &client, store: &store, terminal };
    // A code is good once: whatever can fail without it is tried before. Nobody else waits while a person thinks.
    drop(login.room(&mut desk).await?);
    let sign_in = login.sign_in(way, &mut desk).await?;
    let place = opened.place(&entry_id(&client, &store), &store);
    let lines = report::lines_and_place(&client, &sign_in, desk.now(), place);
    writeln!(terminal.out, "signed in to `{}`", opened.name)?;
    write!(terminal.out, "{}", redactor.redact(&report::table(&lines)))?;
    Ok(())
}

/// How the consent of a person comes back.
#[derive(Debug, Clone, Copy)]
enum Way<'a> {
    /// As a code of the service's console.
    Code(&'a str),
    /// In a browser on this machine, which is waited for so long.
    Browser(Duration),
    /// By paste, from a browser anywhere.
    Paste,
    /// On another device, where a code is typed in.
    Device,
}

/// How to sign in. Err: nobody has to, or not in this way.
fn way<'a>(arguments: &'a LoginArguments, opened: &Opened, grant: Grant) -> Result<Way<'a>, Problem> {
    match (grant, &arguments.code) {
        (Grant::AuthorizationCode, Some(code)) => Ok(Way::Code(code.trim())),
        (Grant::AuthorizationCode, None) if arguments.no_browser => Ok(Way::Paste),
        (Grant::AuthorizationCode, None) => Ok(Way::Browser(arguments.timeout)),
        (Grant::DeviceCode, None) => Ok(Way::Device),
        (Grant::DeviceCode, Some(_)) => {
            Err(opened.problem(failure::no_code_for_a_device(&opened.name), Exit::Usage))
        }
        (Grant::RefreshToken | Grant::ClientCredentials | Grant::Password | Grant::JwtBearer, _) => {
            Err(opened.problem(failure::no_person(&opened.name, grant), Exit::Usage))
        }
    }
}

struct Login<'l> {
    opened: &'l Opened,
    client: &'l Client<'l>,
    /// Where what comes is kept.
    store: &'l Arc<TokenStore>,
    terminal: &'l Terminal,
}

impl Login<'_> {
    async fn sign_in(&self, way: Way<'_>, desk: &mut Desk) -> Result<SignIn, Problem> {
        match way {
            Way::Code(code) => {
                let code = Code { code: code.to_owned(), server: None };
                self.exchange(&code, None, desk).await
            }
            Way::Device => self.on_another_device(desk).await,
            Way::Paste => self.by_paste(desk).await,
            Way::Browser(patience) => self.in_a_browser(patience, desk).await,
        }
    }

    async fn in_a_browser(&self, patience: Duration, desk: &mut Desk) -> Result<SignIn, Problem> {
        let listener = Listener::bind(self.client.redirect_url.as_ref()).await;
        let listener = listener.map_err(|error| self.failed(failure::listen(&error)))?;
        let invitation = self.invite(listener.redirect())?;
        desk.say("open this address in a browser and consent:\n");
        desk.show(invitation.url.as_str());
        if browser::open(&invitation.url, &self.terminal.environment) {
            desk.say("(a browser should open by itself)");
        }
        let (place, time) = (listener.redirect(), report::rough(patience));
        desk.say(&format!("waiting at {place} for at most {time}; Ctrl-C ends it"));
        let waiting = tokio::time::timeout(patience, listener.wait());
        let callback =
            waiting.await.map_err(|_| self.failed(failure::nobody(&self.opened.name, patience)))?;
        // The page in the browser says how it ended.
        let signed_in = self.take(&callback.query, &invitation, desk).await;
        self.show(callback, &signed_in).await;
        signed_in
    }

    /// The browser says what the terminal says.
    async fn show(&self, callback: Callback, signed_in: &Result<SignIn, Problem>) {
        let text = match signed_in {
            Ok(_) => page::done(&self.opened.name),
            Err(problem) => page::failed(&problem.first_message()),
        };
        // A browser that hangs must not keep the terminal.
        let _ = tokio::time::timeout(Duration::from_secs(5), callback.show(text)).await;
    }

    async fn by_paste(&self, desk: &mut Desk) -> Result<SignIn, Problem> {
        let own = url::Url::parse("http://127.0.0.1/callback").map_err(anyhow::Error::from);
        let redirect = self.client.redirect_url.clone().map_or(own, Ok).map_err(Problem::Other)?;
        let invitation = self.invite(&redirect)?;
        desk.say("open this address in any browser and consent:\n");
        desk.show(invitation.url.as_str());
        desk.say(&format!(
            "at the end the browser goes to {redirect}, which may show an error: copy the whole address from its address bar, paste it here and press Enter"
        ));
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line)?;
        let Some(query) = pasted_query(&line) else {
            let finding = Diagnostic::error(
                FindingCode::SignInFailed,
                "what was pasted is not the address that the browser showed at the end",
            );
            let finding = finding.help(format!(
                "it begins with `{redirect}?` and has `code=` and `state=` in it; sign in again"
            ));
            return Err(self.failed(finding.help(failure::SHOWN_ELSEWHERE)));
        };
        self.take(query, &invitation, desk).await
    }

    async fn on_another_device(&self, desk: &mut Desk) -> Result<SignIn, Problem> {
        let codes = self.client.device_code(desk).await.ok_or_else(|| {
            self.failed(Diagnostic::error(FindingCode::MissingKey, "`auth` lacks `device_url`"))
        })?;
        let mut codes = codes.map_err(|why| self.opened.unsigned(self.client, &why))?;
        desk.say("on any device, open\n");
        desk.show(&report::plain(&codes.verification_uri));
        desk.say("and type the code\n");
        desk.show(&report::plain(&codes.user_code));
        if let Some(complete) = &codes.verification_uri_complete {
            let complete = report::plain(complete);
            desk.say(&format!("(or open {complete}, which has the code in it)"));
        }
        desk.say(&format!("waiting for at most {}; Ctrl-C ends it", report::rough(codes.expires_in)));
        loop {
            let waited = desk.pause(codes.interval).await.map_err(Unsigned::Stopped);
            waited.map_err(|why| self.opened.unsigned(self.client, &why))?;
            let lock = self.room(desk).await?;
            let sign_in = self.client.device_tokens(&mut codes, desk).await;
            if let Some(sign_in) = sign_in.map_err(|why| self.opened.unsigned(self.client, &why))? {
                return self.keep(sign_in, &lock);
            }
        }
    }

    fn invite(&self, redirect: &url::Url) -> Result<Invitation, Problem> {
        let chance = Chance::of_system()?;
        self.client.invitation(redirect.clone(), chance).ok_or_else(|| {
            self.failed(Diagnostic::error(FindingCode::MissingKey, "`auth` lacks `authorize_url`"))
        })
    }

    async fn take(&self, query: &str, invitation: &Invitation, desk: &mut Desk) -> Result<SignIn, Problem> {
        let code = self.client.take_code(query, invitation);
        let code = code.map_err(|error| self.failed(failure::callback(&self.opened.name, &error)))?;
        self.exchange(&code, Some(invitation), desk).await
    }

    async fn exchange(
        &self,
        code: &Code,
        invitation: Option<&Invitation>,
        desk: &mut Desk,
    ) -> Result<SignIn, Problem> {
        let lock = self.room(desk).await?;
        let exchanged = self.client.exchange(code, invitation, desk).await;
        let sign_in = exchanged.map_err(|why| self.about_code(&why, invitation.is_none()))?;
        self.keep(sign_in, &lock)
    }

    fn about_code<S>(&self, why: &Unsigned<S>, from_console: bool) -> Problem {
        let problem = self.opened.unsigned(self.client, why);
        let help = why.refusal().and_then(|(refused, _)| failure::code_help(refused, from_console));
        match help {
            Some(help) => problem.with_help(help),
            None => problem,
        }
    }

    /// The entry's lock, and room for what comes.
    async fn room(&self, desk: &mut Desk) -> Result<Locked, Problem> {
        let lock = self.opened.lock(self.client, self.store, desk).await?;
        lock.reserve().map_err(|trouble| self.opened.trouble(&trouble))?;
        Ok(lock)
    }

    /// Durable before anybody is told.
    fn keep(&self, sign_in: SignIn, lock: &Locked) -> Result<SignIn, Problem> {
        lock.write(sign_in.to_fresh(), &|_| {}).map_err(|trouble| self.opened.trouble(&trouble))?;
        Ok(sign_in)
    }

    fn failed(&self, finding: Diagnostic) -> Problem {
        self.opened.problem(finding, Exit::Auth)
    }
}
