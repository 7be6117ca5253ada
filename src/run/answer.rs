//! A response with its body read as JSON when something asks for it, and as expressions see it.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use minijinja::value::{Object, Value};
use url::Url;

use crate::http::Response;
use crate::plan::connection::looks_secret;
use crate::plan::step::RecordsPlan;
use crate::record::{JsonView, Page, PageError};

/// A response and its body.
#[derive(Debug)]
pub struct Answer {
    /// As received.
    pub response: Response,
    /// Where it was asked for, before any redirect.
    pub asked: Url,
    records: Option<Arc<RecordsPlan>>,
    page: OnceLock<Result<Arc<Page>, PageError>>,
}

impl Answer {
    /// An answer whose body nobody looked at yet. `records` says where its records are, so that it is read once.
    pub fn new(response: Response, asked: Url, records: Option<Arc<RecordsPlan>>) -> Self {
        Self { response, asked, records, page: OnceLock::new() }
    }

    /// The body with its records replaced by their count: what a message may show of a page.
    pub fn without_records(&self) -> Cow<'_, [u8]> {
        let body = self.response.body.as_ref();
        let Some(batch) = self.page.get().and_then(|page| page.as_ref().ok()).map(|page| page.batch()) else {
            return body.into();
        };
        match (batch.ranges().first(), batch.ranges().last()) {
            (Some(first), Some(last)) if first.start < last.end && last.end <= batch.text().len() => {
                let text = batch.text();
                let noun = if batch.len() == 1 { "record" } else { "records" };
                let count = format!("… {} {noun} …", batch.len());
                [&text[..first.start], count.as_bytes(), &text[last.end..]].concat().into()
            }
            _ => body.into(),
        }
    }

    /// Its body as JSON.
    pub fn page(&self) -> Result<&Arc<Page>, PageError> {
        let read = self.page.get_or_init(|| {
            let body = self.response.body.clone();
            let page = match &self.records {
                Some(records) => Page::read_records(body, &records.path.item),
                None => Page::read(body, None),
            };
            page.map(Arc::new)
        });
        read.as_ref().map_err(Clone::clone)
    }

    /// Texts in its JSON body that are secrets by their key: what the author calls one may stand under another key.
    pub fn likely_secrets(&self) -> Vec<String> {
        let mut found = Vec::new();
        let body: Result<serde_json::Value, _> = serde_json::from_slice(&self.response.body);
        let mut waiting = Vec::from_iter(body.ok());
        while let Some(value) = waiting.pop() {
            match value {
                serde_json::Value::Array(items) => waiting.extend(items),
                serde_json::Value::Object(members) => {
                    for (key, member) in members {
                        match member {
                            serde_json::Value::String(text) if looks_secret(&key) => found.push(text),
                            other => waiting.push(other),
                        }
                    }
                }
                _ => {}
            }
        }
        found
    }
}

/// `response` in expressions.
#[derive(Debug)]
pub struct ResponseView(Arc<Answer>);

impl ResponseView {
    /// The value of `response`.
    pub fn value(answer: &Arc<Answer>) -> Value {
        Value::from_object(Self(Arc::clone(answer)))
    }

    /// A body that is no JSON is undefined, not an error.
    fn json(&self) -> Option<Value> {
        let page = self.0.page().ok()?;
        Some(JsonView::root(Arc::clone(page)))
    }

    fn headers(&self) -> Value {
        Value::from_object(HeadersView(Arc::clone(&self.0)))
    }
}

impl Object for ResponseView {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let response = &self.0.response;
        match key.as_str()? {
            "status" => Some(Value::from(response.status.as_u16())),
            "headers" => Some(self.headers()),
            "json" => self.json(),
            "text" => Some(Value::from(String::from_utf8_lossy(&response.body).into_owned())),
            "url" => Some(Value::from(response.url.as_str())),
            _ => None,
        }
    }
}

/// `response.headers`: names in any case; several of a name are joined by commas (RFC 9110, 5.3).
#[derive(Debug)]
struct HeadersView(Arc<Answer>);

impl Object for HeadersView {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let name = key.as_str()?;
        let all = self.0.response.headers.get_all(name).iter();
        let texts: Vec<&str> = all.filter_map(|value| value.to_str().ok()).collect();
        (!texts.is_empty()).then(|| Value::from(texts.join(", ")))
    }
}
