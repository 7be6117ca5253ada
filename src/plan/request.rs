//! What a step sends, compiled.

use std::time::Duration;

use super::need::ValueUse;
use super::scope::{Meaning, Room, Scope};
use super::value::ValuePlan;
use super::written::Written;
use crate::diagnostic::{Code, Diagnostic, Findings, Span};
use crate::expr::Template;
use crate::spec::node::{Key, Text};
use crate::spec::request::{CreditsSpec, Method, RequestSpec};
use crate::spec::table::{Malformed, SpecField};
use crate::spec::value::{AnyValue, NamedMap};

/// A request before its templates are rendered.
#[derive(Debug)]
pub struct RequestPlan {
    /// Where it stands.
    pub span: Span,
    /// The method.
    pub method: http::Method,
    /// The URL.
    pub url: Written<Template>,
    /// What the URL's names mean.
    pub url_meaning: Meaning,
    /// Query parameters in order.
    pub query: Vec<(String, ValuePlan)>,
    /// Headers in order.
    pub headers: Vec<(String, ValuePlan)>,
    /// The body.
    pub body: BodyPlan,
    /// How long one try may take.
    pub timeout: Duration,
    /// Whether redirects are followed.
    pub follow_redirects: bool,
    /// What it costs in API credits, if the author says so.
    pub credits: Option<CreditsPlan>,
}

/// What one request costs, in API credits.
#[derive(Debug)]
pub enum CreditsPlan {
    /// The same for each request.
    Number(u64),
    /// Rendered with the request.
    Template(Box<Written<Template>>, Meaning),
}

/// The body before its templates are rendered.
#[derive(Debug)]
pub enum BodyPlan {
    /// None.
    None,
    /// Form fields.
    Form(Vec<(String, ValuePlan)>),
    /// JSON.
    Json(ValuePlan),
    /// Text of some type.
    Text {
        /// The text.
        text: ValuePlan,
        /// Its `Content-Type`.
        content_type: Option<ValuePlan>,
    },
}

/// Time for one try when the author gives none.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(300);

impl RequestPlan {
    /// Compiles a request.
    pub fn build(spec: &RequestSpec, scope: &Scope, findings: &mut Findings) -> Result<Self, Malformed> {
        let mut builder = Builder { scope, findings };
        let url = builder.url(spec);
        let query = builder.entries(&spec.query);
        let headers = builder.headers(spec);
        let body = builder.body(spec);
        let credits = builder.credits(spec);
        let method = spec.method.given().copied().unwrap_or(Method::Get);
        let (url, url_meaning) = url?;
        Ok(Self {
            span: spec.span,
            method: method.to_http(),
            url,
            url_meaning,
            query: query?,
            headers: headers?,
            body: body?,
            timeout: spec.timeout.given().map_or(DEFAULT_TIMEOUT, |period| period.value),
            follow_redirects: spec.follow_redirects.given().copied().unwrap_or(true),
            credits: credits?,
        })
    }

    /// What all its names mean together.
    pub fn meaning(&self) -> Meaning {
        let mut all = self.url_meaning.clone();
        all.connection.extend(self.base_url());
        let entries = self.query.iter().chain(&self.headers).map(|(_, value)| value);
        for value in entries.chain(self.body.values()) {
            all.add(&value.meaning());
        }
        if let Some(meaning) = self.credits.as_ref().and_then(CreditsPlan::meaning) {
            all.add(meaning);
        }
        all
    }

    /// A path joins `connection.base_url`. What stands in a template at the start may turn out to be one.
    fn base_url(&self) -> Option<ValueUse> {
        let url = self.url.text.value.as_str();
        let computed = url.starts_with('{');
        (computed || url.starts_with('/'))
            .then(|| ValueUse { name: Some("base_url".to_owned()), provided_for: computed })
    }

    /// Whether `page` is read somewhere in it.
    pub fn uses_page(&self) -> bool {
        let url = self.url.item.uses().iter().any(|found| found.path[0] == "page");
        let entries = self.query.iter().chain(&self.headers).any(|(_, value)| value.uses_page());
        url || entries || self.body.values().into_iter().any(ValuePlan::uses_page)
    }
}

