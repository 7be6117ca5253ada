//! What a run tells the redactor: one rule for params, connections, extracted values and rendered text.

use minijinja::value::{Value, ValueKind};
use url::Url;

use crate::expr::{Template, scalar_text};
use crate::plan::context::Context;
use crate::plan::scope::Meaning;
use crate::plan::written::Written;
use crate::secret::Redactor;

/// Learns a secret value; of a list or mapping, every text and number in it.
pub(super) fn learn(redactor: &Redactor, value: &Value) {
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => {
            value.try_iter().into_iter().flatten().for_each(|item| learn(redactor, &item));
        }
        ValueKind::Map => {
            let members = value.try_iter().into_iter().flatten();
            members.filter_map(|key| value.get_item(&key).ok()).for_each(|member| learn(redactor, &member));
        }
        ValueKind::String | ValueKind::Number => {
            learn_text(redactor, &scalar_text(value).unwrap_or_default());
        }
        _ => {}
    }
}

/// Learns what was made of a secret. A text in which a known secret still shows needs no learning: that part of it is
/// masked, and the rest stays readable.
fn learn_text(redactor: &Redactor, text: &str) {
    if redactor.redact(text) == text {
        redactor.learn(text);
    }
}

/// Learns what the expressions of a template made of secrets, each by itself: a URL around a secret stays readable.
pub(super) fn learn_rendered(
    redactor: &Redactor,
    written: &Written<Template>,
    meaning: &Meaning,
    context: &dyn Context,
) {
    if !meaning.secret {
        return;
    }
    context.pieces(written).iter().for_each(|piece| learn(redactor, piece));
    // What a statement made of a secret cannot be told apart from the rest: all of it is masked.
    if written.item.has_statements()
        && let Ok(text) = context.text(written)
    {
        redactor.learn(&text);
    }
}

/// Learns a URL's own spelling of a secret: parsing may have written it anew, and then nothing of it shows as known.
/// What statements put into a path cannot be told apart from the rest of it.
pub(super) fn learn_url(redactor: &Redactor, url: &Url, has_statements: bool) {
    if has_statements {
        redactor.learn(url.path());
    } else if redactor.redact(url.as_str()) == url.as_str() {
        redactor.learn(url.path());
        if let Some(query) = url.query() {
            redactor.learn(query);
        }
    }
}
