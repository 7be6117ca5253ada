//! What is signed in, in words.

use std::time::{Duration, SystemTime};

use crate::auth::oauth2::{Client, SignIn};

/// The lines about a sign-in, without any secret.
pub(super) fn lines(client: &Client<'_>, sign_in: &SignIn, now: SystemTime) -> Vec<(&'static str, String)> {
    let server = sign_in.server.as_ref().unwrap_or(&client.token_url);
    let mut lines = vec![("server", server.origin().ascii_serialization())];
    lines.extend(sign_in.scope.as_ref().map(|scope| ("scopes", scope.clone())));
    lines.push(("access token", access_token(sign_in, now)));
    lines.push(("refresh token", refresh_token(client, sign_in)));
    lines.extend(sign_in.signed_in.map(|time| ("signed in", rfc3339(time))));
    for (name, value) in &sign_in.kept {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        lines.push(("keeps", format!("{name}: {text}")));
    }
    lines
}

fn access_token(sign_in: &SignIn, now: SystemTime) -> String {
    if sign_in.access_token.is_empty() {
        return "none yet: the next run gets one".to_owned();
    }
    let Some(expires) = sign_in.expires else { return "good until the service refuses it".to_owned() };
    match expires.duration_since(now) {
        Ok(left) => format!("until {} (in {})", rfc3339(expires), rough(left)),
        Err(_) => format!("over since {}: the next run renews it", rfc3339(expires)),
    }
}

fn refresh_token(client: &Client<'_>, sign_in: &SignIn) -> String {
    let text = match (&sign_in.refresh_token, sign_in.rotated || client.plan.rotates) {
        (None, _) => "none",
        (Some(_), true) => "kept; the service gives a new one with each use",
        (Some(_), false) => "kept",
    };
    text.to_owned()
}

/// The same, and where it is kept.
pub(super) fn lines_and_place(
    client: &Client<'_>,
    sign_in: &SignIn,
    now: SystemTime,
    place: String,
) -> Vec<(&'static str, String)> {
    let mut lines = lines(client, sign_in, now);
    lines.push(("kept in", place));
    lines
}

pub(super) fn rfc3339(time: SystemTime) -> String {
    let time = jiff::Timestamp::try_from(time).unwrap_or_default();
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

pub(super) fn rough(time: Duration) -> String {
    match time.as_secs() {
        1 => "1 second".to_owned(),
        seconds @ 0..120 => format!("{seconds} seconds"),
        seconds @ 120..7200 => format!("{} minutes", seconds / 60),
        seconds @ 7200..172_800 => format!("{} hours", seconds / 3600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

/// One name and value a line, names of one width.
pub(super) fn table(lines: &[(&'static str, String)]) -> String {
    let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let lines: Vec<String> =
        lines.iter().map(|(name, text)| format!("  {name:width$}  {}", plain(text))).collect();
    if lines.is_empty() { String::new() } else { lines.join("\n") + "\n" }
}

/// What came from a server must not move a cursor.
pub(super) fn plain(text: &str) -> String {
    let plain =
        |character: char| if character.is_control() { char::REPLACEMENT_CHARACTER } else { character };
    text.chars().map(plain).collect()
}
