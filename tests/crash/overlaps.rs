//! Two runs at once, and signals.

use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use river::state::{Holder, Lock};
use rustix::process::{Pid, Signal, kill_process};

use crate::faults::{same, text};
use crate::project::{Project, Running, Wishes, finish};
use crate::service::Service;
use crate::variant::Variant;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("overlaps/two_at_once", || Ok(two_at_once()?)),
        Trial::test("overlaps/one_that_only_looks", || Ok(one_that_only_looks()?)),
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
    service.set_delay(20);
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
    let names: Vec<String> =
        locks.filter_map(|entry| Some(entry.ok()?.path().file_stem()?.to_str()?.to_owned())).collect();
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
        signal(&child)?;
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
        signal(&child)?;
        std::thread::sleep(Duration::from_millis(10));
    }
    let ran = finish(child, Instant::now())?.expect(130)?;
    // One that ends in order says so.
    same(&ran.err.as_str(), &"", "standard error")?;
    service.set_delay(0);
    project.run_well(&service, &Wishes::default())?.says("goes on where run")?;
    project.check_complete(2)
}

fn signal(child: &Running) -> Result<(), String> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or("no process")?;
    kill_process(pid, Signal::TERM).map_err(text)
}
