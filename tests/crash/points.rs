//! Every point at which something has just become durable or visible: a run dies there, and the next ones finish.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use libtest_mimic::Trial;

use crate::project::{Project, Wishes};
use crate::service::Service;
use crate::variant::{Place, VARIANTS, Variant};

/// Of a point that is reached so often, only the first times and the last are tried.
const TIMES: u64 = 2;

pub(crate) fn trials() -> Vec<Trial> {
    let each = VARIANTS
        .into_iter()
        .map(|variant| Trial::test(format!("points/{}", variant.name), move || Ok(killed(variant, 1)?)));
    let first = ["jsonl_replace", "sqlite_append"].into_iter().map(|name| {
        Trial::test(format!("points/first_run_{name}"), move || Ok(killed(Variant::named(name), 0)?))
    });
    let order = VARIANTS
        .into_iter()
        .map(|variant| Trial::test(format!("order/{}", variant.name), move || Ok(order(variant)?)));
    each.chain(first).chain(order).collect()
}

/// A project that has read so many rounds.
fn project_after(variant: Variant, rounds: u64, service: &Service) -> Result<Project, String> {
    let project = Project::new(variant);
    for round in 1..=rounds {
        service.set_round(round);
        project.run_well(service, &Wishes::default())?;
    }
    service.set_round(rounds + 1);
    Ok(project)
}

/// The points that a run reaches, in order.
fn record(project: &Project, service: &Service, checkpoint_ms: u64) -> Result<Vec<String>, String> {
    let path = project.path("points.txt");
    let wishes =
        Wishes { record: Some(path.clone()), checkpoint_ms: Some(checkpoint_ms), ..Wishes::default() };
    project.run_well(service, &wishes)?;
    let text = fs::read_to_string(&path).map_err(|error| error.to_string())?;
    Ok(text.lines().map(str::to_owned).collect())
}

fn killed(variant: Variant, rounds: u64) -> Result<(), String> {
    let service = Service::start();
    service.set_delay(0);
    let base = project_after(variant, rounds, &service)?;
    let before = base.visible()?;
    let unbroken = base.copy();
    let points = record(&unbroken, &service, 0)?;
    let after = unbroken.visible()?;
    unbroken.check_complete(rounds + 1)?;
    let mut random = fastrand::Rng::with_seed(7);
    let tried = to_try(&points);
    for point in &tried {
        let again = &tried[random.usize(..tried.len())];
        let project = base.copy();
        let dying =
            |kill: &str| Wishes { kill: Some(kill.to_owned()), checkpoint_ms: Some(0), ..Wishes::default() };
        let tell = |why: String| format!("killed at `{point}`, then at `{again}`: {why}");
        let ran = project.run(&service, &dying(point)).map_err(tell)?;
        if !ran.was_killed() {
            return Err(tell(format!("it was not: {ran:?}")));
        }
        let visible = project.visible().map_err(tell)?;
        for (index, content) in visible.targets.iter().enumerate() {
            // A folder of files changes file by file.
            let is_whole = *content == before.targets[index] || *content == after.targets[index];
            if !is_whole && !matches!(variant.targets[index].1, Place::Folder(_)) {
                return Err(tell(format!("neither the old nor the new is visible: {content:#?}")));
            }
        }
        if ![&before.watermark, &after.watermark].contains(&&visible.watermark) {
            return Err(tell(format!("the watermark is {:?}", visible.watermark)));
        }
        // What finishes may be killed as well.
        project.run(&service, &dying(again)).map_err(tell)?;
        let last = project.run_well(&service, &Wishes::default()).map_err(tell)?;
        project.check_complete(rounds + 1).map_err(tell)?;
        if project.visible().map_err(tell)? != after {
            return Err(tell(format!("not as after an unbroken run: {:#?}", project.visible())));
        }
        if last.err.contains("could not go on") {
            return Err(tell(last.err));
        }
    }
    Ok(())
}

/// Each point with its times, `NAME:N`.
fn to_try(points: &[String]) -> Vec<String> {
    let mut times: BTreeMap<&String, u64> = BTreeMap::new();
    for point in points {
        *times.entry(point).or_default() += 1;
    }
    let all = times.into_iter().flat_map(|(point, times)| {
        let some = (1..=times).filter(move |time| *time <= TIMES || *time == times);
        some.map(move |time| format!("{point}:{time}"))
    });
    all.collect()
}

/// The order in which a second run of a project does things, as it is written down.
fn order(variant: Variant) -> Result<(), String> {
    let service = Service::start();
    let project = project_after(variant, 1, &service)?;
    // No checkpoints but those at the ends of steps, so that the order does not depend on time.
    let points = record(&project, &service, 3_600_000)?;
    hold_the_rules(&points)?;
    let mut found = String::new();
    let mut points = points.iter().peekable();
    while let Some(point) = points.next() {
        let mut times = 1;
        while points.next_if(|next| *next == point).is_some() {
            times += 1;
        }
        found.push_str(point);
        if times > 1 {
            let _ = write!(found, " ×{times}");
        }
        found.push('\n');
    }
    let golden = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/crash/order");
    let golden = golden.join(format!("{}.txt", variant.name));
    if std::env::var_os("BLESS").is_some() {
        return fs::write(&golden, found).map_err(|error| error.to_string());
    }
    let expected = fs::read_to_string(&golden).unwrap_or_default();
    if found == expected { Ok(()) } else { Err(format!("expected:\n{expected}\nfound:\n{found}")) }
}

/// What must hold whatever the list says: SIGKILL does not show what a power cut would.
fn hold_the_rules(points: &[String]) -> Result<(), String> {
    let last = |name: &str| points.iter().rposition(|point| point == name);
    let first = |name: &str| points.iter().position(|point| point == name);
    let decided = first("decided").ok_or("nothing was decided")?;
    for durable in
        ["lines written", "spool synced", "stage synced", "staging synced", "staging named", "tree synced"]
    {
        if last(durable).is_some_and(|place| place > decided) {
            return Err(format!("`{durable}` after `decided`"));
        }
    }
    for made in
        [("spool made", "stage synced"), ("staging made", "staging named"), ("lines written", "decided")]
    {
        if first(made.0).is_some() && first(made.1).is_none() && made.0 != "staging made" {
            return Err(format!("`{}` without `{}`", made.0, made.1));
        }
    }
    for visible in ["renamed", "rows loaded", "rows committed", "superseded", "scratch cleared"] {
        if first(visible).is_some_and(|place| place < decided) {
            return Err(format!("`{visible}` before `decided`"));
        }
    }
    for (index, point) in points.iter().enumerate() {
        if point == "renamed" && points.get(index + 1).map(String::as_str) != Some("name synced") {
            return Err("`renamed` is not followed by `name synced`".to_owned());
        }
    }
    match points.last().map(String::as_str) {
        Some("run ended") => Ok(()),
        last => Err(format!("the last is {last:?}")),
    }
}
