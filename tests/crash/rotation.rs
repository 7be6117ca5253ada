//! Refresh tokens that are good once: whatever kills a run, the next one can go on without a person.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use river::fault_point::{KILL, RECORD};

use crate::project::{Ran, Running, finish};
use crate::rotation_service::{Mode, PAGES, PIPELINE, Service};

const KILLS: u64 = 500;
/// Trials that share the kills; each has a project of its own.
const PARTS: u64 = 4;
/// Runs that are killed one after the other before one is let through.
const KILLS_IN_A_ROUND: u64 = 6;

static FIGURES: Mutex<Figures> = Mutex::new(Figures { kills: 0, completed: 0, refreshes: 0, left: 0 });

#[derive(Debug, Clone, Copy)]
struct Figures {
    kills: u64,
    completed: u64,
    refreshes: usize,
    /// Kills that left tokens without their name.
    left: u64,
}

pub(crate) fn trials() -> Vec<Trial> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let kills = number("CRASH_KILLS").unwrap_or(KILLS).div_ceil(PARTS);
    let seed = number("CRASH_SEED").unwrap_or_else(|| fastrand::u64(..1_000_000));
    let parts = (1..=PARTS).map(|part| {
        Trial::test(format!("kills/rotation_{part}"), move || {
            let outcome = Killing::new(seed.wrapping_mul(31).wrapping_add(part)).until(kills);
            Ok(outcome.map_err(|why| format!("CRASH_SEED={seed}: {why}"))?)
        })
    });
    let points = [("graceful", Mode::Graceful), ("strict", Mode::Strict)]
        .map(|(name, mode)| Trial::test(format!("points/rotation_{name}"), move || Ok(points(mode)?)));
    let order = Trial::test("order/rotation", || Ok(order()?));
    parts.chain(points).chain([order]).collect()
}

/// Prints what was seen, if anything was.
pub(crate) fn print_figures() {
    let figures = *FIGURES.lock().unwrap_or_else(PoisonError::into_inner);
    if figures.kills > 0 {
        println!(
            "rotation: {} kills, {} runs completed, {} refresh tokens used up, {} kills left tokens without their name, none lost",
            figures.kills, figures.completed, figures.refreshes, figures.left
        );
    }
}

/// A project with one pipeline and the service that it asks.
struct Project {
    folder: tempfile::TempDir,
    service: Service,
}

