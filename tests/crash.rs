//! What a run promises whatever happens to it, held against the real program: killed at any instant, at every point,
//! on a full disk, beside another run.
//!
//! `cargo test --features fault-points --test crash` runs all of it; `scripts/crash --kills 1000` many more kills.
//! `BLESS=1` writes the order of points that a run had as what is expected: read the diff before it is committed.

#[path = "crash/clock.rs"]
mod clock;
#[path = "crash/content.rs"]
mod content;
#[path = "crash/disk.rs"]
mod disk;
#[path = "crash/faults.rs"]
mod faults;
#[path = "crash/kills.rs"]
mod kills;
#[path = "crash/overlaps.rs"]
mod overlaps;
#[path = "crash/points.rs"]
mod points;
#[path = "crash/project.rs"]
mod project;
#[path = "crash/rotation.rs"]
mod rotation;
#[path = "rotation/service.rs"]
#[expect(dead_code, reason = "tests/token_store.rs uses what is not used here")]
mod rotation_service;
#[path = "crash/service.rs"]
mod service;
#[path = "crash/variant.rs"]
mod variant;

use std::process::ExitCode;

use libtest_mimic::Arguments;

/// Runs wait for the server and the disk more than they compute.
const THREADS: usize = 4;

fn main() -> ExitCode {
    if let Some(exit) = clock::run_if_asked() {
        return exit;
    }
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(THREADS);
    let mut trials = kills::trials();
    trials.extend(points::trials());
    trials.extend(faults::trials());
    trials.extend(overlaps::trials());
    trials.extend(rotation::trials());
    let conclusion = libtest_mimic::run(&arguments, trials);
    kills::print_table();
    rotation::print_figures();
    conclusion.exit_code()
}