impl CreditsPlan {
    /// What its names mean; none for a number.
    pub fn meaning(&self) -> Option<&Meaning> {
        match self {
            Self::Template(_, meaning) => Some(meaning),
            Self::Number(_) => None,
        }
    }

    /// Its text, if it is rendered with the request.
    pub fn template(&self) -> Option<&Written<Template>> {
        match self {
            Self::Template(written, _) => Some(written),
            Self::Number(_) => None,
        }
    }
}

impl BodyPlan {
    /// All values that are rendered for it.
    pub fn values(&self) -> Vec<&ValuePlan> {
        match self {
            Self::None => vec![],
            Self::Form(fields) => fields.iter().map(|(_, value)| value).collect(),
            Self::Json(value) => vec![value],
            Self::Text { text, content_type } => [text].into_iter().chain(content_type).collect(),
        }
    }

    /// Whether `into: form.NAME` has a place in it.
    pub fn has_fields(&self) -> bool {
        match self {
            Self::Form(_) => true,
            Self::None | Self::Json(_) | Self::Text { .. } => false,
        }
    }

    /// Whether `into: json.NAME` has a place in it.
    pub fn is_json_object(&self) -> bool {
        match self {
            Self::Json(value) => value.is_map(),
            Self::None | Self::Form(_) | Self::Text { .. } => false,
        }
    }
}

struct Builder<'a> {
    scope: &'a Scope,
    findings: &'a mut Findings,
}

