//! What goes wrong around a run: full and read-only disks, a damaged state, files that somebody took away, a wrong
//! clock, a page that is garbage. Each: how it ends, what it says, what is visible, and that a later run makes it good.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use libtest_mimic::Trial;
use river::state::{Holder, Lock};
use rustix::process::Signal;

use crate::disk::{self, Disk};
use crate::project::{PIPELINE, Project, Wishes, finish};
use crate::service::Service;
use crate::variant::Variant;

type Test = fn() -> Result<(), String>;

pub(crate) fn trials() -> Vec<Trial> {
    let plain: [(&str, Test); 13] = [
        ("damaged_state_is_left_alone", damaged_state),
        ("clock_that_jumps", clock_that_jumps),
        ("garbage_on_a_page", garbage_on_a_page),
        ("finished_file_removed", || finished_is_gone("jsonl_append", "out")),
        ("finished_file_of_replace_removed", || finished_is_gone("csv_replace_gzip", "out")),
        ("finished_part_removed", || finished_is_gone("jsonl_append_parts_gzip", "out/a")),
        ("finished_spool_removed", || finished_is_gone("sqlite_merge", ".river/stage")),
        ("another_file_of_its_length", another_file_of_its_length),
        ("spool_cut_short", spool_cut_short),
        ("other_pipelines_decision", other_pipelines_decision),
        ("other_pipelines_decision_is_gone", other_pipelines_decision_is_gone),
        ("table_that_refuses_rows", table_that_refuses_rows),
        ("same_target_of_two_pipelines", same_target_of_two_pipelines),
    ];
    let on_disks: [(&str, Test); 7] = [
        ("disk_full_at_the_output", disk_full_at_the_output),
        ("disk_full_at_the_state", disk_full_at_the_state),
        ("disk_full_at_the_state_later", disk_full_at_the_state_later),
        ("disk_full_when_it_decides", disk_full_when_it_decides),
        ("read_only_once_it_is_decided", read_only_once_it_is_decided),
        ("read_only_output", read_only_output),
        ("read_only_when_it_lands", read_only_when_it_lands),
    ];
    let trial = |(name, test): (&str, Test)| Trial::test(format!("faults/{name}"), move || Ok(test()?));
    let can_mount = disk::can_mount();
    // Listed as ignored where nobody may mount.
    let on_disks = on_disks.into_iter().map(|one| trial(one).with_ignored_flag(!can_mount));
    plain.into_iter().map(trial).chain(on_disks).collect()
}

/// A project that has read one round; the second is there to be read.
fn project(variant: &str) -> Result<(Project, Service), String> {
    let service = Service::start();
    service.set_delay(0);
    let project = Project::new(Variant::named(variant));
    project.run_well(&service, &Wishes::default())?;
    service.set_round(2);
    Ok((project, service))
}

fn kill_at(point: &str) -> Wishes {
    Wishes { kill: Some(point.to_owned()), checkpoint_ms: Some(0), ..Wishes::default() }
}

fn damaged_state() -> Result<(), String> {
    let (project, service) = project("csv_append")?;
    let before = project.visible()?;
    let path = project.path(".river/state.db");
    let whole = fs::read(&path).map_err(text)?;
    let newer = {
        let mut bytes = whole.clone();
        bytes[60..64].copy_from_slice(&99_u32.to_be_bytes());
        bytes
    };
    for (bytes, says) in [
        (&whole[..whole.len() / 2], "is damaged"),
        (b"", "is damaged: it is empty"),
        (&b"garbage ".repeat(500)[..], "is damaged: it is not a database"),
        (&newer, "was written by a newer river: its version is 99"),
    ] {
        fs::write(&path, bytes).map_err(text)?;
        let requests = service.requests();
        let ran = project.run(&service, &Wishes::default())?.expect(1)?;
        ran.says("error[bad-state]")?;
        ran.says(says)?;
        same(&fs::read(&path).map_err(text)?, &bytes.to_vec(), "the state")?;
        same(&service.requests(), &requests, "requests")?;
    }
    fs::write(&path, &whole).map_err(text)?;
    same(&project.visible()?, &before, "what is visible")?;
    project.run_well(&service, &Wishes::default())?;
    project.check_complete(2)
}

