//! `kind: oauth2`, compiled.

use std::time::Duration;

use super::build::Builder;
use super::{Around, AuthKind, Place};
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::expr::Expression;
use crate::expr::jsonpath::JsonPath;
use crate::plan::scope::Room;
use crate::plan::written::Written;
use crate::spec::auth::{
    AnswerSpec, ClientAuth, ExpiresUnit, Grant, JwtAlgorithm, JwtSpec, OAuth2Spec, Pkce,
};
use crate::spec::connection::ConnectionValue;
use crate::spec::node::{Text, TextStyle};
use crate::spec::table::{Malformed, SpecField};
use crate::spec::value::{NamedMap, PathText};

/// What is known of an OAuth client before its values are.
///
/// Its values are `authorize_url`, `token_url`, `device_url`, `revoke_url`, `client_id`, `client_secret`,
/// `refresh_token`, `username`, `password`, `redirect_url`, `scope` (a list), `callback_server.allowed`,
/// `extra.{authorize,token,device}.NAME`, `jwt.{private_key,key_id,issuer,subject,audience}`, `jwt.claims.NAME`.
#[derive(Debug)]
pub struct OAuth2Plan {
    /// How the first token is got.
    pub grant: Grant,
    /// How the application proves itself.
    pub client_auth: ClientAuth,
    /// What stands between scopes.
    pub scope_separator: String,
    /// Parameter → what the server calls it.
    pub names: Vec<(String, String)>,
    /// The proof of RFC 7636.
    pub pkce: Pkce,
    /// The parameter of the callback that names the server for the token.
    pub callback_server: Option<String>,
    /// How assertions are signed.
    pub jwt: Option<JwtPlan>,
    /// Where things are in an answer.
    pub answer: AnswerPlan,
    /// Name → where it is in an answer.
    pub keep: Vec<(String, Written<JsonPath>)>,
    /// The text around the token.
    pub around: Around,
    /// Where it goes.
    pub into: Place,
    /// How long before its end a token is renewed.
    pub renew_before: Duration,
    /// Which answer of the service means that the token is renewed.
    pub renew_when: Written<Expression>,
    /// Whether each use of a refresh token gives a new one.
    pub rotates: bool,
}

/// How assertions are signed.
#[derive(Debug, Clone, Copy)]
pub struct JwtPlan {
    /// The algorithm.
    pub algorithm: JwtAlgorithm,
    /// How long one holds.
    pub lifetime: Duration,
}

/// Where things are in the answer of a token endpoint.
#[derive(Debug)]
pub struct AnswerPlan {
    /// The access token.
    pub access_token: Written<JsonPath>,
    /// The refresh token.
    pub refresh_token: Written<JsonPath>,
    /// How long the access token holds.
    pub expires: ExpiresAs,
    /// What went wrong.
    pub error: Written<JsonPath>,
    /// The same in words.
    pub error_description: Written<JsonPath>,
    /// What the token is for.
    pub scope: Written<JsonPath>,
}

/// How an answer says how long its token holds.
#[derive(Debug)]
pub struct ExpiresAs {
    /// Where.
    pub path: Written<JsonPath>,
    /// What it counts.
    pub unit: ExpiresUnit,
    /// What holds where the answer says nothing; none: until it is refused.
    pub default: Option<Duration>,
}

impl OAuth2Plan {
    /// Whether a person signs in before there is a token.
    pub fn needs_person(&self) -> bool {
        self.grant.needs_person()
    }
}

