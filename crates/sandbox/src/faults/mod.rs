//! Faults that make the sandbox misbehave at a known place.

mod grammar;
mod injector;

use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

pub use grammar::FaultError;
pub(super) use injector::{FaultInjector, RequestPlace};

/// What goes wrong, where and how often.
///
/// A fault is written `KIND[=VALUE][@PLACE][xTIMES]`:
///
/// | kind | what the client meets |
/// |---|---|
/// | `status=503`, `status=429:2` | that status (400 to 599) with a body as Zoho sends it; `:2` adds `Retry-After: 2` to 429 or 503 |
/// | `delay=200ms` | the answer is delayed by that time (`ms`, `s` or `m`) |
/// | `reset` | a TCP reset before any byte of the answer |
/// | `reset-body` | a TCP reset in the middle of the body |
/// | `truncate` | an orderly close in the middle of the body, short of its `content-length` |
/// | `stall` | no byte of the answer ever comes |
/// | `stall-body` | the answer stops in the middle of the body |
/// | `html` | status 200 and a login page |
/// | `html-error` | status 502 and a gateway's page |
/// | `empty` | status 204 |
/// | `bad-json` | half of the JSON, complete as far as HTTP can tell |
/// | `expire` | the access token in use is invalid from this page on; a new one works |
/// | `repeat` | the previous page's body once more |
/// | `no-token` | `more_records: true` without a `next_page_token` |
/// | `error=invalid_client` | an answer of the token endpoint with status 200 that contains an error |
/// | `throttle` | the token endpoint's "too many requests", status 400 |
///
/// `PLACE` is the page of a listing (1 is the first), `*` for any page, or `token` for the token endpoint. The page is
/// derived from `page` or `page_token` in the request, in COQL from `offset` and the lowest id, so that a repeated
/// request is at the same place. The default is page 1, for `repeat` page 2, for `error` and `throttle` `token`.
/// `TIMES` is how often the fault happens: once by default, `x*` always. Faults at the same place happen in the given
/// order, one per request; delays are added to them. A request that is rejected anyway (invalid token, bad parameter)
/// triggers no fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    kind: FaultKind,
    place: FaultPlace,
    times: FaultTimes,
}

/// What goes wrong. The table in [`Fault`] says what the client sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// `status=CODE[:SECONDS]`
    Status {
        /// 400 to 599.
        code: u16,
        /// Seconds for a `Retry-After` header; only with 429 and 503.
        retry_after: Option<u32>,
    },
    /// `delay=DURATION`, in whole milliseconds.
    Delay(Duration),
    /// `reset`
    Reset,
    /// `reset-body`
    ResetBody,
    /// `truncate`
    Truncate,
    /// `stall`
    Stall,
    /// `stall-body`
    StallBody,
    /// `html`
    Html,
    /// `html-error`
    HtmlError,
    /// `empty`
    Empty,
    /// `bad-json`
    BadJson,
    /// `expire`
    Expire,
    /// `repeat`
    Repeat,
    /// `no-token`
    NoToken,
    /// `error=WORD`
    TokenError(TokenError),
    /// `throttle`
    Throttle,
}

/// An error that the token endpoint reports with status 200.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenError {
    /// A code or refresh token that is wrong, used or revoked.
    InvalidCode,
    /// An unknown client id, or one from another data centre.
    InvalidClient,
    /// A wrong client secret.
    InvalidClientSecret,
    /// A redirect URI that is not registered.
    InvalidRedirectUri,
    /// The user or Zoho denied access.
    AccessDenied,
    /// An invalid grant.
    InvalidGrant,
    /// An unknown grant type.
    UnsupportedGrantType,
}

/// Where a fault happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FaultPlace {
    /// The page of a listing, counted from 1.
    Page(NonZeroU64),
    /// Any page of a listing.
    AnyPage,
    /// The token endpoint.
    Token,
}

/// How often a fault happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FaultTimes {
    /// This many times, then never again.
    Times(NonZeroU32),
    /// Always.
    Always,
}

impl Fault {
    /// Makes a fault, if its kind can happen at this place and its value is in range.
    pub(crate) fn new(kind: FaultKind, place: FaultPlace, times: FaultTimes) -> Result<Self, FaultError> {
        grammar::check(&kind)?;
        if kind.can_happen_at(place) {
            Ok(Self { kind, place, times })
        } else {
            Err(FaultError::WrongPlace {
                kind: kind.name(),
                found: place.to_string(),
                allowed: kind.allowed_places(),
            })
        }
    }
}

impl FaultKind {
    fn can_happen_at(self, place: FaultPlace) -> bool {
        match self {
            Self::Repeat => !matches!(place, FaultPlace::Token) && place != FaultPlace::Page(NonZeroU64::MIN),
            Self::Expire | Self::NoToken => place != FaultPlace::Token,
            Self::TokenError(_) | Self::Throttle => place == FaultPlace::Token,
            _ => true,
        }
    }

    fn allowed_places(self) -> &'static str {
        match self {
            Self::Repeat => "a page number from 2 or `*`",
            Self::Expire | Self::NoToken => "a page number from 1 or `*`",
            Self::TokenError(_) | Self::Throttle => "`token`",
            _ => grammar::PLACES,
        }
    }

    fn default_place(self) -> FaultPlace {
        match self {
            Self::Repeat => FaultPlace::Page(NonZeroU64::MIN.saturating_add(1)),
            Self::TokenError(_) | Self::Throttle => FaultPlace::Token,
            _ => FaultPlace::Page(NonZeroU64::MIN),
        }
    }
}

impl TokenError {
    /// All errors.
    pub(crate) const ALL: [Self; 7] = [
        Self::InvalidCode,
        Self::InvalidClient,
        Self::InvalidClientSecret,
        Self::InvalidRedirectUri,
        Self::AccessDenied,
        Self::InvalidGrant,
        Self::UnsupportedGrantType,
    ];

    /// The value of `error` in the answer.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::InvalidCode => "invalid_code",
            Self::InvalidClient => "invalid_client",
            Self::InvalidClientSecret => "invalid_client_secret",
            Self::InvalidRedirectUri => "invalid_redirect_uri",
            Self::AccessDenied => "access_denied",
            Self::InvalidGrant => "invalid_grant",
            Self::UnsupportedGrantType => "unsupported_grant_type",
        }
    }
}
