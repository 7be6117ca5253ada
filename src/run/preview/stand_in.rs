//! What a preview shows in place of a value that only a run knows, or that must not be shown.
//!
//! While requests are rendered a stand-in is a plain token of letters and digits, which no escaping changes; in the
//! finished text it becomes what a person reads, or a shell variable. No secret is ever put into a preview.

use std::cell::RefCell;
use std::sync::LazyLock;

use minijinja::value::Value;
use regex::{Captures, Regex};

/// What a value is, that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StandIn {
    /// Extracted by an earlier step.
    Extracted { name: String },
    /// An environment variable; `there` when it is set, and is not shown.
    Environment { variable: String, there: bool },
    /// A param that is a secret.
    Param { name: String },
    /// A value of a connection that is a secret, or needs what is not there.
    Connection { connection: String, name: String, secret: bool },
    /// What a run makes to prove who asks.
    Proof { connection: String, name: &'static str, secret: bool },
    /// A value of `run`.
    Run { name: &'static str },
    /// A value that earlier runs left.
    State { name: String },
    /// A template that computes with one of these: it stands as it is written.
    Written { text: String },
}

impl StandIn {
    /// As a person reads it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Environment { there: true, .. }
            | Self::Param { .. }
            | Self::Proof { secret: true, .. }
            | Self::Connection { secret: true, .. } => crate::secret::MASK.to_owned(),
            Self::Extracted { name } => format!("‹{name}›"),
            Self::Environment { variable, .. } => format!("‹env:{variable}›"),
            Self::Connection { name, .. } => format!("‹connection.{name}›"),
            Self::Proof { name, .. } => format!("‹{name}›"),
            Self::Run { name } => format!("‹run.{name}›"),
            Self::State { name } => format!("‹state.{name}›"),
            Self::Written { text } => text.clone(),
        }
    }

    /// As a shell variable.
    pub(super) fn variable(&self, index: usize) -> String {
        let name = match self {
            Self::Extracted { name } => name.clone(),
            Self::Environment { variable, .. } => variable.clone(),
            Self::Param { name } => format!("param_{name}"),
            Self::Connection { name, .. } => format!("connection_{name}"),
            Self::Proof { name, .. } => (*name).to_owned(),
            Self::Run { name } => format!("run_{name}"),
            Self::State { name } => format!("state_{name}"),
            Self::Written { .. } => format!("value_{index}"),
        };
        name.chars().map(|next| if next.is_ascii_alphanumeric() { next } else { '_' }).collect()
    }

    /// What the shell variable must hold, where its name does not say it.
    pub(super) fn explained(&self) -> Option<String> {
        match self {
            Self::Extracted { .. } | Self::Environment { .. } => None,
            Self::Param { name } => Some(format!("the param `{name}`")),
            Self::Connection { connection, name, .. } => {
                Some(format!("`{name}` of connection `{connection}`"))
            }
            Self::Proof { connection, name, .. } => {
                let what = match *name {
                    "access_token" => "an access token",
                    "credentials" => "user and password in Base64",
                    "timestamp" => "the time that is signed",
                    "nonce" => "a text that is used once, as it is signed",
                    _ => "the request's signature",
                };
                Some(format!("{what}, by the `auth` of connection `{connection}`"))
            }
            Self::Run { name } => Some(format!("`run.{name}`")),
            Self::State { name } => Some(format!("`state.{name}`: up to where the last complete run read")),
            Self::Written { text } => Some(text.lines().collect::<Vec<_>>().join(" ")),
        }
    }
}

/// One of two spellings of the tokens: what renders alike with both is carried through unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    One,
    Other,
}

/// A piece of a rendered text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part<'t> {
    Text(&'t str),
    StandIn(usize),
}

impl Part<'_> {
    fn is_stand_in(&self) -> bool {
        match self {
            Self::StandIn(_) => true,
            Self::Text(_) => false,
        }
    }

    fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::StandIn(_) => "",
        }
    }
}

