//! What a preview shows of what proves who asks: where it stands in the request, and how a run comes by it.
//!
//! The places are those of a run, since the same signers put stand-ins there; no credential is near.

use std::time::UNIX_EPOCH;

use serde::Serialize;
use url::Url;

use super::known::Known;
use super::stand_in::{Side, StandIn, StandIns};
use crate::auth::bearer;
use crate::auth::signing::{ApiKey, Bearer, Moment, Signer};
use crate::expr::scalar_text;
use crate::http::Request;
use crate::plan::Plan;
use crate::plan::auth::{Around, AuthKind, AuthPlan, HmacPlan, OAuth2Plan, Place};
use crate::secret::Secret;
use crate::spec::auth::AuthKindWord;

/// What proves who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuthPreview {
    /// The connection it belongs to.
    pub connection: String,
    /// How it proves it.
    pub kind: AuthKindWord,
    /// Only a run knows whether the request goes where the credentials may: these are the places.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub only_at: Vec<String>,
    /// The token that is got first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenPreview>,
}

/// A token that is got before the request, unless a good one is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TokenPreview {
    /// How the first one is got.
    pub grant: &'static str,
    /// Where.
    pub url: String,
    /// Whether a person signs in before.
    pub needs_person: bool,
    /// Whether the connection names a refresh token of its own.
    pub own_refresh_token: bool,
    /// What comes with it.
    pub brings: Vec<String>,
}

impl AuthPreview {
    /// The same in words.
    pub fn sentences(&self) -> Vec<String> {
        let (connection, kind) = (&self.connection, self.kind.word());
        let mut sentences = vec![match &self.token {
            Some(token) => format!(
                "{kind} ({}) of connection {connection}: unless a good one is kept, a token is got first at {}",
                token.grant, token.url
            ),
            None => format!("{kind} of connection {connection}{}", shown_by(self.kind)),
        }];
        if let Some(token) = &self.token {
            sentences.extend(token.origin(connection));
            let brings = (!token.brings.is_empty()).then(|| format!("it brings {}", token.brings.join(", ")));
            sentences.extend(brings);
        }
        if !self.only_at.is_empty() {
            sentences.push(format!("it goes nowhere but to {}", self.only_at.join(", ")));
        }
        sentences
    }
}

/// What is not seen in the request.
fn shown_by(kind: AuthKindWord) -> &'static str {
    match kind {
        AuthKindWord::Digest => ": the answer to the service's challenge",
        AuthKindWord::Mtls => ": a certificate is shown",
        AuthKindWord::Hmac | AuthKindWord::OAuth1 | AuthKindWord::AwsSigV4 => ": the request is signed",
        AuthKindWord::None
        | AuthKindWord::Basic
        | AuthKindWord::Bearer
        | AuthKindWord::ApiKey
        | AuthKindWord::OAuth2 => "",
    }
}

impl TokenPreview {
    /// Whose consent it has.
    fn origin(&self, connection: &str) -> Option<String> {
        match (self.needs_person, self.own_refresh_token) {
            (true, true) => Some(format!(
                "with the refresh token of `river auth login {connection}`, else that of the connection"
            )),
            (true, false) => Some(format!("with the refresh token of `river auth login {connection}`")),
            (false, true) => Some("with the refresh token of the connection".to_owned()),
            (false, false) => None,
        }
    }
}

/// Puts stand-ins where a run puts what proves who asks. None: nothing is put there.
pub(super) fn sign(
    known: &Known<'_>,
    plan: &Plan,
    step: usize,
    stand_ins: &StandIns,
    request: &mut Request,
) -> Option<AuthPreview> {
    let auth = &plan.auths[plan.steps[step].auth?.auth];
    let preview = Preview { known, auth, stand_ins };
    let homes = preview.homes();
    let origin = request.url.origin();
    let is_home = homes.iter().any(|home| home.origin() == origin);
    if !is_home && !stand_ins.are_in(&origin.ascii_serialization()) {
        return None;
    }
    if is_home {
        preview.put(request);
    }
    let only_at: Vec<String> =
        homes.iter().map(|home| stand_ins.shown(&home.origin().ascii_serialization())).collect();
    Some(AuthPreview {
        connection: auth.connection_name.clone(),
        kind: auth.kind.as_word(),
        only_at: if is_home { vec![] } else { only_at },
        token: auth.oauth2().map(|oauth2| preview.token(oauth2)),
    })
}

