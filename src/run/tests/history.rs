//! One history: processes one after the other, each of which may be killed, until a run comes to its end.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use super::choices::Choices;
use super::project::{Project, VirtualClock};
use super::service::Asked;
use crate::run::event::{Event, Listener};
use crate::run::interrupt;
use crate::run::outcome::{Ending, Outcome};
use crate::secret::Redactor;
use crate::state::State;
use crate::threads::virtual_threads::{self, VirtualThread};

/// The longest history, in things that happen.
const LONGEST: usize = 20_000;

/// A history that is being played.
pub(in crate::run) struct History<'h> {
    pub(in crate::run) project: &'h Project,
    pub(in crate::run) asked: Asked,
    pub(in crate::run) choices: &'h mut Choices,
    /// How many processes are killed at the most.
    pub(in crate::run) kills: usize,
    /// When the next process is killed, in things that happen; none: by chance.
    pub(in crate::run) kill_at: Option<usize>,
    /// A wish to stop, in things that happen.
    pub(in crate::run) interrupt_at: Option<usize>,
    /// What happened.
    pub(in crate::run) told: Vec<String>,
}

/// What came of a history.
#[derive(Debug)]
pub(in crate::run) struct Story {
    pub(in crate::run) outcome: Outcome,
    pub(in crate::run) lines: Option<String>,
    pub(in crate::run) rows: Option<String>,
    /// What holds for the next run, by what it is kept per.
    pub(in crate::run) watermarks: Vec<(String, String)>,
    /// How many tokens the service gave.
    pub(in crate::run) tokens: u64,
    /// How many processes there were.
    pub(in crate::run) processes: usize,
    /// How many things happened in the last one.
    pub(in crate::run) length: usize,
    /// How many items were open at a time, at the most.
    pub(in crate::run) most_open: usize,
    pub(in crate::run) told: Vec<String>,
}

/// How a process ended.
enum Ended {
    Run(Box<Outcome>),
    Killed,
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

struct Ears;

impl Listener for Ears {
    fn hear(&mut self, _event: &Event) {}
}

impl History<'_> {
    /// Plays it to its end.
    pub(in crate::run) fn play(mut self) -> Story {
        let (clock, mut processes, mut most_open) = (VirtualClock::default(), 0, 0);
        loop {
            processes += 1;
            assert!(processes < 10, "it does not come to an end: {:#?}", self.told);
            let (ended, length, open) = self.process(&clock);
            most_open = most_open.max(open);
            match ended {
                Ended::Run(outcome) => {
                    let watermarks = self.watermarks();
                    let (lines, rows) =
                        (self.project.read("out/lines.jsonl"), self.project.read("out/rows.csv"));
                    let (told, tokens) = (self.told, self.asked.tokens());
                    return Story {
                        outcome: *outcome,
                        lines,
                        rows,
                        watermarks,
                        tokens,
                        processes,
                        length,
                        most_open,
                        told,
                    };
                }
                Ended::Killed => {
                    self.kills -= 1;
                    self.kill_at = None;
                    self.asked.forget();
                    clock.pass(Duration::from_secs(1));
                }
            }
        }
    }

    /// Plays its first process only; true: it was killed.
    pub(in crate::run) fn first_process(mut self) -> bool {
        match self.process(&VirtualClock::default()).0 {
            Ended::Killed => true,
            Ended::Run(_) => false,
        }
    }

    fn process(&mut self, clock: &VirtualClock) -> (Ended, usize, usize) {
        virtual_threads::want();
        let (interrupter, wish) = interrupt::pair();
        let world = self.project.world(&self.asked, clock, wish);
        let (redactor, mut ears) = (Redactor::default(), Ears);
        let mut threads: Vec<VirtualThread> = vec![];
        let (mut happened, mut most_open) = (0, 0);
        let ended = {
            let mut run = pin!(crate::run::run(&self.project.plan, &world, &redactor, &mut ears));
            let woken = Arc::new(Woken::default());
            let waker = Waker::from(Arc::clone(&woken));
            loop {
                match run.as_mut().poll(&mut Context::from_waker(&waker)) {
                    Poll::Ready(outcome) => break Ended::Run(Box::new(outcome.expect("nothing is missing"))),
                    Poll::Pending if woken.0.swap(false, Ordering::SeqCst) => continue,
                    Poll::Pending => {}
                }
                threads.extend(virtual_threads::take());
                most_open = most_open.max(self.asked.waiting());
                if self.is_killed(happened) {
                    break Ended::Killed;
                }
                if self.interrupt_at == Some(happened) {
                    self.told.push("the wish to stop".to_owned());
                    interrupter.interrupt();
                }
                self.something_happens(&mut threads, clock);
                happened += 1;
                assert!(happened < LONGEST, "it does not come to an end: {:#?}", self.told);
            }
        };
        virtual_threads::kill(threads);
        (ended, happened, most_open)
    }

    fn is_killed(&mut self, happened: usize) -> bool {
        let killed = self.kills > 0
            && match self.kill_at {
                Some(at) => at == happened,
                None => self.choices.one_in(40),
            };
        if killed {
            self.told.push("the process is killed".to_owned());
        }
        killed
    }

    fn something_happens(&mut self, threads: &mut Vec<VirtualThread>, clock: &VirtualClock) {
        let busy: Vec<usize> = (0..threads.len()).filter(|thread| threads[*thread].has_orders()).collect();
        let answers = self.asked.waiting();
        let sleeps = usize::from(clock.has_sleepers());
        let among = busy.len() + answers + sleeps;
        assert!(among > 0, "it hangs: nobody can go on, and nothing is waited for: {:#?}", self.told);
        // A search looks at the orders in which answers arrive and stores end; targets are at once where they can be.
        let eager =
            busy.iter().position(|thread| self.choices.is_search() && threads[*thread].name == "target");
        let choice = eager.unwrap_or_else(|| self.choices.choose(among));
        if choice < busy.len() {
            let name = threads[busy[choice]].name.clone();
            if !threads[busy[choice]].step() {
                drop(threads.remove(busy[choice]));
            }
            self.told.push(format!("{name} {choice}"));
        } else if choice < busy.len() + answers {
            let what = self.asked.answer(choice - busy.len());
            self.told.push(format!("answer to {what}"));
            // A checkpoint is due after a second: after each page in a search, by chance otherwise.
            let is_due = self.choices.is_search() || self.choices.one_in(3);
            clock.pass(Duration::from_secs(u64::from(is_due)));
        } else {
            clock.wake_next();
            self.told.push("time".to_owned());
        }
    }

    fn watermarks(&self) -> Vec<(String, String)> {
        let Ok(Some(state)) = State::open_if_there(&self.project.state()) else { return vec![] };
        let all = state.watermarks(None).unwrap().into_iter().map(|kept| kept.watermark);
        all.map(|mark| (mark.key.per, mark.value)).collect()
    }
}

impl Story {
    /// Whether the run said that everything was done.
    pub(in crate::run) fn is_complete(&self) -> bool {
        matches!(self.outcome.ending, Ending::Complete)
    }
}
