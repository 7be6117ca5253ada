//! Kills at random instants: what they leave, and that the runs after them finish the job.
//!
//! `CRASH_KILLS` says how many kills a kind of target gets, `CRASH_SEED` what chance starts from.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use libtest_mimic::Trial;

use crate::project::{Project, Ran, Visible, Wishes, finish};
use crate::service::{REQUESTS, Service};
use crate::variant::{Place, VARIANTS, Variant};

const KILLS: u64 = 50;
/// Rounds of a project, after which a new one begins.
const ROUNDS: u64 = 3;
/// Kills in one round, after which a run is let through.
const KILLS_IN_A_ROUND: u64 = 8;

static TABLE: Mutex<BTreeMap<&str, Figures>> = Mutex::new(BTreeMap::new());

/// What was seen of a variant.
#[derive(Debug, Clone, Copy, Default)]
struct Figures {
    kills: u64,
    rounds: u64,
    resumed: u64,
    recovered: u64,
    lost: usize,
    doubled: usize,
}

pub(crate) fn trials() -> Vec<Trial> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let kills = number("CRASH_KILLS").unwrap_or(KILLS);
    let seed = number("CRASH_SEED").unwrap_or_else(|| fastrand::u64(..1_000_000));
    let kind = |variant: &Variant| variant.name.split('_').next().unwrap_or_default().to_owned();
    let trial = |variant: Variant| {
        let siblings = VARIANTS.iter().filter(|other| kind(other) == kind(&variant)).count() as u64;
        // Two targets at once get a share like one of theirs.
        let wanted = kills.div_ceil(siblings.max(3));
        Trial::test(format!("kills/{}", variant.name), move || {
            let mut killing = Killing::new(variant, seed);
            let outcome = killing.until(wanted);
            let mut table = TABLE.lock().unwrap_or_else(PoisonError::into_inner);
            table.insert(variant.name, killing.figures);
            Ok(outcome.map_err(|why| format!("CRASH_SEED={seed}: {why}"))?)
        })
    };
    VARIANTS.into_iter().map(trial).collect()
}

/// Prints what was seen, if anything was.
pub(crate) fn print_table() {
    let table = TABLE.lock().unwrap_or_else(PoisonError::into_inner);
    if table.is_empty() {
        return;
    }
    println!(
        "{:<26}{:>7}{:>8}{:>9}{:>11}{:>6}{:>9}",
        "target", "kills", "rounds", "resumed", "recovered", "lost", "doubled"
    );
    let mut all = Figures::default();
    let line = |name: &str, figures: &Figures| {
        let Figures { kills, rounds, resumed, recovered, lost, doubled } = figures;
        println!("{name:<26}{kills:>7}{rounds:>8}{resumed:>9}{recovered:>11}{lost:>6}{doubled:>9}");
    };
    for (name, figures) in table.iter() {
        line(name, figures);
        all.kills += figures.kills;
        all.rounds += figures.rounds;
        all.resumed += figures.resumed;
        all.recovered += figures.recovered;
        all.lost += figures.lost;
        all.doubled += figures.doubled;
    }
    line("all", &all);
}

/// What an unbroken project shows after each round, and how long a round took.
struct Unbroken {
    visible: Vec<Visible>,
    took: Duration,
}

/// When a run dies.
#[derive(Debug, Clone, Copy)]
enum Instants {
    /// So long after its start.
    After(Duration),
    /// So long after so many requests.
    AfterRequests(u64, Duration),
    /// So long after the last page: while it lands.
    AfterLastPage(Duration),
}

struct Killing {
    variant: Variant,
    random: fastrand::Rng,
    service: Service,
    figures: Figures,
}