pub(super) fn build(spec: &OAuth2Spec, builder: &mut Builder<'_>) -> Result<AuthKind, Malformed> {
    let grant = spec.grant.required();
    let client_auth = spec.client_auth.given().map_or_else(
        || if spec.client_secret.is_absent() { ClientAuth::None } else { ClientAuth::Body },
        |given| given.value,
    );
    values(spec, builder);
    builder.refuse_literal_urls(&["authorize_url", "token_url", "device_url", "revoke_url", "redirect_url"]);
    let around = builder.around(&spec.header);
    let into = builder.place(&spec.into, "Authorization", false);
    let keep = paths(spec.keep.given(), builder);
    let answer = answer(spec, builder);
    let renew_when = renew_when(spec, builder);
    let grant = grant?;
    require(spec, grant.value, grant.span, client_auth, builder);
    let jwt = spec.jwt.given().map(|jwt| JwtPlan {
        algorithm: jwt.algorithm.given().copied().unwrap_or(JwtAlgorithm::Rs256),
        lifetime: jwt.lifetime.given().map_or(Duration::from_secs(300), |period| period.value),
    });
    let names = spec.names.given().into_iter().flat_map(|named| &named.0);
    let callback_server = spec.callback_server.given().and_then(|server| server.from.given());
    Ok(AuthKind::OAuth2(Box::new(OAuth2Plan {
        grant: grant.value,
        client_auth,
        scope_separator: spec.scope_separator.given().map_or(" ".to_owned(), |text| text.value.clone()),
        names: names
            .filter_map(|(key, text)| Some((key.name.clone(), text.given()?.value.clone())))
            .collect(),
        pkce: spec.pkce.given().copied().unwrap_or(Pkce::S256),
        callback_server: callback_server.map(|text| text.value.clone()),
        jwt,
        answer: answer?,
        keep: keep?,
        around: around?,
        into: into?,
        renew_before: spec.renew_before.given().map_or(Duration::from_secs(60), |period| period.value),
        renew_when: renew_when?,
        rotates: spec.rotates.given().copied().unwrap_or(false),
    })))
}

fn values(spec: &OAuth2Spec, builder: &mut Builder<'_>) {
    let public = [
        ("authorize_url", &spec.authorize_url),
        ("token_url", &spec.token_url),
        ("device_url", &spec.device_url),
        ("revoke_url", &spec.revoke_url),
        ("client_id", &spec.client_id),
        ("username", &spec.username),
        ("redirect_url", &spec.redirect_url),
    ];
    for (name, value) in public {
        builder.value(name, value);
    }
    let secret = [
        ("client_secret", &spec.client_secret),
        ("refresh_token", &spec.refresh_token),
        ("password", &spec.password),
    ];
    for (name, value) in secret {
        builder.secret(name, value);
    }
    for (index, scope) in spec.scope.given().into_iter().flat_map(|scope| &scope.0).enumerate() {
        builder.template(&format!("scope.{index}"), &scope.0);
    }
    if let Some(server) = spec.callback_server.given() {
        builder.value("callback_server.allowed", &server.allowed);
    }
    if let Some(extra) = spec.extra.given() {
        let groups = [("authorize", &extra.authorize), ("token", &extra.token), ("device", &extra.device)];
        for (group, named) in groups {
            group_values(&format!("extra.{group}"), named, builder);
        }
    }
    if let Some(jwt) = spec.jwt.given() {
        jwt_values(jwt, builder);
    }
}

fn jwt_values(jwt: &JwtSpec, builder: &mut Builder<'_>) {
    builder.secret("jwt.private_key", &jwt.private_key);
    let public = [
        ("jwt.key_id", &jwt.key_id),
        ("jwt.issuer", &jwt.issuer),
        ("jwt.subject", &jwt.subject),
        ("jwt.audience", &jwt.audience),
    ];
    for (name, value) in public {
        builder.value(name, value);
    }
    group_values("jwt.claims", &jwt.claims, builder);
}

fn group_values(group: &str, named: &SpecField<NamedMap<ConnectionValue>>, builder: &mut Builder<'_>) {
    for (key, value) in named.given().into_iter().flat_map(|named| &named.0) {
        builder.value(&format!("{group}.{}", key.name), value);
    }
}

fn paths(
    named: Option<&NamedMap<PathText>>,
    builder: &mut Builder<'_>,
) -> Result<Vec<(String, Written<JsonPath>)>, Malformed> {
    let entries = named.into_iter().flat_map(|named| &named.0);
    let built: Vec<_> = entries
        .map(|(key, path)| Ok((key.name.clone(), Written::path(&path.required()?.0, builder.findings)?)))
        .collect();
    built.into_iter().collect()
}