impl Project {
    fn new(mode: Mode) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("pull.yaml"), PIPELINE.replace("NAME", "pull")).expect("a file");
        let service = Service::start(mode, folder.path());
        Self { folder, service }
    }

    /// Starts a run that has to refresh before anything else.
    fn start(&self, environment: &[(&str, String)]) -> Running {
        self.service.expire();
        let mut command = Command::new(env!("CARGO_BIN_EXE_river"));
        command.env_clear().envs(self.service.environment()).envs(environment.iter().cloned());
        command.current_dir(self.folder.path()).args(["run", "pull", "-q"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        Running::new(command.spawn().expect("river starts"))
    }

    fn run(&self, environment: &[(&str, String)]) -> Result<Ran, String> {
        finish(self.start(environment), Instant::now())
    }

    /// Runs to a good end, which leaves nothing behind.
    fn run_well(&self) -> Result<(), String> {
        self.run(&[])?.expect(0).map_err(|why| format!("{why}\n{}", self.service.story()))?;
        self.service.check_kept()?;
        self.check_files(0)
    }

    /// How many files without their name there are.
    fn unnamed(&self) -> usize {
        self.files("tmp")
    }

    fn files(&self, ending: &str) -> usize {
        let files = fs::read_dir(self.folder.path().join(".river/tokens")).into_iter().flatten().flatten();
        files.filter(|file| file.path().extension().is_some_and(|found| found == ending)).count()
    }

    fn check_files(&self, most_unnamed: usize) -> Result<(), String> {
        let found = ["json", "lock", "tmp", "damaged"].map(|ending| self.files(ending));
        let [json, lock, tmp, damaged] = found;
        if json <= 1 && lock <= 1 && tmp <= most_unnamed && damaged == 0 {
            return Ok(());
        }
        Err(format!("{found:?} files of json, lock, tmp, damaged"))
    }

    fn record(&self) -> Result<Vec<String>, String> {
        let path: PathBuf = self.folder.path().join("points.txt");
        let _ = fs::remove_file(&path);
        self.run(&[(RECORD, path.display().to_string())])?.expect(0)?;
        let text = fs::read_to_string(&path).map_err(|error| error.to_string())?;
        Ok(text.lines().filter(|line| line.starts_with("token")).map(str::to_owned).collect())
    }
}

struct Killing {
    random: fastrand::Rng,
    project: Project,
    kills: u64,
    completed: u64,
    left: u64,
}

impl Killing {
    fn new(seed: u64) -> Self {
        let random = fastrand::Rng::with_seed(seed);
        Self { random, project: Project::new(Mode::Graceful), kills: 0, completed: 0, left: 0 }
    }

    fn until(&mut self, wanted: u64) -> Result<(), String> {
        let started = Instant::now();
        self.project.run_well()?;
        let (took, events) = (started.elapsed(), self.project.service.happened());
        while self.kills < wanted {
            for _ in 0..self.random.u64(1..=KILLS_IN_A_ROUND) {
                self.kill(took, events)?;
            }
            self.project.run_well()?;
            self.completed += 1;
        }
        let mut figures = FIGURES.lock().unwrap_or_else(PoisonError::into_inner);
        figures.kills += self.kills;
        figures.completed += self.completed;
        figures.left += self.left;
        figures.refreshes += self.project.service.refreshes();
        Ok(())
    }

    /// Kills a run at an instant; most of them soon after something happened at the service.
    fn kill(&mut self, took: Duration, events: usize) -> Result<(), String> {
        let before = self.project.service.happened();
        let (events, most) = match self.random.u8(..10) {
            0 => (0, took),
            _ => (self.random.usize(1..=events), Duration::from_millis(4)),
        };
        let then = Duration::from_micros(self.random.u64(..=u64::try_from(most.as_micros()).unwrap_or(1)));
        let mut child = self.project.start(&[]);
        while self.project.service.happened() < before + events && !child.has_ended()? {
            std::thread::sleep(Duration::from_micros(50));
        }
        std::thread::sleep(then);
        child.kill();
        let ran = finish(child, Instant::now())?;
        let tell =
            |why| format!("killed {then:?} after {events} events: {why}\n{}", self.project.service.story());
        if !ran.was_killed() {
            ran.expect(0).map_err(tell)?;
            self.completed += 1;
            return Ok(());
        }
        self.kills += 1;
        self.left += u64::from(self.project.unnamed() > 0);
        self.project.service.check_kept().and_then(|()| self.project.check_files(1)).map_err(tell)
    }
}

/// A run dies at each point around tokens, and the next one completes.
fn points(mode: Mode) -> Result<(), String> {
    let points = {
        let project = Project::new(mode);
        project.run_well()?;
        project.record()?
    };
    for place in 0..points.len() {
        let name = &points[place];
        let time = points[..=place].iter().filter(|point| *point == name).count();
        let tell = |why| format!("killed at `{name}:{time}`: {why}");
        let project = Project::new(mode);
        project.run_well().map_err(tell)?;
        let ran = project.run(&[(KILL, format!("{name}:{time}"))]).map_err(tell)?;
        if !ran.was_killed() {
            return Err(tell(format!("it was not: {ran:?}")));
        }
        project.service.check_kept().and_then(|()| project.check_files(1)).map_err(tell)?;
        // Nobody can write down what was read in no time at all: then a person is told what happened.
        if mode == Mode::Strict && name == "token answered" {
            let ran = project.run(&[]).and_then(|ran| ran.expect(6)).map_err(tell)?;
            ran.says("may have been the only copy").map_err(tell)?;
        } else {
            project.run_well().map_err(tell)?;
        }
    }
    Ok(())
}

/// The order in which a refresh does things, for each of the run.
fn order() -> Result<(), String> {
    let project = Project::new(Mode::Strict);
    project.run_well()?;
    let found = project.record()?;
    let golden = include_str!("order/rotation.txt").lines();
    let expected: Vec<&str> = golden.cycle().take(found.len()).collect();
    if found == expected && found.len() as u64 == PAGES / 2 * 7 {
        return Ok(());
    }
    Err(format!("expected, again and again:\n{expected:#?}\nfound:\n{found:#?}"))
}