impl Killing {
    fn new(variant: Variant, seed: u64) -> Self {
        let own =
            variant.name.bytes().fold(seed, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)));
        let figures = Figures::default();
        Self { variant, random: fastrand::Rng::with_seed(own), service: Service::start(), figures }
    }

    fn until(&mut self, wanted: u64) -> Result<(), String> {
        let unbroken = self.unbroken()?;
        while self.figures.kills < wanted {
            let project = Project::new(self.variant);
            for round in 1..=ROUNDS {
                self.service.set_round(round);
                self.round(&project, round, &unbroken)?;
            }
        }
        Ok(())
    }

    fn unbroken(&self) -> Result<Unbroken, String> {
        let project = Project::new(self.variant);
        let mut visible = vec![project.visible()?];
        let started = Instant::now();
        for round in 1..=ROUNDS {
            self.service.set_round(round);
            project.run_well(&self.service, &Wishes::default())?;
            project.check_complete(round)?;
            visible.push(project.visible()?);
        }
        Ok(Unbroken { visible, took: started.elapsed() / u32::try_from(ROUNDS).unwrap_or(1) })
    }

    /// One round: kills, and then a run that is let through.
    fn round(&mut self, project: &Project, round: u64, unbroken: &Unbroken) -> Result<(), String> {
        let place = usize::try_from(round).unwrap_or(0);
        let [before, after] = [&unbroken.visible[place - 1], &unbroken.visible[place]];
        self.figures.rounds += 1;
        for _ in 0..KILLS_IN_A_ROUND {
            if self.random.f64() < 0.2 {
                break;
            }
            let instant = self.instant(unbroken.took);
            let wishes = Wishes { checkpoint_ms: Some(self.random.u64(..6)), ..Wishes::default() };
            let ran = self.killed(project, &wishes, instant)?;
            if !ran.was_killed() {
                // It was over before. The next one in this round would find nothing new.
                self.note(&ran.expect(0).map_err(|why| format!("{instant:?}: {why}"))?);
                return self.compare(project, round, after).map_err(|why| format!("{instant:?}: {why}"));
            }
            self.figures.kills += 1;
            self.look(project, [before, after]).map_err(|why| format!("killed at {instant:?}: {why}"))?;
        }
        let ran = project.run_well(&self.service, &Wishes::default())?;
        self.note(&ran);
        if ran.err.contains("could not go on") {
            return Err(ran.err);
        }
        self.compare(project, round, after)
    }

    fn instant(&mut self, took: Duration) -> Instants {
        let micros = |random: &mut fastrand::Rng, most: Duration| {
            Duration::from_micros(random.u64(..=u64::try_from(most.as_micros()).unwrap_or(1)))
        };
        match self.random.u8(..10) {
            0 | 1 => Instants::After(micros(&mut self.random, took)),
            2..=5 => {
                let requests = self.random.u64(1..=REQUESTS);
                Instants::AfterRequests(requests, micros(&mut self.random, Duration::from_millis(4)))
            }
            _ => Instants::AfterLastPage(micros(&mut self.random, took / 4)),
        }
    }

    fn killed(&self, project: &Project, wishes: &Wishes, instant: Instants) -> Result<Ran, String> {
        let (requests, last_pages) = (self.service.requests(), self.service.last_pages());
        let started = Instant::now();
        let mut child = project.start(&self.service, wishes);
        let (is_reached, then): (Box<dyn Fn() -> bool>, Duration) = match instant {
            Instants::After(time) => (Box::new(|| true), time),
            Instants::AfterRequests(count, time) => {
                (Box::new(move || self.service.requests() >= requests + count), time)
            }
            Instants::AfterLastPage(time) => (Box::new(move || self.service.last_pages() > last_pages), time),
        };
        while !is_reached() && !child.has_ended()? {
            std::thread::sleep(Duration::from_micros(200));
        }
        std::thread::sleep(then);
        child.kill();
        finish(child, started)
    }

    /// What a killed run left: the old or the new, nothing between.
    fn look(&mut self, project: &Project, [before, after]: [&Visible; 2]) -> Result<(), String> {
        // Reading a database finishes what was cut off in it, which river is to find as well: not each time.
        let reads_databases = self.random.u8(..4) == 0;
        for (index, (_, place)) in self.variant.targets.iter().enumerate() {
            match place {
                Place::Table(_) if !reads_databases => continue,
                // A folder of files changes file by file.
                Place::Folder(_) => continue,
                Place::Table(_) | Place::File(_) => {}
            }
            let content = crate::content::read(project.root(), *place)?;
            if content != before.targets[index] && content != after.targets[index] {
                return Err(format!("neither the old nor the new is visible: {content:#?}"));
            }
        }
        if reads_databases {
            let watermark = project.watermark()?;
            if watermark != before.watermark && watermark != after.watermark {
                return Err(format!("the watermark is {watermark:?}"));
            }
        }
        Ok(())
    }

    fn note(&mut self, ran: &Ran) {
        self.figures.resumed += u64::from(ran.err.contains("goes on where run"));
        self.figures.recovered += u64::from(ran.err.contains("finished what run"));
    }

    fn compare(&mut self, project: &Project, round: u64, after: &Visible) -> Result<(), String> {
        let visible = project.visible()?;
        for content in &visible.targets {
            let (lost, doubled) = crate::content::lost_and_doubled(&self.variant, round, content);
            self.figures.lost += lost;
            self.figures.doubled += doubled;
        }
        project.check_complete(round)?;
        if visible == *after { Ok(()) } else { Err(format!("not as after an unbroken run: {visible:#?}")) }
    }
}
