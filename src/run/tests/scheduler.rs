#![expect(clippy::disallowed_methods, reason = "how long a search goes on is real time")]

use std::time::{Duration, Instant};

use super::project::Wishes;
use super::service::Asked;
use super::{Choices, History, Project, Service, Story};
use crate::plan::block::OnItemError;
use crate::run::outcome::Ending;
use crate::target::worker::FEW_BYTES;

/// How long the search by seeds goes on in one test.
fn patience() -> Duration {
    let seconds = std::env::var("RIVER_SCHEDULER_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs_f64(seconds.unwrap_or(0.1))
}

/// Timers of tokio exist in it, and none of them goes off: time is virtual.
pub(super) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
}

pub(super) fn service(pages: &[u64]) -> Service {
    Service { pages: pages.to_vec(), records: 2, ..Service::default() }
}

fn play(project: &Project, service: &Service, choices: &mut Choices, kills: usize) -> Story {
    project.clear();
    let asked = Asked::new(service.clone());
    let (kill_at, interrupt_at) = (None, None);
    History { project, asked, choices, kills, kill_at, interrupt_at, told: vec![] }.play()
}

/// What must be true of every history that comes to its end.
fn check(story: &Story, project: &Project, wishes: &Wishes, service: &Service) {
    let told = || format!("{:#?}\n{:#?}\n{:#?}", story.told, story.outcome.ending, story.outcome.notes);
    assert!(story.is_complete(), "{}", told());
    // A process that is killed behind its decision has done its work: the next one finishes it, and reads anew.
    let finished = story.outcome.notes.iter().filter(|note| note.starts_with("finished what run")).count();
    let times = if wishes.mode == "append" { finished + 1 } else { 1 };
    assert_eq!(story.lines, Some(service.lines(None).repeat(times)), "{}", told());
    let expected: Vec<String> = service.lines(None).lines().map(row).collect();
    let rows = story.rows.as_deref().unwrap_or_default();
    let header = rows.lines().next().unwrap_or_default();
    assert_eq!(header, "id,item,at", "{}", told());
    assert_eq!(rows.lines().skip(1).collect::<Vec<_>>(), expected, "{}", told());
    assert!(story.most_open <= usize::from(wishes.concurrency), "{}", told());
    assert_eq!(project.leftovers(), Vec::<String>::new(), "{}", told());
    if wishes.per_item {
        assert_eq!(
            story.watermarks.len(),
            service.pages.iter().filter(|pages| **pages > 0).count(),
            "{}",
            told()
        );
    } else {
        let greatest = service.greatest().to_string();
        assert_eq!(story.watermarks, [("null".to_owned(), greatest)], "{}", told());
    }
}

fn row(line: &str) -> String {
    let record: serde_json::Value = serde_json::from_str(line).unwrap();
    format!("{},{},{}", record["id"].as_str().unwrap(), record["item"], record["at"])
}

/// What is played, and with how many kills.
struct Setting {
    wishes: Wishes,
    service: Service,
    kills: usize,
}

impl Setting {
    fn new(pages: &[u64], kills: usize) -> Self {
        let wishes = Wishes { items: pages.len() as u64, ..Wishes::default() };
        Self { wishes, service: service(pages), kills }
    }

    /// Histories by seeds until the time is over; each is checked.
    fn by_seeds(&self, check: impl Fn(&Story, &Project)) {
        let runtime = runtime();
        let _entered = runtime.enter();
        let project = Project::new(&self.wishes);
        let (began, mut seed, mut killed) = (Instant::now(), 0, 0);
        while began.elapsed() < patience() || seed < 20 {
            let story = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                let story = play(&project, &self.service, &mut Choices::seed(seed), self.kills);
                check(&story, &project);
                story.processes - 1
            }));
            killed += story.unwrap_or_else(|_| panic!("seed {seed}"));
            seed += 1;
        }
        assert!(self.kills == 0 || killed > 0, "nothing was killed");
        println!("{seed} histories, {killed} kills");
    }

    fn ends_as_the_unbroken_run(&self) {
        self.by_seeds(|story, project| check(story, project, &self.wishes, &self.service));
    }
}