/// The stand-ins of a preview.
#[derive(Debug, Default)]
pub(super) struct StandIns {
    list: RefCell<Vec<StandIn>>,
}

/// Tokens of the first side, alone or as the start of a URL; the last kind takes the slash that a URL gets for a path.
static TOKEN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new("https://riverbare([0-9]+)end/|https://riverstart([0-9]+)end|riverplain([0-9]+)end").ok()
});
static OTHER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("anothertokenofriver([0-9]+)x").ok());

impl StandIns {
    /// The token of a stand-in, which is remembered.
    pub(super) fn token(&self, stand_in: StandIn, side: Side) -> Value {
        let mut list = self.list.borrow_mut();
        let index = list.iter().position(|known| *known == stand_in).unwrap_or_else(|| {
            list.push(stand_in);
            list.len() - 1
        });
        Value::from(match side {
            Side::One => format!("riverplain{index}end"),
            Side::Other => format!("anothertokenofriver{index}x"),
        })
    }

    /// A text of the other side in the tokens of the first.
    pub(super) fn of_side_one(text: &str) -> String {
        let token = |found: &Captures<'_>| format!("riverplain{}end", &found[1]);
        OTHER.as_ref().map_or_else(|| text.to_owned(), |other| other.replace_all(text, token).into_owned())
    }

    /// A text that can be read as a URL: a token at its start becomes a scheme and host.
    pub(super) fn as_url(text: &str) -> String {
        match text.strip_prefix("riverplain") {
            Some(rest) if rest.trim_start_matches(|next: char| next.is_ascii_digit()) == "end" => {
                format!("https://riverbare{rest}")
            }
            Some(rest) => format!("https://riverstart{rest}"),
            None => text.to_owned(),
        }
    }

    /// A text in its parts.
    pub(super) fn parts<'t>(&self, text: &'t str) -> Vec<Part<'t>> {
        let count = self.list.borrow().len();
        let mut parts = Vec::new();
        let mut copied = 0;
        for found in TOKEN.iter().flat_map(|token| token.captures_iter(text)) {
            let index = found.iter().skip(1).flatten().next().and_then(|digits| digits.as_str().parse().ok());
            let (Some(whole), Some(index)) = (found.get(0), index.filter(|index| *index < count)) else {
                continue;
            };
            parts.push(Part::Text(&text[copied..whole.start()]));
            parts.push(Part::StandIn(index));
            copied = whole.end();
        }
        parts.push(Part::Text(&text[copied..]));
        parts.retain(|part| part.is_stand_in() || !part.text().is_empty());
        parts
    }

    /// Whether a stand-in is in a text.
    pub(super) fn are_in(&self, text: &str) -> bool {
        self.parts(text).iter().any(Part::is_stand_in)
    }

    /// A text as a person reads it.
    pub(super) fn shown(&self, text: &str) -> String {
        let list = self.list.borrow();
        let parts = self.parts(text).into_iter();
        parts
            .map(|part| match part {
                Part::Text(text) => text.to_owned(),
                Part::StandIn(index) => list[index].shown(),
            })
            .collect()
    }

    /// One of them.
    pub(super) fn get(&self, index: usize) -> Option<StandIn> {
        self.list.borrow().get(index).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_become_what_is_read() {
        let stand_ins = StandIns::default();
        let token =
            |name: &str| stand_ins.token(StandIn::Extracted { name: name.to_owned() }, Side::One).to_string();
        let (a, b) = (token("a"), token("b"));
        assert_eq!(stand_ins.shown(&format!("x{a}-{b}{a}")), "x‹a›-‹b›‹a›");
        assert_eq!(stand_ins.shown("riverplain7end"), "riverplain7end", "nobody's token");
        let shown = |text: &str| stand_ins.shown(url::Url::parse(&StandIns::as_url(text)).unwrap().as_str());
        assert_eq!(shown(&a), "‹a›");
        assert_eq!(shown(&format!("{a}/x?y={b}")), "‹a›/x?y=‹b›");
        assert_eq!(shown(&format!("https://{a}/x")), "https://‹a›/x");
    }
}
