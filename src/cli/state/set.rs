//! `river state set`: a watermark by hand.

use super::arguments::StateSetArguments;
use super::{Problem, folder_of, set_all};
use crate::cli::project::{self, Purpose};
use crate::cli::terminal::Terminal;
use crate::diagnostic::{Code, Diagnostic, nearest, quoted_list};
use crate::plan::Plan;
use crate::plan::state::{StatePlan, StateType};
use crate::run::journal::edit;
use crate::state::{State, Watermark, WatermarkKey};

/// Sets a watermark that the pipeline knows, to a value that it can work with.
pub(super) fn set(arguments: &StateSetArguments, terminal: &mut Terminal) -> Result<(), Problem> {
    let opened = project::open(&arguments.pipeline, &terminal.folder, &terminal.environment);
    let project = opened.map_err(|finding| Problem::usage(*finding))?;
    let checked = project.plan(&[], Purpose::Check);
    let plan = checked.map_err(|findings| Problem::in_pipeline(&findings, &project))?.plan;
    let watermark = watermark(arguments, &plan).map_err(Problem::usage)?;
    let mut state = State::open(&folder_of(&project.root, arguments.sandbox))?;
    set_all(&mut state, vec![watermark], terminal)
}

fn watermark(arguments: &StateSetArguments, plan: &Plan) -> Result<Watermark, Diagnostic> {
    let (step, name) = &arguments.watermark;
    let known = plan.steps.iter().find(|known| known.name == *step);
    let names = plan.steps.iter().filter(|step| !step.state.is_empty()).map(|step| step.name.as_str());
    let known = known.ok_or_else(|| {
        unknown(Code::BadStep, &format!("`{}` has no step `{step}`", plan.name), step, names)
    })?;
    let state = known.state.iter().find(|state| state.name == *name).ok_or_else(|| {
        let names = known.state.iter().map(|state| state.name.as_str());
        unknown(Code::UndefinedName, &format!("step `{step}` keeps no `{name}`"), name, names)
    })?;
    edit::fits(&arguments.value, state.kind).map_err(|unfit| {
        Diagnostic::error(Code::BadWatermark, format!("`{step}.{name}`: {unfit}")).help(example(state.kind))
    })?;
    let per = per(arguments, state)?;
    let key = WatermarkKey { pipeline: plan.name.clone(), step: step.clone(), name: name.clone(), per };
    Ok(Watermark { key, kind: state.kind.word().to_owned(), value: arguments.value.clone() })
}

fn unknown<'a>(
    code: Code,
    message: &str,
    found: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> Diagnostic {
    let guess = nearest(found, known.clone()).map(|near| format!("did you mean `{near}`?"));
    let list = quoted_list(known);
    let list = if list.is_empty() { "nothing is kept there".to_owned() } else { format!("kept: {list}") };
    Diagnostic::error(code, message).help_if(guess).help(list)
}

fn example(kind: StateType) -> &'static str {
    match kind {
        StateType::Datetime => "write it like `2026-11-23T12:00:00+01:00`, in the form that the service uses",
        StateType::Number => "write a number, such as `1200`",
        StateType::String => "write a text",
    }
}

/// For which value of `per` it is, as JSON. One that does not depend on anything need not be given.
fn per(arguments: &StateSetArguments, state: &StatePlan) -> Result<String, Diagnostic> {
    let (step, name) = &arguments.watermark;
    let constant = match &state.per {
        None => Some("null".to_owned()),
        Some(per) if per.item.uses().is_empty() => {
            let value = per.value(&().into()).ok();
            value.and_then(|value| serde_json::to_string(&value).ok())
        }
        Some(_) => None,
    };
    match (constant, &arguments.per) {
        (Some(constant), None) => Ok(constant),
        (None, Some(given)) => Ok(given.to_string()),
        (None, None) => {
            let text = state.per.as_ref().map(|per| per.text.value.as_str()).unwrap_or_default();
            let message = format!("`{step}.{name}` is kept per `{text}`: for which value is this?");
            Err(Diagnostic::error(Code::BadParam, message)
                .help("add `--per VALUE`, for example `--per Leads`"))
        }
        (Some(_), Some(_)) => {
            let message = format!("`{step}.{name}` is kept once for all");
            Err(Diagnostic::error(Code::BadParam, message).help("leave `--per` out"))
        }
    }
}