impl Builder<'_> {
    fn url(&mut self, spec: &RequestSpec) -> Result<(Written<Template>, Meaning), Malformed> {
        let text = &spec.url.required()?.0;
        let written = Written::template(text, self.findings)?;
        let meaning = self.scope.check(written.item.uses(), text, Room::Request, self.findings);
        if let Some(finding) = self.url_finding(text) {
            self.findings.push(finding);
        }
        Ok((written, meaning))
    }

    /// What can be said of a URL before it is rendered.
    fn url_finding(&self, text: &Text) -> Option<Diagnostic> {
        let url = text.value.as_str();
        let bad = |message: String, help: &str| {
            Some(Diagnostic::error(Code::BadUrl, message).at(text.span, "").help(help))
        };
        if url.starts_with('/') {
            let connection = self.scope.connection.as_ref();
            let has_base = connection.is_some_and(|connection| {
                connection.values.as_ref().is_none_or(|values| values.contains_key("base_url"))
            });
            let help = "write the whole URL, or give the connection a `base_url`";
            return if has_base {
                None
            } else {
                bad("a URL that starts with `/` needs `connection.base_url`".to_owned(), help)
            };
        }
        if url.starts_with("{{") {
            return None;
        }
        let scheme_end = url.find("://");
        match scheme_end.map(|end| &url[..end]) {
            Some("http" | "https") if !url.contains("{{") => match url::Url::parse(url) {
                Ok(_) => None,
                Err(error) => bad(format!("`{url}` is not a URL: {error}"), "a URL is `https://HOST/PATH`"),
            },
            Some("http" | "https") => None,
            Some(scheme) => {
                bad(format!("river does not speak `{scheme}`"), "a URL starts with `https://` or `http://`")
            }
            None => bad(
                format!("`{url}` is not a whole URL"),
                "a URL starts with `https://` or `http://`, or with `/` to join `connection.base_url`",
            ),
        }
    }

    fn entries(
        &mut self,
        field: &SpecField<NamedMap<AnyValue>>,
    ) -> Result<Vec<(String, ValuePlan)>, Malformed> {
        let entries = field.optional()?.into_iter().flat_map(|named| &named.0);
        let built: Vec<_> = entries.map(|(key, value)| self.entry(key, value.required()?)).collect();
        built.into_iter().collect()
    }

    fn entry(&mut self, key: &Key, value: &AnyValue) -> Result<(String, ValuePlan), Malformed> {
        if let Some(map) = value.0.as_map().and_then(<[_]>::first) {
            let finding = Diagnostic::error(Code::BadValue, format!("`{}` cannot be a mapping", key.name))
                .at(map.0.span, "")
                .help("a value here is text, a number, a boolean, none, or a list of these");
            self.findings.push(finding);
            return Err(Malformed);
        }
        if let Some(text) = value.0.as_fraction() {
            // It is sent as text: `1.10` stays `1.10`.
            return Ok((key.name.clone(), ValuePlan::Constant(serde_json::Value::from(text))));
        }
        Ok((key.name.clone(), ValuePlan::build(&value.0, self.scope, Room::Request, self.findings)?))
    }

    fn headers(&mut self, spec: &RequestSpec) -> Result<Vec<(String, ValuePlan)>, Malformed> {
        let headers = self.entries(&spec.headers);
        for (key, _) in spec.headers.given().iter().flat_map(|named| &named.0) {
            if http::HeaderName::from_bytes(key.name.as_bytes()).is_err() {
                let finding = Diagnostic::error(
                    Code::BadValue,
                    format!("`{}` cannot be the name of a header", key.name),
                )
                .at(key.span, "")
                .help("a header's name has letters, digits and `-`");
                self.findings.push(finding);
            }
        }
        headers
    }

    fn body(&mut self, spec: &RequestSpec) -> Result<BodyPlan, Malformed> {
        self.refuse_two_bodies(spec);
        if let Some(json) = spec.json.optional()? {
            return ValuePlan::build(&json.0, self.scope, Room::Request, self.findings).map(BodyPlan::Json);
        }
        if !spec.form.is_absent() {
            return self.entries(&spec.form).map(BodyPlan::Form);
        }
        let content_type = spec.content_type.optional()?.map(|text| self.text(&text.0)).transpose()?;
        match spec.body.optional()? {
            Some(text) => Ok(BodyPlan::Text { text: self.text(&text.0)?, content_type }),
            None => Ok(BodyPlan::None),
        }
    }

    /// The sum stands in the summary, where no secret belongs.
    fn credits(&mut self, spec: &RequestSpec) -> Result<Option<CreditsPlan>, Malformed> {
        let text = match spec.credits.optional()? {
            None => return Ok(None),
            Some(CreditsSpec::Number(number)) => return Ok(Some(CreditsPlan::Number(*number))),
            Some(CreditsSpec::Template(text)) => text,
        };
        let written = Written::template(text, self.findings)?;
        let meaning = self.scope.check(written.item.uses(), text, Room::Request, self.findings);
        if meaning.secret {
            let finding = Diagnostic::error(Code::BadValue, "`credits` cannot be a secret").at(text.span, "");
            self.findings.push(finding.help("the summary prints how many credits a run has used"));
        }
        Ok(Some(CreditsPlan::Template(Box::new(written), meaning)))
    }

    fn text(&mut self, text: &Text) -> Result<ValuePlan, Malformed> {
        let written = Written::template(text, self.findings)?;
        let meaning = self.scope.check(written.item.uses(), text, Room::Request, self.findings);
        Ok(ValuePlan::Template(written, meaning))
    }

    fn refuse_two_bodies(&mut self, spec: &RequestSpec) {
        let form = spec.form.given().and_then(|form| form.0.first()).map(|(key, _)| ("form", key.span));
        let json = spec.json.given().map(|json| ("json", json.0.span));
        let body = spec.body.given().map(|body| ("body", body.0.span));
        let given: Vec<_> = [form, json, body].into_iter().flatten().collect();
        if let [(first, first_span), (second, second_span), ..] = given[..] {
            self.findings.push(
                Diagnostic::error(
                    Code::KeyConflict,
                    format!("a request has one body, here are `{first}` and `{second}`"),
                )
                .at(second_span, format!("`{second}`"))
                .at(first_span, format!("`{first}`"))
                .help("keep one of `form`, `json` and `body`"),
            );
        }
        if let (Some(text), None) = (spec.content_type.given(), body) {
            let help = "`form` and `json` set their type themselves; set another one under `headers`";
            self.findings.push(
                Diagnostic::error(Code::KeyConflict, "`content_type` goes with `body`")
                    .at(text.0.span, "")
                    .help(help),
            );
        }
    }
}