fn clock_that_jumps() -> Result<(), String> {
    const DAY: i64 = 24 * 3600;
    for (variant, offsets) in [
        ("jsonl_append", [0, -400 * DAY, 30 * DAY, -3600]),
        ("sqlite_merge", [40 * DAY, -1, 2 * DAY, -400 * DAY]),
    ] {
        let service = Service::start();
        service.set_delay(0);
        let project = Project::new(Variant::named(variant));
        for (round, offset) in (1..).zip(offsets) {
            service.set_round(round);
            let at = |offset| Wishes { clock: Some(offset), checkpoint_ms: Some(0), ..Wishes::default() };
            for point in ["checkpointed:2", "decided", "scratch cleared"] {
                let kill = Some(point.to_owned());
                project.run(&service, &Wishes { kill, ..at(offset) })?;
            }
            project.run_well(&service, &at(-offset / 2))?;
            project.check_complete(round).map_err(|why| format!("{variant}, {offset} s: {why}"))?;
        }
    }
    Ok(())
}

fn garbage_on_a_page() -> Result<(), String> {
    for variant in ["jsonl_replace", "csv_append", "sqlite_merge"] {
        let (project, service) = project(variant)?;
        let before = project.visible()?;
        service.set_garbage(4);
        for _ in 0..2 {
            let ran = project.run(&service, &Wishes::default())?.expect(1)?;
            ran.says("is not valid JSON")?;
            same(&project.visible()?, &before, "what is visible")?;
        }
        service.set_garbage(0);
        let ran = project.run_well(&service, &Wishes::default())?;
        ran.says("goes on where run")?;
        ran.says("page 4 of step `items`")?;
        project.check_complete(2)?;
    }
    Ok(())
}

/// It fails once, and loudly; no later run fails of it.
fn finished_is_gone(variant: &str, folder: &str) -> Result<(), String> {
    let (project, service) = project(variant)?;
    let before = project.visible()?;
    killed(&project, &service, &kill_at("decided"))?;
    let removed = hidden(&project.path(folder))?;
    for path in &removed {
        if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.map_err(text)?;
    }
    let ran = project.run(&service, &Wishes::default())?.expect(7)?;
    ran.says("error[bad-target]: the results of run ")?;
    ran.says(" for `out/a")?;
    ran.says(" could not be put in place")?;
    ran.says("`river run pull --full-refresh` or `river state reset` reads everything anew")?;
    same(&project.visible()?.targets, &before.targets, "what is visible")?;
    service.set_round(3);
    project.run_well(&service, &Wishes::default())?;
    let left = crate::content::leftovers(project.root());
    same(&left, &vec![], "leftovers")
}

/// A file at the destination that only has the length of the one that is gone is not taken for it.
fn another_file_of_its_length() -> Result<(), String> {
    let (project, service) = project("jsonl_append")?;
    killed(&project, &service, &kill_at("decided"))?;
    let staged = hidden(&project.path("out"))?.remove(0);
    let length = fs::metadata(&staged).map_err(text)?.len();
    fs::remove_file(&staged).map_err(text)?;
    let there = OpenOptions::new().write(true).open(project.path("out/a.jsonl")).map_err(text)?;
    there.set_len(length).map_err(text)?;
    project.run(&service, &Wishes::default())?.expect(7)?.says("could not be put in place")
}

fn spool_cut_short() -> Result<(), String> {
    for (variant, folder) in
        [("jsonl_replace", "out"), ("csv_append", ".river/stage"), ("sqlite_merge", ".river/stage")]
    {
        let (project, service) = project(variant)?;
        let before = project.visible()?;
        killed(&project, &service, &kill_at("checkpointed:3"))?;
        same(&project.visible()?, &before, "what is visible")?;
        for path in files(&hidden(&project.path(folder))?)? {
            let file = OpenOptions::new().write(true).open(&path).map_err(text)?;
            let length = file.metadata().map_err(text)?.len();
            file.set_len(length / 2).map_err(text)?;
        }
        let ran = project.run_well(&service, &Wishes::default())?;
        ran.says("could not go on from there, and started over")?;
        project.check_complete(2)?;
    }
    Ok(())
}