#[test]
fn every_order_of_answers_and_stores_ends_the_same() {
    let runtime = runtime();
    let _entered = runtime.enter();
    let setting = Setting::new(&[1, 2, 1], 0);
    let project = Project::new(&setting.wishes);
    let (mut choices, mut histories, began) = (Choices::search(), 0, Instant::now());
    let mut kills = 0;
    loop {
        let story = play(&project, &setting.service, &mut choices, 0);
        check(&story, &project, &setting.wishes, &setting.service);
        histories += 1;
        // A kill before each instant of this history; what comes after it takes its first choices.
        for at in 0..story.length {
            project.clear();
            let asked = Asked::new(setting.service.clone());
            let mut again = choices.again();
            let history = History {
                project: &project,
                asked,
                choices: &mut again,
                kills: 1,
                kill_at: Some(at),
                interrupt_at: None,
                told: vec![],
            };
            let story = history.play();
            check(&story, &project, &setting.wishes, &setting.service);
            kills += 1;
        }
        if !choices.next_history() || began.elapsed() > 4 * patience() {
            break;
        }
    }
    println!("{histories} histories, {kills} kills, in {:?}", began.elapsed());
}

#[test]
fn items_with_marks_of_their_own() {
    Setting::new(&[3, 7, 4, 1, 5], 2).ends_as_the_unbroken_run();
}

#[test]
fn items_that_share_a_mark() {
    let mut setting = Setting::new(&[3, 7, 4, 1, 5], 2);
    setting.wishes.per_item = false;
    setting.ends_as_the_unbroken_run();
}

#[test]
fn one_item_at_a_time() {
    let mut setting = Setting::new(&[3, 2, 4], 2);
    setting.wishes.concurrency = 1;
    setting.ends_as_the_unbroken_run();
}

#[test]
fn many_items_at_a_time_into_a_file_that_is_replaced() {
    let mut setting = Setting::new(&[3, 0, 2, 4, 1, 1, 6, 2, 2, 1], 2);
    setting.wishes.concurrency = 6;
    setting.wishes.mode = "replace";
    // An item without pages has one page without records.
    setting.service.pages[1] = 1;
    setting.ends_as_the_unbroken_run();
}

#[test]
fn loops_in_loops_and_groups() {
    let mut setting = Setting::new(&[3, 2, 4, 1], 2);
    setting.wishes.nested = true;
    setting.ends_as_the_unbroken_run();
}

#[test]
fn cursors_that_are_refused_after_a_kill() {
    let mut setting = Setting::new(&[3, 7, 4, 5], 2);
    setting.service.refuses_resumed = true;
    setting.ends_as_the_unbroken_run();
}

#[test]
fn room_for_less_than_a_page() {
    FEW_BYTES.set(Some(8));
    let mut setting = Setting::new(&[3, 2, 4, 1], 1);
    setting.wishes.concurrency = 3;
    setting.ends_as_the_unbroken_run();
    FEW_BYTES.set(None);
}

#[test]
fn a_token_that_is_refused_is_renewed_once_for_all() {
    let mut setting = Setting::new(&[2, 2, 2, 2, 2, 2, 2, 2], 0);
    setting.wishes.concurrency = 8;
    setting.service.refused_tokens = 1;
    setting.by_seeds(|story, project| {
        check(story, project, &setting.wishes, &setting.service);
        assert_eq!(story.tokens, 2, "{:#?}", story.told);
    });
}

#[test]
fn an_item_that_fails_ends_the_run_and_the_next_one_resumes() {
    let mut setting = Setting::new(&[3, 3, 3, 3], 1);
    setting.service.failing = Some(2);
    setting.by_seeds(|story, project| {
        let Ending::Failed(finding) = &story.outcome.ending else { panic!("{:?}", story.outcome.ending) };
        assert!(
            finding.message.starts_with("item 3 of 4 of loop `items`: step `pull`"),
            "{}",
            finding.message
        );
        assert_eq!((story.lines.as_ref(), story.watermarks.len()), (None, 0), "{:#?}", story.told);
        // The service has changed its mind.
        let mended = Service { failing: None, ..setting.service.clone() };
        let asked = Asked::new(mended.clone());
        let choices = &mut Choices::seed(1);
        let (kill_at, interrupt_at) = (None, None);
        let history = History { project, asked, choices, kills: 0, kill_at, interrupt_at, told: vec![] };
        check(&history.play(), project, &setting.wishes, &mended);
    });
}

