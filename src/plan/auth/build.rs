//! Spec → plan of what proves who asks, with every finding.

use std::sync::{Arc, LazyLock};

use regex::Regex;

use super::{Around, AuthKind, AuthPlan, HmacPlan, ORIGIN_HELP, Place, oauth2, parse_origin};
use crate::diagnostic::{Code, Diagnostic, Findings, Span, nearest};
use crate::plan::connection::{ConnectionEntry, looks_secret, make_entry, warn_in_clear};
use crate::plan::scope::{ConnectionNames, Room, Scope};
use crate::plan::value::ValuePlan;
use crate::plan::written::Written;
use crate::spec::auth::{
    AuthSpec, Encoding, HmacAlgorithm, HmacSpec, OAuth1Method, SecretEncoding, TimestampForm,
};
use crate::spec::connection::ConnectionValue;
use crate::spec::node::{Node, NodeKind, Text};
use crate::spec::table::{Malformed, SpecField};
use crate::spec::value::{NamedMap, Spanned, TemplateText};

/// Where an `auth` stands.
#[derive(Debug, Clone, Copy)]
pub(in crate::plan) struct AuthHome<'a> {
    /// The connection's name; none for a request's own or an inline connection's, which nobody can name to sign in.
    pub file: Option<&'a str>,
    /// The names of the connection.
    pub names: &'a ConnectionNames,
    /// What only a sign-in brings: not there when its own values are looked up.
    pub late: &'a [String],
    /// Whether the connection says where it is at home.
    pub has_base_url: bool,
}

/// Compiles an `auth`. None: `kind: none`, or something is malformed, which has its findings.
pub(in crate::plan) fn build(
    spec: &Spanned<AuthSpec>,
    home: AuthHome<'_>,
    findings: &mut Findings,
) -> Option<AuthPlan> {
    let mut builder = Builder { home, values: Vec::new(), findings };
    let kind = builder.kind(&spec.value);
    builder.refuse_homeless(spec);
    builder.refuse_late();
    builder.refuse_nameless(spec);
    let values = std::mem::take(&mut builder.values);
    let connection_name = home.file.unwrap_or("inline").to_owned();
    Some(AuthPlan { connection_name, connection: None, span: spec.span, kind: kind.ok()??, values })
}

pub(super) struct Builder<'a> {
    home: AuthHome<'a>,
    values: Vec<ConnectionEntry>,
    pub(super) findings: &'a mut Findings,
}