struct Preview<'p> {
    known: &'p Known<'p>,
    auth: &'p AuthPlan,
    stand_ins: &'p StandIns,
}

impl Preview<'_> {
    /// Where the credentials may go.
    fn homes(&self) -> Vec<Url> {
        let base = self.auth.connection.and_then(|index| self.known.of_connection(index, "base_url"));
        let listed = self.auth.values.iter().filter(|entry| entry.name.starts_with("origins."));
        let listed = listed.filter_map(|entry| self.known.of_auth(self.auth, &entry.name));
        let texts = base.into_iter().chain(listed).filter_map(|value| scalar_text(&value));
        texts.filter_map(|text| Url::parse(&StandIns::as_url(&format!("{text}/"))).ok()).collect()
    }

    fn put(&self, request: &mut Request) {
        match &self.auth.kind {
            AuthKind::OAuth2(oauth2) => {
                put(&bearer(oauth2, &self.proof("access_token", true)), request);
            }
            AuthKind::Bearer { around, into } => self.put_token("token", around, into, request),
            AuthKind::ApiKey { into } => self.put_token("key", &alone(""), into, request),
            AuthKind::Basic => self.put_authorization("Basic ", "credentials", request),
            AuthKind::OAuth1 { .. } => self.put_authorization("OAuth ", "signature", request),
            AuthKind::AwsSigV4 => self.put_authorization("AWS4-HMAC-SHA256 ", "signature", request),
            AuthKind::Hmac(hmac) => self.put_signature(hmac, request),
            // An answer to what the service says, and below HTTP.
            AuthKind::Digest | AuthKind::Mtls => {}
        }
    }

    fn put_token(&self, name: &str, around: &Around, into: &Place, request: &mut Request) {
        let token = Secret::new(self.known.credential(self.auth, name));
        put(&Signer::Bearer(Bearer { token, around: around.clone(), into: into.clone() }), request);
    }

    fn put_authorization(&self, scheme: &str, name: &'static str, request: &mut Request) {
        let token = Secret::new(self.proof(name, true));
        let into = Place::Header("Authorization".to_owned());
        put(&Signer::Bearer(Bearer { token, around: alone(scheme), into }), request);
    }

    fn put_signature(&self, hmac: &HmacPlan, request: &mut Request) {
        let headers = hmac.headers.iter().map(|(name, text)| (Place::Header(name.clone()), text));
        let query = hmac.query.iter().map(|(name, text)| (Place::Query(name.clone()), text));
        for (into, text) in headers.chain(query) {
            let text = text.replace("{signature}", &self.proof("signature", true));
            let text = text.replace("{timestamp}", &self.proof("timestamp", false));
            let text = text.replace("{nonce}", &self.proof("nonce", false));
            put(&Signer::ApiKey(ApiKey { key: Secret::new(text), into }), request);
        }
    }

    /// What only a run has.
    fn proof(&self, name: &'static str, secret: bool) -> String {
        let connection = self.auth.connection_name.clone();
        let token = self.stand_ins.token(StandIn::Proof { connection, name, secret }, Side::One);
        scalar_text(&token).unwrap_or_default()
    }

    fn token(&self, oauth2: &OAuth2Plan) -> TokenPreview {
        let url = self.known.of_auth(self.auth, "token_url");
        let url = url.and_then(|url| scalar_text(&url)).unwrap_or_default();
        TokenPreview {
            grant: oauth2.grant.word(),
            url: self.stand_ins.shown(&url),
            needs_person: oauth2.needs_person(),
            own_refresh_token: self.auth.values.iter().any(|entry| entry.name == "refresh_token"),
            brings: oauth2.keep.iter().map(|(name, _)| format!("connection.{name}")).collect(),
        }
    }
}

/// A request that says by itself who asks keeps what it says.
fn put(signer: &Signer, request: &mut Request) {
    let moment = Moment { now: UNIX_EPOCH, nonce: [0; 16] };
    // What cannot be put there fails in a run, with the real thing.
    let _ = signer.sign(request, &moment);
}

fn alone(before: &str) -> Around {
    Around { before: before.to_owned(), after: String::new() }
}
