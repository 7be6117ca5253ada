//! What a step sends.

use super::table::table;
use super::value::{AnyValue, Named, Period, TemplateText, words};

table! {
    /// One HTTP request.
    pub struct RequestSpec("request") {
        /// The method.
        method: Method = Default("GET"),
        /// The URL; one that starts with `/` joins `connection.base_url`.
        url: TemplateText = Required,
        /// Query parameters; a list repeats the key, a none value is not sent.
        query: Named<AnyValue> = Optional,
        /// Headers; a none value is not sent.
        headers: Named<AnyValue> = Optional,
        /// A body of form fields, `application/x-www-form-urlencoded`.
        form: Named<AnyValue> = Optional,
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
    }
    later { "multipart", "body_file", "graphql", "auth", "response", "save_as" }
    other_words { "params" => "query", "query_params" => "query", "qs" => "query", "data" => "form", "header" => "headers", "uri" => "url", "endpoint" => "url", "path" => "url", "verb" => "method", "http_method" => "method", "payload" => "json", "form_data" => "form" }
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
