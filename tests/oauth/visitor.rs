//! A plain client over HTTP that keeps cookies and knows forms, but no redirects and no OAuth.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use reqwest::{RequestBuilder, Url};
use serde_json::Value;
use url::form_urlencoded;

/// How often it may be sent elsewhere by one request.
const MOST_REDIRECTS: usize = 10;

pub(crate) struct Visitor {
    http: reqwest::Client,
    runtime: tokio::runtime::Runtime,
    cookies: BTreeMap<String, String>,
}

/// An answer with its whole body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) url: Url,
    pub(crate) status: u16,
    pub(crate) text: String,
    headers: reqwest::header::HeaderMap,
}

impl Visitor {
    pub(crate) fn new() -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(30))
            .build()
            .unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { http, runtime, cookies: BTreeMap::new() }
    }

    pub(crate) fn get(&mut self, url: &str) -> Answer {
        let request = self.http.get(url);
        self.send(request)
    }

    pub(crate) fn get_with_token(&mut self, url: &str, token: &str) -> Answer {
        let request = self.http.get(url).bearer_auth(token);
        self.send(request)
    }

    pub(crate) fn post(&mut self, url: &str, form: &[(&str, &str)]) -> Answer {
        let request = self.http.post(url).header(CONTENT_TYPE, FORM).body(encoded(form));
        self.send(request)
    }

    /// With `Authorization: Basic` of a client, whose parts are form-encoded (RFC 6749, section 2.3.1).
    pub(crate) fn post_as(&mut self, url: &str, client: (&str, &str), form: &[(&str, &str)]) -> Answer {
        let [id, secret] = [client.0, client.1]
            .map(|part| form_urlencoded::byte_serialize(part.as_bytes()).collect::<String>());
        let request = self.http.post(url).basic_auth(id, Some(secret));
        self.send(request.header(CONTENT_TYPE, FORM).body(encoded(form)))
    }

    /// Follows redirects from `answer` on as long as they stay where they are; what leads elsewhere is not asked.
    pub(crate) fn follow(&mut self, mut answer: Answer) -> Answer {
        for _ in 0..MOST_REDIRECTS {
            match answer.location() {
                Some(next) if next.origin() == answer.url.origin() => answer = self.get(next.as_str()),
                _ => return answer,
            }
        }
        panic!("it is sent elsewhere again and again: {answer:?}");
    }

    /// Sends the one form of a page with its hidden fields and those given, and follows.
    pub(crate) fn submit(&mut self, page: &Answer, fields: &[(&str, &str)]) -> Answer {
        let hidden = page.hidden_fields();
        let hidden = hidden.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let form: Vec<_> = hidden.chain(fields.iter().copied()).collect();
        let answer = self.post(page.form_action().as_str(), &form);
        self.follow(answer)
    }

    fn send(&mut self, request: RequestBuilder) -> Answer {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = if cookies.is_empty() { request } else { request.header(COOKIE, cookies.join("; ")) };
        let answer = self.runtime.block_on(async {
            let response = request.send().await?;
            let (url, status) = (response.url().clone(), response.status().as_u16());
            let headers = response.headers().clone();
            response.text().await.map(|text| Answer { url, status, text, headers })
        });
        let answer = answer.unwrap();
        self.keep_cookies(&answer);
        answer
    }

    fn keep_cookies(&mut self, answer: &Answer) {
        for cookie in answer.headers.get_all(SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap_or_default();
            match pair.split_once('=') {
                Some((name, "")) => self.cookies.remove(name),
                Some((name, value)) => self.cookies.insert(name.to_owned(), value.to_owned()),
                None => None,
            };
        }
    }
}

const FORM: &str = "application/x-www-form-urlencoded";

fn encoded(form: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish()
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The value of a member that is text.
    pub(crate) fn member(&self, name: &str) -> String {
        self.json()[name].as_str().unwrap_or_else(|| panic!("no `{name}`: {self:?}")).to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Status and `error` of a refusal (RFC 6749, section 5.2).
    pub(crate) fn refusal(&self) -> (u16, String) {
        (self.status, self.member("error"))
    }

    /// Where it sends to.
    pub(crate) fn location(&self) -> Option<Url> {
        let location = self.headers.get(LOCATION)?.to_str().ok()?;
        self.url.join(location).ok()
    }

    /// The parameters with which it sends back to a client.
    pub(crate) fn sent_back(&self) -> BTreeMap<String, String> {
        let location = self.location().unwrap_or_else(|| panic!("it sends nowhere: {self:?}"));
        location.query_pairs().into_owned().collect()
    }

    fn form_action(&self) -> Url {
        let form = tags(&self.text, "form").next().unwrap_or_else(|| panic!("no form: {self:?}"));
        self.url.join(&attribute(form, "action").unwrap_or_default()).unwrap()
    }

    fn hidden_fields(&self) -> Vec<(String, String)> {
        let inputs = tags(&self.text, "input");
        let hidden = inputs.filter(|tag| attribute(tag, "type").as_deref() == Some("hidden"));
        hidden.filter_map(|tag| Some((attribute(tag, "name")?, attribute(tag, "value")?))).collect()
    }
}

fn tags<'a>(page: &'a str, name: &str) -> impl Iterator<Item = &'a str> + use<'a> {
    let start = format!("{name} ");
    let tags = page.split('<').filter_map(move |tag| tag.strip_prefix(start.as_str()));
    tags.filter_map(|rest| rest.split('>').next())
}

/// The pages of the servers write all values in double quotes, and escape nothing in those that tests need but `&`.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!("{name}=\""))?;
    Some(rest.split('"').next()?.replace("&amp;", "&"))
}
