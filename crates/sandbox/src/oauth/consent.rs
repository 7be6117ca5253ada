//! The pages that a user sees. They work without JavaScript, and every value in them is escaped.
//!
//! Guess: an invalid request has status 400.

use super::authorize::WrongRequest;
use super::scope::Scopes;
use super::{Parameters, client};
use crate::wire::Reply;

/// The parameter that both buttons set.
pub(super) const DECISION: &str = "decision";
/// What the Accept button sends.
pub(super) const ACCEPT: &str = "accept";

/// The parameters that the form sends back.
const ASKED: [&str; 9] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "access_type",
    "prompt",
    "state",
    "code_challenge",
    "code_challenge_method",
];

/// Asks the user for consent.
pub(super) fn page(parameters: &Parameters, scopes: &Scopes) -> Reply {
    let hidden = ASKED.iter().filter_map(|name| Some((name, parameters.get(name)?)));
    let hidden = hidden.map(|(name, value)| {
        format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">\n", escaped(value))
    });
    let scopes = scopes.iter().map(|scope| format!("<li><code>{}</code></li>\n", escaped(scope)));
    let body = format!(
        "<h1>{name} asks for access</h1>\n\
         <p>This is river's stand-in for Zoho; its data is made up. The client asks for:</p>\n\
         <ul>\n{scopes}</ul>\n\
         <form method=\"post\" action=\"/oauth/v2/auth\">\n{hidden}\
         <button type=\"submit\" name=\"{DECISION}\" value=\"{ACCEPT}\">Accept</button>\n\
         <button type=\"submit\" name=\"{DECISION}\" value=\"reject\">Reject</button>\n\
         </form>\n",
        name = escaped(client::NAME),
        scopes = scopes.collect::<String>(),
        hidden = hidden.collect::<String>(),
    );
    html(200, "Access to the sandbox", &body)
}

/// Says why the request is invalid.
pub(super) fn error_page(wrong: WrongRequest) -> Reply {
    let body =
        format!("<h1>Error</h1>\n<p><code>{}</code></p>\n<p>{}</p>\n", wrong.word(), escaped(wrong.help()));
    html(400, "Error of the sandbox", &body)
}

fn html(status: u16, title: &str, body: &str) -> Reply {
    let page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n</head>\n\
         <body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    );
    // The page is for one decision and is of no use in a cache.
    Reply::text(status, "text/html;charset=UTF-8", page).header("cache-control", "no-store")
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(letter),
        }
    }
    escaped
}
