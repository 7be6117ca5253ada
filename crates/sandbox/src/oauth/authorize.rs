//! `/oauth/v2/auth`: a client requests access (GET), and the user decides (POST, from the consent page).
//!
//! Zoho: if the user denies access, the client is told by a redirect; an invalid request only shows an error page.

use jiff::{SignedDuration, Timestamp};
use url::form_urlencoded;

use super::codes::{Authorization, CodeChallenge, CodeOrigin, RefreshTokenRule};
use super::scope::Scopes;
use super::{Parameters, client, consent};
use crate::CLIENT_ID;
use crate::site::Site;
use crate::wire::{Reply, WireRequest};

const CODE_LIFE: SignedDuration = SignedDuration::from_mins(2);

/// Why an authorization request is invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WrongRequest {
    ResponseType,
    Client,
    RedirectUri,
    Scope,
    CodeChallenge,
}

pub(super) fn ask(site: &Site, request: &WireRequest) -> Reply {
    let parameters = Parameters::of(request);
    match AccessRequest::read(site, &parameters) {
        Ok(access) => consent::page(&parameters, &access.scopes),
        Err(wrong) => consent::error_page(wrong),
    }
}

/// Reads the whole request again, because what the page sends back cannot be trusted.
pub(super) fn decide(site: &Site, request: &WireRequest, now: Timestamp) -> Reply {
    let parameters = Parameters::of(request);
    let access = match AccessRequest::read(site, &parameters) {
        Ok(access) => access,
        Err(wrong) => return consent::error_page(wrong),
    };
    let (redirect_uri, state) = (access.redirect_uri.to_owned(), access.state.map(str::to_owned));
    let code = match parameters.get(consent::DECISION) {
        Some(consent::ACCEPT) => site.codes().issue(access.authorization(), CODE_LIFE, now).ok(),
        _ => None,
    };
    let answer = match &code {
        Some(code) => vec![("code", code.as_str()), ("location", "us"), ("accounts-server", &site.base_url)],
        // Zoho: also sent if there were too many codes.
        None => vec![("error", "access_denied")],
    };
    redirect(&redirect_uri, answer.into_iter().chain(state.as_deref().map(|state| ("state", state))))
}

/// A valid authorization request.
#[derive(Debug)]
struct AccessRequest<'a> {
    redirect_uri: &'a str,
    scopes: Scopes,
    state: Option<&'a str>,
    challenge: Option<CodeChallenge>,
    refresh_token: RefreshTokenRule,
}

impl<'a> AccessRequest<'a> {
    /// Guess: the order of the checks.
    fn read(site: &Site, parameters: &'a Parameters) -> Result<Self, WrongRequest> {
        if parameters.get("response_type") != Some("code") {
            return Err(WrongRequest::ResponseType);
        }
        if parameters.get("client_id") != Some(CLIENT_ID) {
            return Err(WrongRequest::Client);
        }
        let redirect_uri = parameters
            .get("redirect_uri")
            .filter(|uri| client::may_redirect_to(uri, &site.redirect_uris))
            .ok_or(WrongRequest::RedirectUri)?;
        let scopes = Scopes::read(parameters.get("scope").unwrap_or_default());
        Ok(Self {
            redirect_uri,
            scopes: scopes.map_err(|_| WrongRequest::Scope)?,
            state: parameters.get("state"),
            challenge: read_challenge(parameters)?,
            refresh_token: refresh_token_rule(parameters),
        })
    }

    fn authorization(self) -> Authorization {
        let redirect_uri = self.redirect_uri.to_owned();
        Authorization {
            scopes: self.scopes,
            origin: CodeOrigin::Consent { redirect_uri, challenge: self.challenge },
            refresh_token: self.refresh_token,
        }
    }
}

fn read_challenge(parameters: &Parameters) -> Result<Option<CodeChallenge>, WrongRequest> {
    let Some(value) = parameters.get("code_challenge") else { return Ok(None) };
    let challenge = CodeChallenge::read(value, parameters.get("code_challenge_method"));
    challenge.map(Some).ok_or(WrongRequest::CodeChallenge)
}

/// Zoho: a refresh token is issued only with `access_type=offline`, and only the first time unless `prompt=consent`
/// asks for another. Guess: other values are ignored.
fn refresh_token_rule(parameters: &Parameters) -> RefreshTokenRule {
    match (parameters.get("access_type"), parameters.get("prompt")) {
        (Some("offline"), Some("consent")) => RefreshTokenRule::Always,
        (Some("offline"), _) => RefreshTokenRule::Once,
        _ => RefreshTokenRule::Never,
    }
}

fn redirect<'a>(uri: &str, parameters: impl Iterator<Item = (&'a str, &'a str)>) -> Reply {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    let separator = if uri.contains('?') { '&' } else { '?' };
    Reply::empty(302).header("location", format!("{uri}{separator}{query}"))
}

impl WrongRequest {
    /// Zoho's error code. Guess: those for the response type and the challenge.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::ResponseType => "invalid_response_type",
            Self::Client => "invalid_client",
            Self::RedirectUri => "invalid_redirect_uri",
            Self::Scope => "invalid_scope",
            Self::CodeChallenge => "invalid_code_challenge_method",
        }
    }

    pub(super) fn help(self) -> &'static str {
        match self {
            Self::ResponseType => "response_type must be code",
            Self::Client => "client_id is not that of the sandbox",
            Self::RedirectUri => {
                "redirect_uri must be http://127.0.0.1:PORT/… or http://localhost:PORT/…, or one that was set with \
                 --redirect-uri"
            }
            Self::Scope => "scope must be one or more scopes of Zoho CRM, separated by commas",
            Self::CodeChallenge => "code_challenge_method must be S256 or plain",
        }
    }
}
