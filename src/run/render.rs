//! Step and values → a request as plain data. No socket is near.

use minijinja::value::{Value, ValueKind};
use url::Url;
use url::form_urlencoded::Serializer;

use super::{failure, secrets};
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::expr::{describe, mapping, scalar_text};
use crate::http::{Body, Header, Request, Timeouts};
use crate::paging::{Cursor, Position};
use crate::plan::context::Context;
use crate::plan::paginate::{PagePlace, PaginatePlan};
use crate::plan::request::BodyPlan;
use crate::plan::step::StepPlan;
use crate::plan::value::ValuePlan;
use crate::secret::Redactor;

/// What is needed to render the request of a step.
#[derive(Debug)]
pub(super) struct Rendering<'a> {
    /// The step.
    pub step: &'a StepPlan,
    /// The names it sees, `page` included.
    pub context: &'a dyn Context,
    /// The page that is asked for.
    pub cursor: Option<&'a Cursor>,
    /// Learns strings that were rendered from secrets.
    pub redactor: &'a Redactor,
}

/// The names of `page` for a page.
pub(super) fn page_names(paginate: &PaginatePlan, cursor: &Cursor) -> Value {
    let mut names: Vec<(&str, Value)> =
        vec![("count", Value::from(cursor.page - 1)), ("records", Value::from(cursor.records))];
    names.extend(paginate.rules.size.map(|size| ("size", Value::from(size))));
    names.push(("cursor", Value::from(())));
    match &cursor.position {
        Position::First => {}
        Position::Number(number) => names.push(("number", Value::from(*number))),
        Position::Offset(offset) => names.push(("offset", Value::from(*offset))),
        Position::Token(token) => names.push(("cursor", Value::from(token.as_str()))),
        Position::Url(url) => names.push(("cursor", Value::from(url.as_str()))),
    }
    mapping(names)
}