/// What another pipeline decided is put in place by whoever comes first.
fn other_pipelines_decision() -> Result<(), String> {
    let (project, service) = project("csv_append")?;
    write_other(&project, "other", "out/other.csv");
    killed(&project, &service, &kill_at("decided"))?;
    let ran = project.run_well(&service, &other())?;
    ran.says("finished what run ")?;
    project.check_complete(2)
}

/// That of another pipeline which cannot be put in place is left to it, and fails nobody else.
fn other_pipelines_decision_is_gone() -> Result<(), String> {
    let (project, service) = project("csv_append")?;
    write_other(&project, "other", "out/other.csv");
    killed(&project, &service, &kill_at("decided"))?;
    fs::remove_file(hidden(&project.path("out"))?.remove(0)).map_err(text)?;
    for _ in 0..2 {
        project.run_well(&service, &other())?.says("of `pull` had decided is left for its next run: ")?;
    }
    project.run(&service, &Wishes::default())?.expect(7)?.says("could not be put in place")?;
    project.run_well(&service, &Wishes::default())?;
    Ok(())
}

/// What is decided stays so until its table takes it, and fails no other pipeline.
fn table_that_refuses_rows() -> Result<(), String> {
    let (project, service) = project("sqlite_append")?;
    write_other(&project, "other", "out/other.csv");
    let before = project.visible()?;
    let table = |sql: &str| {
        rusqlite::Connection::open(project.path("out/a.db")).and_then(|table| table.execute_batch(sql))
    };
    table("CREATE TRIGGER no BEFORE INSERT ON items BEGIN SELECT raise(ABORT, 'no rows today'); END")
        .map_err(text)?;
    for _ in 0..2 {
        project.run(&service, &Wishes::default())?.expect(7)?.says("no rows today")?;
        same(&project.visible()?.targets, &before.targets, "what is visible")?;
    }
    project.run_well(&service, &other())?.says("had decided is left for its next run: ")?;
    table("DROP TRIGGER no").map_err(text)?;
    project.run_well(&service, &Wishes::default())?.says("finished what run ")?;
    project.check_complete(2)
}

/// Two pipelines append to one file: what the first decided comes first, whoever holds the lock of its run.
fn same_target_of_two_pipelines() -> Result<(), String> {
    for is_held in [false, true] {
        let (project, service) = project("jsonl_append")?;
        let locks = fs::read_dir(project.path(".river/locks")).map_err(text)?;
        let names = locks.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut names = names.filter(|name| name.starts_with("run-"));
        let run = names.next().ok_or("no lock of a run")?;
        write_other(&project, "other", "out/a.jsonl");
        killed(&project, &service, &kill_at("decided"))?;
        let wished = Holder { pid: 1, run: "x".to_owned(), started_at: "now".to_owned(), briefly: false };
        let name = run.trim_end_matches(".lock");
        let held = is_held.then(|| Lock::try_take(&project.path(".river"), name, &wished));
        project.run_well(&service, &other())?;
        drop(held);
        project.run_well(&service, &Wishes::default())?;
        let content = project.visible()?.targets.remove(0);
        let own: Vec<String> = content[..96].to_vec();
        let (lost, doubled) = crate::content::lost_and_doubled(&project.variant, 2, &own);
        same(&(lost, doubled, content.len()), &(0, 0, 192), "lost, doubled and all")?;
    }
    Ok(())
}

fn disk_full_at_the_output() -> Result<(), String> {
    for variant in ["jsonl_replace", "csv_append", "jsonl_append_parts_gzip", "sqlite_append"] {
        let service = Service::start();
        service.set_delay(0);
        let project = Project::new(Variant::named(variant));
        let disk = Disk::mount(&project.path("out"))?;
        project.run_well(&service, &Wishes::default())?;
        let before = project.visible()?;
        service.set_round(2);
        disk.fill()?;
        let ran = project.run(&service, &Wishes::default())?.expect(7)?;
        ran.says("no space is left to write `out/a")?;
        disk.make_room()?;
        same(&project.visible()?.targets, &before.targets, "what is visible")?;
        project.run_well(&service, &Wishes::default())?;
        project.check_complete(2).map_err(|why| format!("{variant}: {why}"))?;
    }
    Ok(())
}