impl Builder<'_> {
    fn kind(&mut self, spec: &AuthSpec) -> Result<Option<AuthKind>, Malformed> {
        self.origins(spec);
        Ok(Some(match spec {
            AuthSpec::None => return Ok(None),
            AuthSpec::Basic(basic) => {
                self.value("username", &basic.username);
                self.secret("password", &basic.password);
                AuthKind::Basic
            }
            AuthSpec::Digest(digest) => {
                self.value("username", &digest.username);
                self.secret("password", &digest.password);
                AuthKind::Digest
            }
            AuthSpec::Bearer(bearer) => {
                self.secret("token", &bearer.token);
                let around = self.around(&bearer.header);
                let into = self.place(&bearer.into, "Authorization", false);
                AuthKind::Bearer { around: around?, into: into? }
            }
            AuthSpec::ApiKey(api_key) => {
                self.secret("key", &api_key.key);
                AuthKind::ApiKey { into: self.place(&api_key.into, "X-Api-Key", true)? }
            }
            AuthSpec::OAuth1(oauth1) => {
                self.value("consumer_key", &oauth1.consumer_key);
                self.secret("consumer_secret", &oauth1.consumer_secret);
                self.secret("token", &oauth1.token);
                self.secret("token_secret", &oauth1.token_secret);
                self.value("realm", &oauth1.realm);
                let method = oauth1.signature_method.given().copied();
                AuthKind::OAuth1 { method: method.unwrap_or(OAuth1Method::HmacSha1) }
            }
            AuthSpec::Hmac(hmac) => AuthKind::Hmac(Box::new(self.hmac(hmac)?)),
            AuthSpec::AwsSigV4(aws) => {
                self.value("access_key_id", &aws.access_key_id);
                self.secret("secret_access_key", &aws.secret_access_key);
                self.secret("session_token", &aws.session_token);
                self.value("region", &aws.region);
                self.value("service", &aws.service);
                AuthKind::AwsSigV4
            }
            AuthSpec::Mtls(mtls) => {
                self.value("certificate", &mtls.certificate);
                self.secret("private_key", &mtls.private_key);
                self.value("ca", &mtls.ca);
                AuthKind::Mtls
            }
            AuthSpec::OAuth2(spec) => oauth2::build(spec, self)?,
        }))
    }

    fn hmac(&mut self, spec: &HmacSpec) -> Result<HmacPlan, Malformed> {
        self.secret("secret", &spec.secret);
        let texts = |named: &SpecField<NamedMap<TemplateText>>| -> Vec<(String, String)> {
            let entries = named.given().into_iter().flat_map(|named| &named.0);
            entries
                .filter_map(|(key, text)| Some((key.name.clone(), text.given()?.0.value.clone())))
                .collect()
        };
        let (headers, query) = (texts(&spec.headers), texts(&spec.query));
        for (group, named) in [("headers", &spec.headers), ("query", &spec.query)] {
            for (key, text) in named.given().into_iter().flat_map(|named| &named.0) {
                let Some(text) = text.given() else { continue };
                self.refuse_unknown_placeholders(&text.0);
                self.template(&format!("{group}.{}", key.name), &text.0);
            }
        }
        if !headers.iter().chain(&query).any(|(_, text)| text.contains("{signature}")) {
            let finding = Diagnostic::error(Code::MissingKey, "nothing carries the signature");
            let finding = finding.at(spec.span, "");
            self.findings.push(
                finding.help("add `headers: { X-Signature: \"{signature}\" }`, or the same in `query`"),
            );
        }
        let text = &spec.sign.required()?.0;
        let sign = Written::template(text, self.findings)?;
        let own = |root: &str| matches!(root, "request" | "timestamp" | "nonce");
        let others: Vec<_> = sign.item.uses().iter().filter(|found| !own(&found.path[0])).cloned().collect();
        self.scope().check(&others, text, Room::Before, self.findings);
        Ok(HmacPlan {
            algorithm: spec.algorithm.given().copied().unwrap_or(HmacAlgorithm::Sha256),
            secret_encoding: spec.secret_encoding.given().copied().unwrap_or(SecretEncoding::Text),
            sign: Arc::new(sign),
            encoding: spec.encoding.given().copied().unwrap_or(Encoding::Hex),
            timestamp: spec.timestamp.given().copied().unwrap_or(TimestampForm::Unix),
            headers,
            query,
        })
    }

    /// A word in single braces that nothing replaces would be sent as it is.
    fn refuse_unknown_placeholders(&mut self, text: &Text) {
        static PLACEHOLDER: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r"\{\{.*?\}\}|\{(\w+)\}").expect("it is one"));
        const KNOWN: [&str; 3] = ["signature", "timestamp", "nonce"];
        let words = PLACEHOLDER.captures_iter(&text.value).filter_map(|found| found.get(1));
        for word in words.map(|word| word.as_str()).filter(|word| !KNOWN.contains(word)) {
            let guess = nearest(word, KNOWN).map(|near| format!("did you mean `{{{near}}}`?"));
            let finding = Diagnostic::error(Code::BadValue, format!("nothing fills in `{{{word}}}`"));
            self.findings.push(finding.at(text.span, "").help_if(guess).help(
                "allowed are `{signature}`, `{timestamp}` and `{nonce}`, and values as `{{ connection.NAME }}`",
            ));
        }
    }

    /// An address that stands in the file and is none would fail in every run.
    pub(super) fn refuse_literal_urls(&mut self, names: &[&str]) {
        for entry in self.values.iter().filter(|entry| names.contains(&entry.name.as_str())) {
            let Some(text) = entry.source.written().and_then(ValuePlan::literal) else { continue };
            let finding = match url::Url::parse(text) {
                Ok(url) if matches!(url.scheme(), "http" | "https") => continue,
                Ok(url) if text.contains("://") => {
                    format!("`{}`: river does not speak `{}`", entry.name, url.scheme())
                }
                Ok(_) => format!(
                    "`{}` is `{text}`, which begins with neither `https://` nor `http://`",
                    entry.name
                ),
                Err(error) => format!("`{}` is `{text}`, which is not a URL: {error}", entry.name),
            };
            let finding = Diagnostic::error(Code::BadUrl, finding).at_if(entry.span);
            self.findings.push(finding.help("a URL is `https://HOST/PATH`"));
        }
    }

    /// What its templates see.
    pub(super) fn scope(&self) -> Scope {
        Scope { connection: Some(self.home.names.clone()), ..Scope::default() }
    }

    /// A value that may be shown.
    pub(super) fn value(&mut self, name: &str, value: &SpecField<ConnectionValue>) {
        self.add(name, value.given(), false);
    }

    /// A value that is secret wherever it comes from.
    pub(super) fn secret(&mut self, name: &str, value: &SpecField<ConnectionValue>) {
        if let Some(node) = value.given().and_then(ConnectionValue::literal)
            && !looks_secret(name)
        {
            warn_in_clear(name, self.home.file.unwrap_or("inline"), node, self.findings);
        }
        self.add(name, value.given(), true);
    }

    /// A list or mapping would be sent as nothing.
    fn refuse_many(&mut self, name: &str, node: &Node) {
        if !node.is_list_or_map() || name == "callback_server.allowed" {
            return;
        }
        let message = format!("`{name}` is one text, found {}", node.describe());
        self.findings.push(
            Diagnostic::error(Code::BadValue, message)
                .at(node.span, "")
                .help("write the text itself, or where it comes from: `{ from: env:NAME }`"),
        );
    }

    /// A text with templates.
    pub(super) fn template(&mut self, name: &str, text: &Text) {
        let node = Node { span: text.span, kind: NodeKind::Text(text.clone()) };
        self.add(name, Some(&ConnectionValue::Literal(node)), false);
    }

    fn add(&mut self, name: &str, value: Option<&ConnectionValue>, secret: bool) {
        let Some(value) = value else { return };
        if let Some(node) = value.literal() {
            self.refuse_many(name, node);
        }
        let made = make_entry(name, self.home.names, value, self.findings);
        self.values.extend(made.map(|entry| ConnectionEntry { secret: entry.secret || secret, ..entry }));
    }

    /// The text around a token.
    pub(super) fn around(&mut self, header: &SpecField<Text>) -> Result<Around, Malformed> {
        let Some(text) = header.optional()? else {
            return Ok(Around { before: "Bearer ".to_owned(), after: String::new() });
        };
        if let Some((before, after)) = text.value.split_once("{token}") {
            return Ok(Around { before: before.to_owned(), after: after.to_owned() });
        }
        let message = format!("`{}` does not say where the token goes", text.value);
        self.findings.push(
            Diagnostic::error(Code::BadValue, message)
                .at(text.span, "")
                .help("put `{token}` into it, in single braces: `header: \"Bearer {token}\"`"),
        );
        Err(Malformed)
    }

    /// Where a credential goes.
    pub(super) fn place(
        &mut self,
        into: &SpecField<Text>,
        header: &str,
        cookies: bool,
    ) -> Result<Place, Malformed> {
        let Some(text) = into.optional()? else { return Ok(Place::Header(header.to_owned())) };
        let place = text.value.parse::<Place>().map_err(|error| error.to_string());
        let refused = match place {
            Ok(place) if place.is_cookie() && !cookies => "a token does not go into a cookie".to_owned(),
            Ok(place) => return Ok(place),
            Err(refused) => refused,
        };
        self.findings.push(
            Diagnostic::error(Code::BadValue, refused)
                .at(text.span, "")
                .help(format!("write `headers.{header}` or `query.api_key`")),
        );
        Err(Malformed)
    }

    pub(super) fn missing(&mut self, key: &str, why: &str, at: Span) {
        let finding = Diagnostic::error(Code::MissingKey, format!("`auth` lacks `{key}`: {why}"));
        self.findings.push(finding.at(at, "").help(format!("add `{key}:` to `auth`")));
    }

    fn origins(&mut self, spec: &AuthSpec) {
        let origins = match spec {
            AuthSpec::None => return,
            AuthSpec::Basic(spec) => &spec.origins,
            AuthSpec::Bearer(spec) => &spec.origins,
            AuthSpec::ApiKey(spec) => &spec.origins,
            AuthSpec::Digest(spec) => &spec.origins,
            AuthSpec::OAuth1(spec) => &spec.origins,
            AuthSpec::Hmac(spec) => &spec.origins,
            AuthSpec::AwsSigV4(spec) => &spec.origins,
            AuthSpec::Mtls(spec) => &spec.origins,
            AuthSpec::OAuth2(spec) => &spec.origins,
        };
        for (index, origin) in origins.given().into_iter().flatten().enumerate() {
            if !origin.0.value.contains("{{")
                && let Err(error) = parse_origin(&origin.0.value)
            {
                let finding = Diagnostic::error(Code::BadValue, error.to_string());
                self.findings.push(finding.at(origin.0.span, "").help(ORIGIN_HELP));
            }
            self.template(&format!("origins.{index}"), &origin.0);
        }
    }

    /// A credential that may go anywhere goes where it should not.
    fn refuse_homeless(&mut self, spec: &Spanned<AuthSpec>) {
        let at_home = self.home.has_base_url
            || self.values.iter().any(|entry| entry.name.starts_with("origins."))
            || !spec.value.sends_credentials();
        if !at_home {
            let message = "nothing says where these credentials may be sent";
            let finding = Diagnostic::error(Code::MissingKey, message).at(spec.span, "");
            self.findings.push(finding.help(
                "add `base_url: https://HOST` to the connection, or `origins: [https://HOST]` to `auth`: they go nowhere else",
            ));
        }
    }

    /// What a sign-in brings is not there before it.
    fn refuse_late(&mut self) {
        for entry in &self.values {
            let needs = entry.needs();
            let Some(late) = self.home.late.iter().find(|late| needs.contains(late)) else { continue };
            let message = format!("`{late}` comes with the token, and `{}` is needed to get it", entry.name);
            let finding = Diagnostic::error(Code::BadConnection, message).at_if(entry.span);
            self.findings.push(finding.help("write it out, or take it from elsewhere: `{ from: env:NAME }`"));
        }
    }

    /// What a person consents to is kept under a name.
    fn refuse_nameless(&mut self, spec: &Spanned<AuthSpec>) {
        let grant = spec.value.oauth2().and_then(|oauth2| oauth2.grant.given());
        let Some(grant) = grant else { return };
        if grant.value.needs_person() && self.home.file.is_none() {
            let message = format!("`grant: {}` needs a connection with a name", grant.value.word());
            let finding = Diagnostic::error(Code::BadConnection, message).at(grant.span, "");
            self.findings.push(
                finding
                    .help("move it to `connections/NAME.yaml`, so that `river auth login NAME` can sign in"),
            );
        }
    }
}
