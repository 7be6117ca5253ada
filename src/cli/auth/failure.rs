//! What to say where signing in by hand fails.

use std::time::Duration;

use super::report;
use crate::auth::StoreError;
use crate::auth::oauth2::{CallbackError, ListenError, Refused};
use crate::diagnostic::{Code, Diagnostic};
use crate::spec::auth::Grant;

/// The store has a problem.
pub(super) fn store(trouble: &StoreError) -> Diagnostic {
    Diagnostic::error(Code::SignInFailed, format!("the token store cannot be used: {trouble}"))
        .help(trouble.help())
}

/// The browser cannot be waited for.
pub(super) fn listen(error: &ListenError) -> Diagnostic {
    Diagnostic::error(Code::SignInFailed, error.to_string()).help(error.help())
}

/// What came back from the browser is no consent.
pub(super) fn callback(name: &str, error: &CallbackError) -> Diagnostic {
    Diagnostic::error(Code::SignInFailed, format!("not signed in to `{name}`: {error}")).help(error.help())
}

/// Nobody came.
pub(super) fn nobody(name: &str, patience: Duration) -> Diagnostic {
    let time = report::rough(patience);
    Diagnostic::error(
        Code::SignInFailed,
        format!("not signed in to `{name}`: no browser came back within {time}"),
    )
    .help("sign in again; `--timeout 15m` waits longer, `--no-browser` takes the address by paste")
    .help(SHOWN_ELSEWHERE)
}

/// Nobody has to consent where the application signs in for itself.
pub(super) fn no_person(name: &str, grant: Grant) -> Diagnostic {
    let message = format!("nobody has to sign in to `{name}`: it has `grant: {}`", grant.word());
    Diagnostic::error(Code::BadConnection, message)
        .help(format!("runs sign in by themselves; try it with `river auth refresh {name}`"))
}

/// The code of a device is none that a person could give.
pub(super) fn no_code_for_a_device(name: &str) -> Diagnostic {
    let message = format!(
        "`--code` goes with `grant: authorization_code`, and `{name}` has `{}`",
        Grant::DeviceCode.word()
    );
    Diagnostic::error(Code::BadConnection, message)
        .help(format!("leave it out: `river auth login {name}` shows a code to type in on another device"))
}
/// What a service shows nobody can read here.
pub(super) const SHOWN_ELSEWHERE: &str = "if the service showed an error instead, its page says what is wrong; most often `redirect_url` is not the registered address, letter for letter";

/// What helps where a code is refused: it is not the refresh token that is wrong.
pub(super) fn code_help(refused: &Refused, from_console: bool) -> Option<&'static str> {
    match refused.word()? {
        "invalid_grant" | "invalid_code" | "bad_verification_code" if from_console => {
            Some("a code is good once and for a few minutes: generate a new one, and exchange it at once")
        }
        "invalid_grant" | "invalid_code" | "bad_verification_code" => Some(
            "a code is good once and for a few minutes, and for the address it was sent to: sign in again, and check that `redirect_url` is the registered one, letter for letter",
        ),
        "invalid_request" if from_console => Some(
            "`--code` is for a code that the service's console shows (Zoho: Self Client); one that a browser brings back is taken by `river auth login NAME --no-browser`",
        ),
        "redirect_uri_mismatch" | "invalid_redirect_uri" => {
            Some("register the `redirect_url` of the connection at the service, letter for letter")
        }
        _ => None,
    }
}
