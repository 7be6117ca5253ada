//! The short summary at the end of a run.

use std::path::Path;
use std::time::Duration;

use crate::run::outcome::{Ending, Figures, Outcome};
use crate::target::{Landed, Manner};

/// A few lines: how it ended, what it did, where the output is. `folder` is where the user stands.
pub fn summary(pipeline: &str, outcome: &Outcome, folder: &Path) -> String {
    let mut lines = vec![format!("{pipeline}: {}", figures(verdict(&outcome.ending), &outcome.figures))];
    lines.extend(outcome.landed.iter().flat_map(|landed| output(landed, folder)));
    lines.extend(outcome.notes.iter().map(|note| format!("  {note}")));
    if let Some(note) = unchanged(outcome) {
        lines.push(format!("  {note}"));
    }
    if let Some(place) = &outcome.goes_on {
        lines.push(format!("  the next run goes on at {place}; `--restart` starts over"));
    }
    lines.join("\n")
}

fn verdict(ending: &Ending) -> &'static str {
    match ending {
        Ending::Complete => "complete",
        Ending::Incomplete(_) => "INCOMPLETE",
        Ending::Failed(_) | Ending::TargetFailed(_) => "FAILED",
        Ending::OutputClosed => "stopped, since nobody reads its output any more",
        Ending::Interrupted => "interrupted",
        Ending::Locked(_) => "LOCKED",
        Ending::Skipped(_) => "skipped",
    }
}

fn figures(verdict: &str, figures: &Figures) -> String {
    let mut parts = vec![
        plural(figures.steps, "step"),
        plural(figures.requests, "request"),
        plural(figures.pages, "page"),
        plural(figures.records, "record"),
        format!("{} received", bytes(figures.bytes)),
        match figures.retries {
            0 => "no retries".to_owned(),
            1 => "1 retry".to_owned(),
            more => format!("{} retries", count(more)),
        },
        duration(figures.elapsed),
    ];
    if let Some(credits) = figures.credits {
        parts.insert(2, plural(credits, "credit"));
    }
    if figures.skipped > 0 {
        parts.insert(1, format!("{} skipped", figures.skipped));
    }
    format!("{verdict}; {}", parts.join(", "))
}

fn output(landed: &Landed, folder: &Path) -> Vec<String> {
    let shown = |path: &Path| path.strip_prefix(folder).unwrap_or(path).display().to_string();
    let mut lines: Vec<String> = landed.notes.iter().map(|note| format!("  {note}")).collect();
    let Some(path) = &landed.destination else { return lines };
    let table = landed.table.as_ref().map(|table| format!(", table {table}")).unwrap_or_default();
    let (what, size) = match landed.manner {
        Manner::Replaced => ("", bytes(landed.bytes)),
        Manner::Appended => (" added", format!("now {}", bytes(landed.bytes))),
        Manner::Merged => (" merged", format!("now {}", bytes(landed.bytes))),
    };
    let mut parts = vec![format!("{}{what}", plural(landed.records, "record"))];
    parts.extend((landed.deleted > 0).then(|| format!("{} deleted", count(landed.deleted))));
    parts.extend(landed.table.is_none().then_some(size));
    parts.extend((landed.files > 1).then(|| format!("in {} files", count(landed.files as u64))));
    parts.extend(landed.created_folder.then(|| "in a new folder".to_owned()));
    lines.push(format!("  {}{table}: {}", shown(path), parts.join(", ")));
    if let Some((rejected, path)) = &landed.rejected {
        lines.push(format!(
            "  {}: {} that could not land, with the reasons",
            shown(path),
            plural(*rejected, "record")
        ));
    }
    lines
}

/// What became of the files when a run is not complete.
fn unchanged(outcome: &Outcome) -> Option<&'static str> {
    match outcome.ending {
        Ending::Complete | Ending::OutputClosed | Ending::Skipped(_) => None,
        _ if outcome.is_landing => None,
        _ if !outcome.landed.is_empty() => Some("only the files above are new, the others are as they were"),
        Ending::Incomplete(_)
        | Ending::Failed(_)
        | Ending::TargetFailed(_)
        | Ending::Interrupted
        | Ending::Locked(_) => Some("files are as they were before this run"),
    }
}

/// A number and its noun.
pub(super) fn plural(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

/// A number with its thousands apart.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A size in the largest unit that leaves a number from 1 (powers of 1000).
fn bytes(number: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "shown rounded")]
    let mut size = number as f64;
    for unit in ["bytes", "kB", "MB", "GB"] {
        if size < 1000.0 || unit == "GB" {
            return if unit == "bytes" { plural(number, "byte") } else { format!("{size:.1} {unit}") };
        }
        size /= 1000.0;
    }
    String::new()
}

/// A time in two digits or so.
pub(super) fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 1.0 {
        format!("{} ms", time.as_millis())
    } else if seconds < 120.0 {
        format!("{seconds:.1} s")
    } else {
        format!("{} min {} s", time.as_secs() / 60, time.as_secs() % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_for_people() {
        assert_eq!([0, 999, 1000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([1, 999, 1500, 718_000_000].map(bytes), ["1 byte", "999 bytes", "1.5 kB", "718.0 MB"]);
        assert_eq!(
            [5, 1500, 3_725_000].map(|time| duration(Duration::from_millis(time))),
            ["5 ms", "1.5 s", "62 min 5 s"]
        );
    }
}
