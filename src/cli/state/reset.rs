//! `river state reset`: watermarks and dead runs are forgotten.

use std::collections::BTreeSet;

use super::arguments::StateResetArguments;
use super::{Problem, named, now, say, title};
use crate::cli::terminal::Terminal;
use crate::diagnostic::{Code, Diagnostic, nearest, quoted_list};
use crate::run::journal::edit::{self, Change};
use crate::state::{KeptWatermark, State, WatermarkKey};

/// Forgets what is kept for a pipeline, or a part of it.
pub(super) fn reset(arguments: &StateResetArguments, terminal: &mut Terminal) -> Result<(), Problem> {
    let pipeline = named(&arguments.pipeline, terminal, arguments.sandbox)?;
    let name = pipeline.name.as_str();
    let Some(mut state) = State::open_if_there(&pipeline.folder)? else {
        return say(terminal, &format!("{name}: there is nothing to forget"));
    };
    let kept = state.watermarks(Some(name))?;
    let whole = arguments.of.is_none() && arguments.per.is_none();
    let (forgotten, left): (Vec<_>, Vec<_>) =
        kept.into_iter().partition(|kept| is_meant(&kept.watermark.key, arguments));
    if forgotten.is_empty() && !whole {
        return Err(Problem::usage(not_there(arguments, name, &left)));
    }
    let change = Change {
        pipelines: BTreeSet::from([name.to_owned()]),
        forgotten: forgotten.iter().map(|kept| kept.watermark.key.clone()).collect(),
        forgets_decisions: whole,
        ..Change::default()
    };
    let notes = edit::change(&mut state, &change, now(terminal))?;
    let was = |kept: &KeptWatermark| format!("  {} was {}", title(&kept.watermark.key), kept.watermark.value);
    let verdict = match forgotten.len() {
        0 if notes.is_empty() => "there is nothing to forget".to_owned(),
        0 => "there was no watermark".to_owned(),
        1 => "forgot 1 watermark".to_owned(),
        more => format!("forgot {more} watermarks"),
    };
    say(terminal, &format!("{name}: {verdict}"))?;
    forgotten.iter().map(was).chain(notes).try_for_each(|line| say(terminal, &line))
}

fn is_meant(key: &WatermarkKey, arguments: &StateResetArguments) -> bool {
    let of = arguments.of.as_ref().is_none_or(|of| match of.split_once('.') {
        Some((step, name)) => key.step == step && key.name == name,
        None => key.step == *of,
    });
    let per = arguments.per.as_ref().map(ToString::to_string);
    of && per.is_none_or(|per| key.per == per)
}

fn not_there(arguments: &StateResetArguments, pipeline: &str, kept: &[KeptWatermark]) -> Diagnostic {
    let of = arguments.of.as_ref().map(|of| format!(" `{of}`")).unwrap_or_default();
    let per = arguments.per.as_ref().map(|per| format!(" for `{per}`")).unwrap_or_default();
    let message = format!("nothing is kept of `{pipeline}`{of}{per}");
    let titles: Vec<String> = kept.iter().map(|kept| title(&kept.watermark.key)).collect();
    let wanted = arguments.of.as_deref().unwrap_or_default();
    let names = titles.iter().map(|title| title.split_once(' ').map_or(title.as_str(), |(name, _)| name));
    let steps = names.clone().filter_map(|name| Some(name.split_once('.')?.0));
    let near = nearest(wanted, names.chain(steps)).filter(|near| *near != wanted);
    let list = quoted_list(titles.iter().map(String::as_str));
    let list = if list.is_empty() { "it has no watermark".to_owned() } else { format!("kept: {list}") };
    Diagnostic::error(Code::BadParam, message)
        .help_if(near.map(|near| format!("did you mean `{near}`?")))
        .help(list)
}