#[test]
fn an_item_that_is_left_out_leaves_nothing() {
    let mut setting = Setting::new(&[3, 3, 3, 3], 2);
    setting.wishes.on_error = OnItemError::Skip;
    setting.service.failing = Some(2);
    setting.by_seeds(|story, project| {
        let Ending::Incomplete(missing) = &story.outcome.ending else { panic!("{:?}", story.outcome.ending) };
        assert_eq!(missing.len(), 1, "{missing:?}");
        assert!(missing[0].message.starts_with("left out: item 3 of 4 of loop `items`"), "{missing:?}");
        assert_eq!(story.lines, Some(setting.service.lines(Some(2))), "{:#?}", story.told);
        let kept: Vec<&str> = story.watermarks.iter().map(|(per, _)| per.as_str()).collect();
        assert_eq!(kept, ["0", "1", "3"], "{:#?}", story.told);
        assert_eq!(project.leftovers(), Vec::<String>::new());
    });
}

#[test]
fn a_mark_that_an_item_broke_does_not_hold() {
    let mut setting = Setting::new(&[3, 3, 3, 3], 2);
    setting.wishes.on_error = OnItemError::Skip;
    setting.wishes.per_item = false;
    setting.service.failing = Some(2);
    setting.by_seeds(|story, _| assert_eq!(story.watermarks, [], "{:#?}", story.told));
}

#[test]
fn the_wish_to_stop_ends_the_run_and_the_next_one_resumes() {
    let setting = Setting::new(&[3, 7, 4, 5], 0);
    let runtime = runtime();
    let _entered = runtime.enter();
    let project = Project::new(&setting.wishes);
    let (began, mut seed) = (Instant::now(), 0);
    while began.elapsed() < patience() || seed < 20 {
        project.clear();
        let asked = Asked::new(setting.service.clone());
        let (mut choices, at) = (Choices::seed(seed), Some(usize::try_from(seed).unwrap() % 40 + 4));
        let history = History {
            project: &project,
            asked: asked.clone(),
            choices: &mut choices,
            kills: 0,
            kill_at: None,
            interrupt_at: at,
            told: vec![],
        };
        let story = history.play();
        assert!(!story.is_complete(), "seed {seed}: {:#?}", story.told);
        let story = {
            let (kill_at, interrupt_at) = (None, None);
            let (project, choices) = (&project, &mut choices);
            History { project, asked, choices, kills: 0, kill_at, interrupt_at, told: vec![] }.play()
        };
        check(&story, &project, &setting.wishes, &setting.service);
        seed += 1;
    }
}

#[test]
fn an_item_that_panics_does_not_hang_the_others() {
    let mut setting = Setting::new(&[3, 3, 3, 3], 0);
    setting.service.panics_at = Some(1);
    let runtime = runtime();
    let _entered = runtime.enter();
    let project = Project::new(&setting.wishes);
    for seed in 0..20 {
        let played = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            play(&project, &setting.service, &mut Choices::seed(seed), 0)
        }));
        let panic = played.expect_err("it panics");
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"as the test wishes"));
    }
}

#[test]
fn a_driver_that_nobody_wakes_is_noticed() {
    let runtime = runtime();
    let _entered = runtime.enter();
    let setting = Setting::new(&[1], 0);
    let project = Project::new(&setting.wishes);
    // A step that waits for a target that has no room and never will.
    FEW_BYTES.set(Some(0));
    let played = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        play(&project, &setting.service, &mut Choices::seed(1), 0)
    }));
    FEW_BYTES.set(None);
    let panic = played.expect_err("it hangs");
    let message = panic.downcast_ref::<String>().cloned().unwrap_or_default();
    assert!(message.starts_with("it hangs: nobody can go on"), "{message}");
}
