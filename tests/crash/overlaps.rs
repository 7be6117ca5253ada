//! Two runs at once, and signals.

use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use river::state::{Holder, Lock};
use rustix::process::Signal;

use crate::faults::{same, text, write_other};
use crate::project::{Project, Running, Wishes, finish};
use crate::service::Service;
use crate::variant::Variant;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("overlaps/two_at_once", || Ok(two_at_once()?)),
        Trial::test("overlaps/one_that_only_looks", || Ok(one_that_only_looks()?)),
        Trial::test("overlaps/one_that_is_deciding", || Ok(one_that_is_deciding()?)),
        Trial::test("overlaps/one_that_puts_in_place", || Ok(one_that_puts_in_place()?)),
        Trial::test("signals/the_first_settles", || Ok(the_first_settles()?)),
        Trial::test("signals/the_second_ends_at_once", || Ok(the_second_ends_at_once()?)),
    ]
}

/// A run that is in the middle of its pages.
fn slow(variant: &str, delay: u64) -> Result<(Project, Service, Running), String> {
    let service = Service::start();
    let project = Project::new(Variant::named(variant));
    service.set_delay(0);
    project.run_well(&service, &Wishes::default())?;
    service.set_round(2);
    // Long enough that it is still reading when this test notices.
    service.set_delay(150);
    let requests = service.requests();
    let child = project.start(&service, &Wishes { checkpoint_ms: Some(0), ..Wishes::default() });
    service.wait_for_requests(requests + 3)?;
    service.set_delay(delay);
    service.wait_for_requests(service.requests() + 1)?;
    Ok((project, service, child))
}

fn two_at_once() -> Result<(), String> {
    for variant in ["jsonl_append", "sqlite_merge"] {
        // Long enough that it is there when the others come.
        let (project, service, first) = slow(variant, 3_000)?;
        let pid = first.id();
        let with = |arguments: &[&'static str]| Wishes { arguments: arguments.to_vec(), ..Wishes::default() };
        let ran = project.run(&service, &with(&["pull"]))?.expect(5)?;
        ran.says(&format!("pipeline `pull` is in use: process {pid} holds its lock since 20"))?;
        let ran = project.run_well(&service, &with(&["pull", "--on-overlap", "skip"]))?;
        ran.says("skipped: ")?;
        let waiting = project.start(&service, &with(&["pull", "--on-overlap", "wait=2m"]));
        service.set_delay(0);
        finish(first, Instant::now())?.expect(0)?;
        finish(waiting, Instant::now())?.expect(0)?;
        project.check_complete(2)?;
    }
    Ok(())
}

/// Who looks at what a dead run left holds its lock for a moment, and fails nobody.
fn one_that_only_looks() -> Result<(), String> {
    let service = Service::start();
    let project = Project::new(Variant::named("csv_append"));
    project.run_well(&service, &Wishes::default())?;
    let locks = std::fs::read_dir(project.path(".river/locks")).map_err(text)?;
    let names = locks.filter_map(|entry| Some(entry.ok()?.path().file_stem()?.to_str()?.to_owned()));
    // Those of the run and of its target.
    let names: Vec<String> = names.filter(|name| name != "state").collect();
    service.set_round(2);
    for (name, on_overlap) in names.iter().zip(["fail", "skip"]) {
        let holder = Holder { pid: 1, run: "x".to_owned(), started_at: "now".to_owned(), briefly: true };
        let held = Lock::try_take(&project.path(".river"), name, &holder).map_err(text)?;
        let wishes =
            Wishes { arguments: vec!["pull", "-v", "--on-overlap", on_overlap], ..Wishes::default() };
        let child = project.start(&service, &wishes);
        std::thread::sleep(Duration::from_millis(100));
        drop(held);
        finish(child, Instant::now())?.expect(0)?;
        project.check_complete(2)?;
    }
    same(&names.len(), &2, "locks")
}

fn the_first_settles() -> Result<(), String> {
    for variant in ["jsonl_replace", "csv_append", "sqlite_merge"] {
        let (project, service, child) = slow(variant, 100)?;
        child.send(Signal::TERM)?;
        let ran = finish(child, Instant::now())?.expect(130)?;
        if ran.took > Duration::from_secs(10) {
            return Err(format!("it took {:?}", ran.took));
        }
        service.set_delay(0);
        project.run_well(&service, &Wishes::default())?.says("goes on where run")?;
        project.check_complete(2)?;
    }
    Ok(())
}

fn the_second_ends_at_once() -> Result<(), String> {
    let (project, service, mut child) = slow("csv_append", 60_000)?;
    // Two that come together may be seen as one.
    while !child.has_ended()? {
        child.send(Signal::TERM)?;
        std::thread::sleep(Duration::from_millis(10));
    }
    let ran = finish(child, Instant::now())?.expect(130)?;
    // One that ends in order says so.
    same(&ran.err.as_str(), &"", "standard error")?;
    service.set_delay(0);
    project.run_well(&service, &Wishes::default())?.says("goes on where run")?;
    project.check_complete(2)
}

/// A run that looks at what is decided leaves alone what is of a run that is alive.
fn one_that_is_deciding() -> Result<(), String> {
    for point in ["decided", "renamed", "name synced"] {
        let service = Service::start();
        let project = Project::new(Variant::named("jsonl_append"));
        let stop = Some(point.to_owned());
        write_other(&project, "other", "out/b.jsonl");
        let mut first = project.start(&service, &Wishes { stop, ..Wishes::default() });
        first.wait_until_stopped()?;
        let ran = project.run_well(&service, &named("other"))?;
        if ran.err.contains("finished what run") {
            return Err(ran.err);
        }
        first.send(Signal::CONT)?;
        finish(first, Instant::now())?.expect(0)?;
        project.check_complete(1)?;
    }
    Ok(())
}

/// One that puts in place what is of another pipeline has its target: a third that appends there waits.
fn one_that_puts_in_place() -> Result<(), String> {
    let service = Service::start();
    let project = Project::new(Variant::named("jsonl_append"));
    write_other(&project, "helper", "out/b.jsonl");
    write_other(&project, "other", "out/a.jsonl");
    project.run(&service, &Wishes { kill: Some("decided".to_owned()), ..Wishes::default() })?;
    // Its own two locks, the one of the dead run, and that of its target.
    let stop = Some("locked:4".to_owned());
    let mut helper = project.start(&service, &Wishes { stop, ..named("helper") });
    helper.wait_until_stopped()?;
    let other = project.start(&service, &named("other"));
    std::thread::sleep(Duration::from_millis(300));
    helper.send(Signal::CONT)?;
    finish(helper, Instant::now())?.expect(0)?.says("finished what run")?;
    finish(other, Instant::now())?.expect(0)?;
    let content = project.visible()?.targets.remove(0);
    let own = content[..48].to_vec();
    let (lost, doubled) = crate::content::lost_and_doubled(&project.variant, 1, &own);
    same(&(lost, doubled, content.len()), &(0, 0, 96), "lost, doubled and all")
}

fn named(name: &'static str) -> Wishes {
    Wishes { arguments: vec![name], ..Wishes::default() }
}