fn disk_full_at_the_state() -> Result<(), String> {
    let service = Service::start();
    let project = Project::new(Variant::named("csv_append"));
    let disk = Disk::mount(&project.path(".river"))?;
    project.run_well(&service, &Wishes::default())?;
    let before = project.visible()?;
    service.set_round(2);
    disk.fill()?;
    let requests = service.requests();
    let ran = project.run(&service, &Wishes::default())?.expect(1)?;
    ran.says(
        "error[bad-state]: cannot write the state in `.river/state.db`: no space is left on the device",
    )?;
    same(&service.requests(), &requests, "requests")?;
    disk.make_room()?;
    same(&project.visible()?, &before, "what is visible")?;
    project.run_well(&service, &Wishes::default())?;
    project.check_complete(2)
}

/// The disk becomes full while the run reads.
fn disk_full_at_the_state_later() -> Result<(), String> {
    for variant in ["jsonl_replace", "csv_merge", "sqlite_append"] {
        let service = Service::start();
        let project = Project::new(Variant::named(variant));
        let disk = Disk::mount(&project.path(".river"))?;
        project.run_well(&service, &Wishes::default())?;
        let before = project.visible()?;
        service.set_round(2);
        let stop = Some("checkpointed:2".to_owned());
        let mut running =
            project.start(&service, &Wishes { stop, checkpoint_ms: Some(0), ..Wishes::default() });
        running.wait_until_stopped()?;
        disk.fill()?;
        running.send(Signal::CONT)?;
        let ran = finish(running, Instant::now())?;
        if !matches!(ran.code, Some(1 | 7)) {
            return Err(format!("{ran:?}"));
        }
        ran.says("no space is left")?;
        disk.make_room()?;
        same(&project.visible()?, &before, "what is visible")?;
        let ran = project.run_well(&service, &Wishes::default())?;
        ran.says("goes on where run")?;
        project.check_complete(2).map_err(|why| format!("{variant}: {why}"))?;
    }
    Ok(())
}

/// What cannot be decided is not thrown away: the next run goes on from the last checkpoint.
fn disk_full_when_it_decides() -> Result<(), String> {
    for variant in ["jsonl_replace", "jsonl_append_parts_gzip", "csv_merge", "sqlite_append"] {
        let service = Service::start();
        service.set_delay(0);
        let project = Project::new(Variant::named(variant));
        let disk = Disk::mount(&project.path(".river"))?;
        project.run_well(&service, &Wishes::default())?;
        let before = project.visible()?;
        service.set_round(2);
        let stop = Some("prepared".to_owned());
        let mut running =
            project.start(&service, &Wishes { stop, checkpoint_ms: Some(0), ..Wishes::default() });
        running.wait_until_stopped()?;
        disk.fill()?;
        running.send(Signal::CONT)?;
        let ran = finish(running, Instant::now())?.expect(1)?;
        ran.says("cannot write the state in `.river/state.db`: no space is left on the device")?;
        disk.make_room()?;
        same(&project.visible()?, &before, "what is visible")?;
        project.run_well(&service, &Wishes::default())?.says("goes on where run")?;
        project.check_complete(2).map_err(|why| format!("{variant}: {why}"))?;
    }
    Ok(())
}

/// The run itself meets what keeps its results from their place.
fn read_only_once_it_is_decided() -> Result<(), String> {
    for variant in ["jsonl_append", "jsonl_replace_parts", "sqlite_merge"] {
        let service = Service::start();
        service.set_delay(0);
        let project = Project::new(Variant::named(variant));
        let disk = Disk::mount(&project.path("out"))?;
        project.run_well(&service, &Wishes::default())?;
        let before = project.visible()?;
        service.set_round(2);
        let stop = Some("decided".to_owned());
        let mut running = project.start(&service, &Wishes { stop, ..Wishes::default() });
        running.wait_until_stopped()?;
        disk.set_writable(false)?;
        running.send(Signal::CONT)?;
        finish(running, Instant::now())?.expect(7)?.says("the next run puts the rest in place")?;
        same(&project.visible()?.targets, &before.targets, "what is visible")?;
        disk.set_writable(true)?;
        project.run_well(&service, &Wishes::default())?.says("finished what run ")?;
        project.check_complete(2).map_err(|why| format!("{variant}: {why}"))?;
    }
    Ok(())
}

