//! `river state show`: the watermarks, and the runs that have not ended.

use std::io::Write;

use serde_json::json;

use super::arguments::StateShowArguments;
use super::{Problem, folder_here, known_pipelines, named, now, say, title};
use crate::cli::terminal::Terminal;
use crate::run::journal::edit::{OpenRun, open_runs};
use crate::state::{KeptWatermark, Phase, State};

/// Shows the state of one pipeline, or of all.
pub(super) fn show(arguments: &StateShowArguments, terminal: &mut Terminal) -> Result<(), Problem> {
    let wanted = arguments.pipeline.as_ref().map(|name| named(name, terminal, arguments.sandbox));
    let wanted = wanted.transpose()?;
    let here = || folder_here(terminal, arguments.sandbox);
    let folder = wanted.as_ref().map_or_else(here, |named| named.folder.clone());
    let name = wanted.as_ref().map(|named| named.name.as_str());
    let state = State::open_if_there(&folder)?;
    let (watermarks, runs) = match &state {
        None => (vec![], vec![]),
        Some(state) => (state.watermarks(name)?, open_runs(state, name, now(terminal))?),
    };
    if arguments.format.is_json() {
        let runs: Vec<_> = runs.iter().map(run_value).collect();
        let watermarks: Vec<_> = watermarks.iter().map(watermark_value).collect();
        let value = json!({ "watermarks": watermarks, "runs": runs });
        writeln!(terminal.out, "{value:#}")?;
        return Ok(());
    }
    if watermarks.is_empty() && runs.is_empty() {
        let of = name.map(|name| format!(" for `{name}`")).unwrap_or_default();
        writeln!(terminal.out, "nothing is kept{of}")?;
        return Ok(());
    }
    let pipelines = match (name, &state) {
        (Some(name), _) => vec![name.to_owned()],
        (None, Some(state)) => known_pipelines(state, terminal)?,
        (None, None) => vec![],
    };
    let parts: Vec<_> = pipelines.iter().map(|name| pipeline_lines(name, &watermarks, &runs)).collect();
    parts.join(&String::new()).iter().try_for_each(|line| say(terminal, line))
}

fn pipeline_lines(name: &str, watermarks: &[KeptWatermark], runs: &[OpenRun]) -> Vec<String> {
    let watermarks: Vec<_> = watermarks.iter().filter(|kept| kept.watermark.key.pipeline == name).collect();
    let widest = |text: fn(&KeptWatermark) -> String| {
        watermarks.iter().map(|kept| text(kept).chars().count()).max().unwrap_or_default()
    };
    let title_width = widest(|kept| title(&kept.watermark.key));
    let value_width = widest(|kept| kept.watermark.value.clone());
    let lines = watermarks.iter().map(|kept| {
        let watermark = &kept.watermark;
        let by = kept.run.as_ref().map_or("by hand".to_owned(), |run| format!("by run {run}"));
        let (title, value, kind) = (title(&watermark.key), &watermark.value, &watermark.kind);
        format!("  {title:title_width$}  {value:value_width$}  {kind:8}  set {} {by}", kept.updated_at)
    });
    let runs = runs.iter().filter(|run| run.pipeline == name).map(|run| format!("  {}", run_text(run)));
    std::iter::once(name.to_owned()).chain(lines).chain(runs).collect()
}

fn run_text(run: &OpenRun) -> String {
    let OpenRun { id, started_at, touched_at, .. } = run;
    if run.is_alive {
        return format!("run {id} is at work since {started_at}");
    }
    let end = match &run.place {
        _ if run.phase.is_decided() => "the next run puts in place what it had decided".to_owned(),
        Some(_) if run.is_stale => "that is too long ago: the next run starts over".to_owned(),
        Some(place) => format!("the next run goes on at {place}"),
        None => "the next run starts over".to_owned(),
    };
    format!("run {id} began {started_at} and stopped before its end, last heard of {touched_at}: {end}")
}

fn watermark_value(kept: &KeptWatermark) -> serde_json::Value {
    let mut value = super::export::value(&kept.watermark);
    value["run"] = json!(kept.run);
    value["updated_at"] = json!(kept.updated_at);
    value
}

fn run_value(run: &OpenRun) -> serde_json::Value {
    let phase = match run.phase {
        Phase::Running => "running",
        Phase::Decided => "decided",
        Phase::Ended => "ended",
    };
    json!({
        "id": run.id,
        "pipeline": run.pipeline,
        "phase": phase,
        "goes_on_at": run.place.as_ref().filter(|_| !run.is_stale),
        "started_at": run.started_at,
        "touched_at": run.touched_at,
        "is_alive": run.is_alive,
    })
}
