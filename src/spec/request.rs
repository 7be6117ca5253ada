//! What a step sends.

use super::auth::AuthSpec;
use super::node::{Node, Text};
use super::reader::{Read, SpecReader};
use super::table::{Shape, table};
use super::value::{AnyValue, Count, NamedMap, Period, Spanned, TemplateText, words};

table! {
    /// One HTTP request.
    pub struct RequestSpec("request") {
        /// The method.
        method: Method = Default("GET"),
        /// The URL; one that starts with `/` joins `connection.base_url`.
        url: TemplateText = Required,
        /// Query parameters; a list repeats the key, a none value is not sent.
        query: NamedMap<AnyValue> = Optional,
        /// Headers; a none value is not sent.
        headers: NamedMap<AnyValue> = Optional,
        /// A body of form fields, `application/x-www-form-urlencoded`.
        form: NamedMap<AnyValue> = Optional,
        /// A JSON body; strings in it are templates.
        json: AnyValue = Optional,
        /// A body as text; `content_type` says what it is.
        body: TemplateText = Optional,
        /// The `Content-Type` of `body`.
        content_type: TemplateText = Optional,
        /// How long one try may take, from connecting to the last byte.
        timeout: Period = Default("5m"),
        /// Whether redirects are followed, at most 10.
        follow_redirects: bool = Default("true"),
        /// How many API credits one request costs by the service's price list; the summary adds them up.
        credits: CreditsSpec = Optional,
        /// How this request proves who asks, instead of what the connection says; `none`: not at all.
        auth: Spanned<AuthSpec> = Optional,
    }
    later { "multipart", "body_file", "graphql", "response", "save_as" }
    other_words { "params" => "query", "query_params" => "query", "qs" => "query", "data" => "form", "header" => "headers", "uri" => "url", "endpoint" => "url", "path" => "url", "verb" => "method", "cost" => "credits", "http_method" => "method", "payload" => "json", "form_data" => "form" }
}

words! {
    /// The request methods (RFC 9110, section 9, and PATCH of RFC 5789).
    pub enum Method("method") {
        /// GET.
        Get = "GET",
        /// HEAD.
        Head = "HEAD",
        /// POST.
        Post = "POST",
        /// PUT.
        Put = "PUT",
        /// PATCH.
        Patch = "PATCH",
        /// DELETE.
        Delete = "DELETE",
        /// OPTIONS.
        Options = "OPTIONS",
    }
}

impl Method {
    /// The method as the HTTP library knows it.
    pub fn to_http(self) -> http::Method {
        match self {
            Method::Get => http::Method::GET,
            Method::Head => http::Method::HEAD,
            Method::Post => http::Method::POST,
            Method::Put => http::Method::PUT,
            Method::Patch => http::Method::PATCH,
            Method::Delete => http::Method::DELETE,
            Method::Options => http::Method::OPTIONS,
        }
    }
}

/// What one request costs, in API credits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreditsSpec {
    /// The same for each request.
    Number(u64),
    /// A template that is rendered with the request.
    Template(Text),
}

impl Read for CreditsSpec {
    fn read(node: &Node, reader: &mut SpecReader<'_>) -> Option<Self> {
        match node.as_text() {
            Some(text) if text.value.contains("{{") => Some(Self::Template(text.clone())),
            Some(_) | None => Count::read(node, reader).map(|count| Self::Number(count.value)),
        }
    }

    fn shape() -> Shape {
        Shape::Either(vec![Shape::Count, Shape::Template])
    }
}
