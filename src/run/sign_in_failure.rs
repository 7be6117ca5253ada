//! What to say where there is no token.

use crate::auth::oauth2::{BadSetting, Client, Refused, Unsigned};
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::http::Response;

/// Characters of a body that a message shows.
const EXCERPT: usize = 300;

/// How refresh tokens are got.
const OFFLINE: &str = "many services give a refresh token only when they are asked for it: `extra: { authorize: { access_type: offline, prompt: consent } }` (Google, Zoho), or the scope `offline_access`";

/// What is true of every answer that may be the only copy of a refresh token.
const ROTATING: &str = "this service gives a new refresh token with each use: river keeps one safe from the last byte of the answer on; an answer that is lost on its way may have been the only copy, and then only a new sign-in helps";

/// What was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// To get a token.
    SignIn,
    /// To end a sign-in at the service.
    Revoke,
}

/// Why it did not work, for a person. `hints` are the connection's words.
pub fn finding<S>(
    deed: Deed,
    client: &Client<'_>,
    why: &Unsigned<S>,
    hints: &[(String, String)],
    span: Span,
) -> Diagnostic {
    let name = client.connection;
    let deed = match deed {
        Deed::SignIn => "cannot sign in to",
        Deed::Revoke => "cannot revoke the sign-in to",
    };
    let failed = |message: String| {
        Diagnostic::error(Code::SignInFailed, format!("{deed} `{name}`: {message}")).at(span, "")
    };
    match why {
        Unsigned::NotSignedIn => {
            Diagnostic::error(Code::NotSignedIn, format!("nobody is signed in to `{name}`"))
                .at(span, "")
                .help(format!("sign in once, at a terminal: `river auth login {name}`"))
        }
        Unsigned::NoRefreshToken => {
            failed("the access token ends, and the service gave no refresh token with it".to_owned())
                .help(format!("sign in again: `river auth login {name}`"))
                .help(OFFLINE)
        }
        Unsigned::Unrenewable => {
            failed("the service gave a token that ends and no refresh token, so that no run could renew it".to_owned())
                .help(OFFLINE)
                .help(format!("if it gives one at the first consent only, take that back in your account there, then `river auth login {name}`"))
        }
        Unsigned::Refused { refused, response, rotating } => {
            let finding = noted(failed(refused.to_string()), client, response);
            let finding = helped(finding, client, refused, hint(response, hints));
            if *rotating { finding.note(ROTATING) } else { finding }
        }
        Unsigned::NoAnswer { error, retries, rotating } => {
            let tries = if *retries == 0 { String::new() } else { format!(" (after {retries} retries)") };
            let help = if error.failure.is_too_large() {
                "check `token_url`: no token endpoint answers so much"
            } else {
                error.help()
            };
            let finding = failed(format!("{error}{tries}")).help(help);
            if *rotating { finding.note(ROTATING) } else { finding }
        }
        Unsigned::Unreadable(trouble) => {
            failed(format!("what is kept of the sign-in cannot be read: {trouble}")).help(trouble.help())
        }
        Unsigned::Unstorable(trouble) => failed(format!("nothing was asked, since a new refresh token could not be kept: {trouble}"))
            .help(if trouble.is_another_process() {
                "wait for it or end it, and run again".to_owned()
            } else {
                trouble.help()
            }),
        Unsigned::Lost(trouble) => failed(format!("the service gave a new refresh token, and it could not be kept: {trouble}"))
            .help(trouble.help())
            .help(if client.needs_person() {
                format!("the last one is used up: sign in again, `river auth login {name}`")
            } else {
                "the last one is used up: give the connection a new `refresh_token`".to_owned()
            }),
        Unsigned::NobodyConsented { after } => {
            failed(format!("nobody consented within {} seconds", after.as_secs()))
                .help(format!("sign in again: `river auth login {name}`"))
        }
        Unsigned::Assertion(error) => failed(error.to_string()).help(error.help()),
        Unsigned::Stopped(_) => failed("it was interrupted".to_owned()),
    }
}

/// A value of the connection that makes no client.
pub fn bad_setting(bad: &BadSetting) -> Diagnostic {
    Diagnostic::error(Code::BadConnection, bad.message.clone()).at_if(bad.span).help(bad.help)
}

/// What else than a sign-in helps.
pub(super) fn or_set(variable: &str) -> String {
    format!("or set `{variable}` to a refresh token that is there already")
}

pub(super) fn outside(client: &Client<'_>, origin: &str) -> Diagnostic {
    let message =
        format!("`--sandbox` asks the stand-in only, and `{}` signs in at `{origin}`", client.connection);
    Diagnostic::error(Code::BadRequest, message)
        .help("the stand-in replaces the values of connection `zoho` only; run without `--sandbox`")
}

/// What came, and from where.
fn noted(finding: Diagnostic, client: &Client<'_>, response: &Response) -> Diagnostic {
    let reason = response.status.canonical_reason().map(|reason| format!(" {reason}")).unwrap_or_default();
    let finding = finding.note(format!("request: POST {}", without_query(response.url.as_str())));
    let status = format!("{}{reason}", response.status.as_u16());
    if response.body.is_empty() {
        return finding.note(format!("answer: {status}, without a body"));
    }
    finding.note(format!("answer: {status}, body: {}", response.excerpt(EXCERPT, client.redactor)))
}

fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}

/// What the connection says about the service's words; else what can be said of any service.
fn helped(finding: Diagnostic, client: &Client<'_>, refused: &Refused, hint: Option<&str>) -> Diagnostic {
    if let Some(hint) = hint {
        return finding.help(hint);
    }
    let again = refused.is_about_the_grant() && client.needs_person();
    let again = again.then(|| format!("sign in again: `river auth login {}`", client.connection));
    finding.help(refused.help()).help_if(again)
}

/// What the connection says about a word of the answer.
fn hint<'h>(response: &Response, hints: &'h [(String, String)]) -> Option<&'h str> {
    let body = String::from_utf8_lossy(&response.body);
    let found = hints.iter().find(|(word, _)| body.contains(&format!("\"{word}\"")));
    found.map(|(_, help)| help.as_str())
}