fn read_only_output() -> Result<(), String> {
    for variant in ["jsonl_append", "csv_replace_parts", "sqlite_merge"] {
        let service = Service::start();
        service.set_delay(0);
        let project = Project::new(Variant::named(variant));
        let disk = Disk::mount(&project.path("out"))?;
        project.run_well(&service, &Wishes::default())?;
        let before = project.visible()?;
        service.set_round(2);
        disk.set_writable(false)?;
        let requests = service.requests();
        let ran = project.run(&service, &Wishes::default())?.expect(7)?;
        ran.says("may not be written")?;
        same(&service.requests(), &requests, "requests")?;
        disk.set_writable(true)?;
        same(&project.visible()?, &before, "what is visible")?;
        project.run_well(&service, &Wishes::default())?;
        project.check_complete(2).map_err(|why| format!("{variant}: {why}"))?;
    }
    Ok(())
}

/// What is decided waits until it can be put in place, and no run goes past it.
fn read_only_when_it_lands() -> Result<(), String> {
    let service = Service::start();
    service.set_delay(0);
    let project = Project::new(Variant::named("jsonl_append"));
    let disk = Disk::mount(&project.path("out"))?;
    write_other(&project, "other", "other.csv");
    project.run_well(&service, &Wishes::default())?;
    let before = project.visible()?;
    service.set_round(2);
    killed(&project, &service, &kill_at("decided"))?;
    disk.set_writable(false)?;
    for _ in 0..2 {
        project.run(&service, &Wishes::default())?.expect(7)?.says("may not be written")?;
        same(&project.visible()?.targets, &before.targets, "what is visible")?;
    }
    project.run_well(&service, &other())?.says("of `pull` had decided is left for its next run: ")?;
    disk.set_writable(true)?;
    project.run_well(&service, &Wishes::default())?.says("finished what run ")?;
    project.check_complete(2)
}

/// A second pipeline of the project, that appends to a file.
pub(crate) fn write_other(project: &Project, name: &str, path: &str) {
    let kind =
        if Path::new(path).extension().is_some_and(|extension| extension == "csv") { "csv" } else { "jsonl" };
    let text = project.variant.pipeline(name);
    let start = text.find("targets:").unwrap_or(text.len());
    let targets = format!("targets:\n  items0: {{ kind: {kind}, path: {path}, mode: append }}\n");
    project.write(&format!("{name}.yaml"), &format!("{}{targets}", &text[..start]));
}

fn other() -> Wishes {
    Wishes { arguments: vec!["other"], ..Wishes::default() }
}

fn killed(project: &Project, service: &Service, wishes: &Wishes) -> Result<(), String> {
    let ran = project.run(service, wishes)?;
    if ran.was_killed() { Ok(()) } else { Err(format!("{PIPELINE} was not killed: {ran:?}")) }
}

/// What runs left in a folder: hidden files, and folders of spools.
fn hidden(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let is_stage = folder.ends_with(".river/stage");
    let entries = fs::read_dir(folder).map_err(text)?.filter_map(Result::ok).map(|entry| entry.path());
    let left: Vec<PathBuf> =
        entries.filter(|path| is_stage || path.display().to_string().ends_with(".river-tmp")).collect();
    if left.is_empty() { Err(format!("nothing is hidden in {}", folder.display())) } else { Ok(left) }
}

fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let mut all = vec![];
    for path in paths {
        if path.is_dir() {
            all.extend(fs::read_dir(path).map_err(text)?.filter_map(Result::ok).map(|entry| entry.path()));
        } else {
            all.push(path.clone());
        }
    }
    Ok(all)
}

pub(crate) fn same<T: PartialEq + std::fmt::Debug>(found: &T, wanted: &T, what: &str) -> Result<(), String> {
    if found == wanted { Ok(()) } else { Err(format!("{what}: {wanted:?} expected, found {found:?}")) }
}

pub(crate) fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Fills a file until no byte fits any more.
pub(crate) fn fill(path: &Path) -> Result<(), String> {
    let mut file = File::create(path).map_err(text)?;
    for size in [4096, 512, 1] {
        let block = vec![b'x'; size];
        while file.write_all(&block).is_ok() {}
    }
    Ok(())
}
