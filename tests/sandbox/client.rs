//! A client of the stand-in, and the person who reads its consent page.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;
use url::{Url, form_urlencoded};

static HIDDEN: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"<input type="hidden" name="([^"]*)" value="([^"]*)">"#).unwrap());

/// A client that follows no redirect.
pub(crate) struct Client {
    http: reqwest::Client,
    base_url: String,
    credentials: [(&'static str, String); 2],
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
    location: Option<String>,
}

impl Client {
    /// As the line of `--json` says.
    pub(crate) fn of(ready: &Value) -> Self {
        let value = |key: &str| ready[key].as_str().unwrap().to_owned();
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        Self {
            http: http.timeout(super::process::PATIENCE).build().unwrap(),
            base_url: value("accounts_url"),
            credentials: [("client_id", value("client_id")), ("client_secret", value("client_secret"))],
        }
    }

    /// Opens the consent page.
    pub(crate) async fn ask(&self, parameters: &[(&str, &str)]) -> Answer {
        let client_id = ("client_id", self.credentials[0].1.as_str());
        let all = [&[("response_type", "code"), client_id], parameters].concat();
        self.send(self.http.get(format!("{}/oauth/v2/auth?{}", self.base_url, encoded(&all)))).await
    }

    /// Presses a button of the consent page; the parameters that the redirect has.
    pub(crate) async fn press(&self, button: &str, page: &str) -> Vec<(String, String)> {
        let hidden = HIDDEN.captures_iter(page).map(|found| (unescaped(&found[1]), unescaped(&found[2])));
        let mut form: Vec<_> = hidden.collect();
        form.push(("decision".to_owned(), button.to_owned()));
        let form: Vec<_> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let answer = self.post("/oauth/v2/auth", &form).await;
        assert_eq!(answer.status, 302, "{}", answer.text);
        Url::parse(&answer.location.unwrap()).unwrap().query_pairs().into_owned().collect()
    }

    /// Asks the token endpoint.
    pub(crate) async fn token(&self, grant_type: &str, parameters: &[(&str, &str)]) -> Answer {
        let credentials = self.credentials.each_ref().map(|(name, value)| (*name, value.as_str()));
        let all = [&[("grant_type", grant_type)], credentials.as_slice(), parameters].concat();
        self.post("/oauth/v2/token", &all).await
    }

    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let request = self.http.post(format!("{}{path}", self.base_url));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        self.send(request.body(encoded(form))).await
    }

    /// Asks the API with the token of an answer.
    pub(crate) async fn get(&self, target: &str, tokens: &Value) -> Answer {
        let token = tokens["access_token"].as_str().unwrap();
        let request = self.http.get(format!("{}{target}", self.base_url));
        self.send(request.header("authorization", format!("Zoho-oauthtoken {token}"))).await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let location = response.headers().get("location").map(|value| value.to_str().unwrap().to_owned());
        Answer { status, text: response.text().await.unwrap(), location }
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }
}

fn encoded(parameters: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}

fn unescaped(text: &str) -> String {
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    entities.into_iter().fold(text.to_owned(), |text, (entity, letter)| text.replace(entity, letter))
}
