//! What goes wrong, by a seed: always the same for the same one.

use std::time::Duration;

use fastrand::Rng;
use river_sandbox::{Fault, Options};

/// What a run survives if it does not happen too often at one page.
const SURVIVABLE: &[&str] = &[
    "status=429",
    "status=429:1",
    "status=500",
    "status=502",
    "status=503",
    "status=503:2",
    "status=504",
    "html-error",
    "reset",
    "reset-body",
    "truncate",
];
/// A page is tried six times.
const MOST_FAULTS_OF_A_PAGE: u32 = 3;
const PAGES: u32 = 9;

/// The weather of one run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Storm {
    seed: u64,
}

/// How tokens die before their time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Death {
    /// At pages 2 and 3, and so a new one is needed twice.
    AtPages,
    /// After two seconds, of which the first page takes more.
    OfAge,
}

impl Storm {
    pub(crate) fn of(seed: u64) -> Self {
        Self { seed }
    }

    /// A sandbox in that weather.
    pub(crate) fn options(self, leads: u64) -> Options {
        let mut dice = Rng::with_seed(self.seed);
        let churn = dice.u32(5..60).to_string();
        let token_life = match self.death() {
            Death::AtPages => Duration::from_secs(3600),
            Death::OfAge => Duration::from_secs(2),
        };
        Options {
            leads,
            seed: self.seed,
            users: 900,
            token_life,
            churn: churn.parse().ok(),
            faults: self.faults(&mut dice),
            ..Options::default()
        }
    }

    /// Whether tokens live less than the five minutes that are held in reserve of Zoho's hour.
    pub(crate) fn has_short_lived_tokens(self) -> bool {
        self.death() == Death::OfAge
    }

    /// How many tokens a run of three pages needs at least.
    pub(crate) fn tokens(self) -> u64 {
        match self.death() {
            Death::AtPages => 3,
            Death::OfAge => 2,
        }
    }

    fn death(self) -> Death {
        if self.seed.is_multiple_of(4) { Death::OfAge } else { Death::AtPages }
    }

    fn faults(self, dice: &mut Rng) -> Vec<Fault> {
        let mut faults = match self.death() {
            Death::AtPages => vec!["expire@2".to_owned(), "expire@3".to_owned()],
            // Three requests for the first page, each of which takes 700 ms.
            Death::OfAge => ["status=503@1", "reset@1", "delay=700ms@1x3"].map(str::to_owned).into(),
        };
        // Each wait may be longer than a token's two seconds, and a new token after each would be too many.
        let (first, most) = match self.death() {
            Death::AtPages => (1, MOST_FAULTS_OF_A_PAGE),
            Death::OfAge => (3, 1),
        };
        for page in first..=PAGES {
            for _ in 0..dice.u32(..=most) {
                let kind = SURVIVABLE[dice.usize(..SURVIVABLE.len())];
                faults.push(format!("{kind}@{page}"));
            }
            faults.push(format!("delay={}ms@{page}", dice.u32(1..20)));
        }
        for kind in ["status=503", "reset", "truncate", "html-error"] {
            if dice.bool() {
                faults.push(format!("{kind}@token"));
            }
        }
        faults.iter().map(|fault| fault.parse().unwrap()).collect()
    }
}
