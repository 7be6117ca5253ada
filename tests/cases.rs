//! The tests of the whole program, one binary.
//!
//! A case is a folder of data under `tests/cases/`: see `support/case.rs` for what may be in it. `cargo test --test cases`
//! runs all of them, `cargo test --test cases NAME` those with NAME in their path, and
//! `BLESS=1 cargo test --test cases NAME` writes what they got as what is expected: read the diff before it is committed.

mod support;

use std::process::ExitCode;

use libtest_mimic::Arguments;
use support::{
    architecture, closed_sets, comparison, conformance, coverage, documents, errors, examples, folder,
    frozen_state, mutation, secrets, usage, virtual_clock, zoho_guide,
};

/// Cases wait for servers more than they compute.
const THREADS: usize = 4;

fn main() -> ExitCode {
    if let Some(exit) = virtual_clock::run_if_asked() {
        return exit;
    }
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(THREADS);
    let mut trials = folder::trials();
    trials.extend(architecture::trials());
    trials.extend(closed_sets::trials());
    trials.extend(comparison::trials());
    trials.extend(conformance::trials());
    trials.extend(coverage::trials());
    trials.extend(documents::trials());
    trials.extend(errors::trials());
    trials.extend(examples::trials());
    trials.extend(frozen_state::trials());
    trials.extend(mutation::trials());
    trials.extend(secrets::trials());
    trials.extend(usage::trials());
    trials.extend(zoho_guide::trials());
    libtest_mimic::run(&arguments, trials).exit_code()
}