impl Rendering<'_> {
    /// Renders the request.
    pub(super) fn request(&self) -> Result<Request, Diagnostic> {
        let plan = &self.step.request;
        let mut parts = Parts { secret_query: vec![], query: vec![], headers: vec![] };
        for (name, value) in &plan.query {
            self.entry(name, value, &mut parts.query, &mut parts.secret_query)?;
        }
        for (name, value) in &plan.headers {
            self.header(name, value, &mut parts.headers)?;
        }
        let place = self.place();
        match &place {
            Some((PagePlace::Query(name), text)) => {
                parts.query.retain(|(known, _)| known != name);
                parts.query.push((name.clone(), text.clone()));
            }
            Some((PagePlace::Header(name), text)) => {
                parts.headers.retain(|header| !header.name.as_str().eq_ignore_ascii_case(name));
                parts.headers.push(self.make_header(name, text, false, false)?);
            }
            // Put in while the body is made.
            Some((PagePlace::Form(_) | PagePlace::Json(_), _)) | None => {}
        }
        let body = self.body(place.as_ref())?;
        let mut request = Request::new(plan.method.clone(), self.url(&parts)?);
        request.headers = parts.headers;
        request.secret_query = parts.secret_query;
        request.body = body;
        request.timeouts = Timeouts { total: plan.timeout, ..Timeouts::default() };
        request.follow_redirects = plan.follow_redirects;
        Ok(request)
    }

    /// The part of the request that takes the page, and its text; none for the first page of a cursor.
    fn place(&self) -> Option<(PagePlace, String)> {
        let place = self.step.paginate.as_ref()?.into.clone()?;
        Some((place, self.cursor?.position.text()?))
    }

    fn url(&self, parts: &Parts) -> Result<Url, Diagnostic> {
        if let Some(url) = self.cursor.and_then(|cursor| cursor.position.url()) {
            return self.parse_url(url);
        }
        let plan = &self.step.request;
        let mut text =
            self.context.text(&plan.url).map_err(|error| failure::evaluation(&self.step.name, &error))?;
        secrets::learn_rendered(self.redactor, &plan.url, &plan.url_meaning, self.context);
        if text.starts_with('/') {
            let base = self.context.name("connection").get_attr("base_url").ok();
            let base = base.and_then(|base| scalar_text(&base)).unwrap_or_default();
            text = format!("{}{text}", base.trim_end_matches('/'));
        }
        let mut url = self.parse_url(&text)?;
        if plan.url_meaning.secret {
            secrets::learn_url(self.redactor, &url, plan.url.item.has_statements());
        }
        if let Some(name) = self.step.paginate.as_ref().and_then(|paginate| paginate.into.as_ref()?.query())
            && parts.query.iter().any(|(known, _)| known == name)
        {
            without_parameter(&mut url, name);
        }
        if !parts.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&parts.query);
        }
        Ok(url)
    }

    fn parse_url(&self, text: &str) -> Result<Url, Diagnostic> {
        let bad = |problem: String| {
            self.failed(
                &format!("`{text}` is not a URL that can be requested: {problem}"),
                self.step.request.url.text.span,
            )
            .help("a URL is `https://HOST/PATH`; look at the values that were put into it")
        };
        let url = Url::parse(text).map_err(|error| bad(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(bad(format!("river does not speak `{}`", url.scheme())));
        }
        Ok(url)
    }

    /// One parameter or field: none is not sent, a list repeats the name.
    fn entry(
        &self,
        name: &str,
        plan: &ValuePlan,
        into: &mut Vec<(String, String)>,
        secret: &mut Vec<String>,
    ) -> Result<(), Diagnostic> {
        let value = self.value(plan)?;
        let meaning = plan.meaning();
        if meaning.secret {
            secret.push(name.to_owned());
        }
        for text in self.texts(name, &value, plan)? {
            into.push((name.to_owned(), text));
        }
        Ok(())
    }

    fn header(&self, name: &str, plan: &ValuePlan, into: &mut Vec<Header>) -> Result<(), Diagnostic> {
        let value = self.value(plan)?;
        let meaning = plan.meaning();
        for text in self.texts(name, &value, plan)? {
            into.push(self.make_header(name, &text, meaning.secret, meaning.from_connection())?);
        }
        Ok(())
    }

    fn make_header(
        &self,
        name: &str,
        text: &str,
        secret: bool,
        from_connection: bool,
    ) -> Result<Header, Diagnostic> {
        Header::new(name, text, secret, from_connection).map_err(|error| {
            self.failed(&error.to_string(), self.step.request.span)
                .help("a header is one line; look at the value that was put into it")
        })
    }

    fn body(&self, place: Option<&(PagePlace, String)>) -> Result<Body, Diagnostic> {
        match &self.step.request.body {
            BodyPlan::None => Ok(Body::None),
            BodyPlan::Form(fields) => self.form(fields, place),
            BodyPlan::Json(plan) => self.json(plan, place),
            BodyPlan::Text { text, content_type } => {
                let content_type = match content_type {
                    Some(plan) => self.one_text("content_type", plan)?,
                    None => "text/plain; charset=utf-8".to_owned(),
                };
                let meaning = text.meaning();
                let text = self.one_text("body", text)?;
                Ok(Body::Text { content_type, text: text.into(), secret_parts: meaning.secret })
            }
        }
    }

    fn form(
        &self,
        fields: &[(String, ValuePlan)],
        place: Option<&(PagePlace, String)>,
    ) -> Result<Body, Diagnostic> {
        let mut pairs = Vec::new();
        let mut secret = Vec::new();
        for (name, value) in fields {
            self.entry(name, value, &mut pairs, &mut secret)?;
        }
        if let Some((name, text)) = place.and_then(|(place, text)| Some((place.form()?, text))) {
            pairs.retain(|(known, _)| known != name);
            pairs.push((name.to_owned(), text.clone()));
        }
        let text = Serializer::new(String::new()).extend_pairs(&pairs).finish();
        let content_type = "application/x-www-form-urlencoded".to_owned();
        Ok(Body::Text { content_type, text: text.into(), secret_parts: !secret.is_empty() })
    }

    fn json(&self, plan: &ValuePlan, place: Option<&(PagePlace, String)>) -> Result<Body, Diagnostic> {
        let value = self.value(plan)?;
        let mut json = serde_json::to_value(&value).map_err(|error| {
            self.failed(&format!("the body cannot be written as JSON: {error}"), self.step.request.span)
        })?;
        if let Some((keys, text)) = place.and_then(|(place, text)| Some((place.json()?, text))) {
            set(&mut json, keys, self.json_number(text));
        }
        let content_type = "application/json".to_owned();
        Ok(Body::Text { content_type, text: json.to_string().into(), secret_parts: plan.meaning().secret })
    }

    /// Page numbers and offsets are numbers in JSON, tokens are text.
    fn json_number(&self, text: &str) -> serde_json::Value {
        match self.cursor.and_then(|cursor| cursor.position.count()) {
            Some(count) => serde_json::Value::from(count),
            None => serde_json::Value::from(text),
        }
    }

    fn value(&self, plan: &ValuePlan) -> Result<Value, Diagnostic> {
        plan.visit(&mut |written, meaning| {
            secrets::learn_rendered(self.redactor, written, meaning, self.context);
        });
        plan.value(self.context).map_err(|error| failure::evaluation(&self.step.name, &error))
    }

    fn one_text(&self, name: &str, plan: &ValuePlan) -> Result<String, Diagnostic> {
        let value = self.value(plan)?;
        scalar_text(&value).ok_or_else(|| self.unfit(name, &value, plan))
    }

    fn texts(&self, name: &str, value: &Value, plan: &ValuePlan) -> Result<Vec<String>, Diagnostic> {
        match value.kind() {
            ValueKind::None => Ok(vec![]),
            ValueKind::Seq | ValueKind::Iterable => {
                let items = value.try_iter().map_err(|_| self.unfit(name, value, plan))?;
                items.map(|item| scalar_text(&item).ok_or_else(|| self.unfit(name, &item, plan))).collect()
            }
            _ => scalar_text(value).map(|text| vec![text]).ok_or_else(|| self.unfit(name, value, plan)),
        }
    }

    fn unfit(&self, name: &str, value: &Value, plan: &ValuePlan) -> Diagnostic {
        let span = plan.span().unwrap_or(self.step.request.span);
        self.failed(&format!("`{name}` is {}, which cannot be sent as text", describe(value)), span)
            .help("send text, a number or a boolean; use `tojson` to send a mapping as JSON text")
    }

    fn failed(&self, message: &str, span: Span) -> Diagnostic {
        failure::at(Code::BadRequest, &self.step.name, message, span)
    }
}

struct Parts {
    secret_query: Vec<String>,
    query: Vec<(String, String)>,
    headers: Vec<Header>,
}

/// A parameter that paging sets is not sent twice.
fn without_parameter(url: &mut Url, name: &str) {
    let pairs: Vec<(String, String)> =
        url.query_pairs().into_owned().filter(|(known, _)| known != name).collect();
    url.set_query(None);
    if !pairs.is_empty() {
        url.query_pairs_mut().extend_pairs(&pairs);
    }
}

/// Sets a member of a JSON object, making the objects on the way.
fn set(json: &mut serde_json::Value, keys: &[String], value: serde_json::Value) {
    let Some((last, path)) = keys.split_last() else { return };
    let mut here = json;
    for key in path {
        if !here.is_object() {
            return;
        }
        here = &mut here[key.as_str()];
        if here.is_null() {
            *here = serde_json::json!({});
        }
    }
    if here.is_object() {
        here[last.as_str()] = value;
    }
}