fn answer(spec: &OAuth2Spec, builder: &mut Builder<'_>) -> Result<AnswerPlan, Malformed> {
    let given = spec.answer.optional()?;
    let mut path = |field: fn(&AnswerSpec) -> &SpecField<PathText>, default: &str| {
        let text = match given.map(field) {
            Some(SpecField::Given(path)) => path.0.clone(),
            Some(SpecField::Malformed) => return Err(Malformed),
            Some(SpecField::Absent) | None => own_text(default, spec.span),
        };
        Written::path(&text, builder.findings)
    };
    Ok(AnswerPlan {
        access_token: path(|answer| &answer.access_token, "$.access_token")?,
        refresh_token: path(|answer| &answer.refresh_token, "$.refresh_token")?,
        error: path(|answer| &answer.error, "$.error")?,
        error_description: path(|answer| &answer.error_description, "$.error_description")?,
        scope: path(|answer| &answer.scope, "$.scope")?,
        expires: ExpiresAs {
            path: path(|answer| &answer.expires_in, "$.expires_in")?,
            unit: given
                .and_then(|answer| answer.expires_unit.given())
                .copied()
                .unwrap_or(ExpiresUnit::Seconds),
            default: given.and_then(|answer| answer.expires_default.given()).map(|period| period.value),
        },
    })
}

fn renew_when(spec: &OAuth2Spec, builder: &mut Builder<'_>) -> Result<Written<Expression>, Malformed> {
    let text = match &spec.renew_when {
        SpecField::Given(text) => text.0.clone(),
        SpecField::Absent => own_text("response.status == 401", spec.span),
        SpecField::Malformed => return Err(Malformed),
    };
    let written = Written::expression(&text, builder.findings)?;
    builder.scope().check(written.item.uses(), &text, Room::Response, builder.findings);
    Ok(written)
}

/// Text of the language's own, where the author wrote none.
fn own_text(text: &str, span: Span) -> Text {
    Text { span, value: text.to_owned(), style: TextStyle::Quoted, offsets: None }
}

/// Keys that a grant, or a way to prove oneself, cannot do without.
fn require(spec: &OAuth2Spec, grant: Grant, span: Span, client_auth: ClientAuth, builder: &mut Builder<'_>) {
    let keys: &[(&str, bool)] = match grant {
        Grant::AuthorizationCode => {
            &[("authorize_url", spec.authorize_url.is_absent()), ("client_id", spec.client_id.is_absent())]
        }
        Grant::RefreshToken => {
            &[("refresh_token", spec.refresh_token.is_absent()), ("client_id", spec.client_id.is_absent())]
        }
        Grant::ClientCredentials => &[("client_id", spec.client_id.is_absent())],
        Grant::Password => {
            &[("username", spec.username.is_absent()), ("password", spec.password.is_absent())]
        }
        Grant::DeviceCode => {
            &[("device_url", spec.device_url.is_absent()), ("client_id", spec.client_id.is_absent())]
        }
        Grant::JwtBearer => &[("jwt", spec.jwt.is_absent())],
    };
    for (key, _) in keys.iter().filter(|(_, absent)| *absent) {
        builder.missing(key, &format!("`grant: {}` needs it", grant.word()), span);
    }
    let proof: &[(&str, bool)] = match client_auth {
        ClientAuth::Body | ClientAuth::Basic => &[("client_secret", spec.client_secret.is_absent())],
        ClientAuth::PrivateKeyJwt => {
            &[("jwt", spec.jwt.is_absent()), ("client_id", spec.client_id.is_absent())]
        }
        ClientAuth::None => &[],
    };
    let at = spec.client_auth.given().map_or(span, |given| given.span);
    for (key, _) in proof.iter().filter(|(_, absent)| *absent) {
        builder.missing(key, "this `client_auth` needs it", at);
    }
    if grant.acts_for_the_client() && !client_auth.authenticates_the_client() {
        builder.missing("client_secret", "`grant: client_credentials` needs it", span);
    }
    if let Some(server) = spec.callback_server.given()
        && !grant.uses_callback()
    {
        builder.findings.push(
            Diagnostic::error(Code::KeyConflict, "`callback_server` goes with `grant: authorization_code`")
                .at(server.span, "")
                .help("leave it out: no other grant has a callback"),
        );
    }
}
