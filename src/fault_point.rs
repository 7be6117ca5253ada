//! Named instants at which a process can die, for the crash tests; nothing at all without the feature `fault-points`.
//!
//! With the feature, the environment says what happens: `RIVER_FAULT_RECORD` names a file to which each point that is
//! reached is added as a line, `RIVER_FAULT_KILL` the point (`NAME` or `NAME:N`, the N-th time it is reached) at which
//! the process kills itself with SIGKILL, `RIVER_FAULT_STOP` one at which it stops with SIGSTOP until somebody lets it go
//! on, `RIVER_FAULT_CHECKPOINT_MS` how long a run goes between two checkpoints, and `RIVER_FAULT_HURRY` how many times
//! sooner than usual what blocks is given up after a signal. No part may decide anything by what is here.

macro_rules! points {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal,)+) => {
        /// An instant: what its name says has just been done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum FaultPoint { $($(#[doc = $doc])+ $name,)+ }

        impl FaultPoint {
            /// Its name in the environment and in recordings.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }
        }
    };
}

points! {
    /// The database of the state is complete under another name.
    StateMade = "state made",
    /// The database of the state has its name.
    StateNamed = "state named",
    /// A lock is held.
    Locked = "locked",
    /// The run is in the state.
    RunBegun = "run begun",
    /// The folder for spools is there.
    StageMade = "stage made",
    /// The hidden file beside the target is there.
    StagingMade = "staging made",
    /// A spool is there.
    SpoolMade = "spool made",
    /// Lines left the buffer.
    LinesWritten = "lines written",
    /// The bytes of a spool are durable.
    SpoolSynced = "spool synced",
    /// The entries of the folder of spools are durable.
    StageSynced = "stage synced",
    /// The bytes of a hidden file are durable.
    StagingSynced = "staging synced",
    /// The name of a hidden file is durable.
    StagingNamed = "staging named",
    /// The folders of a hidden tree are durable.
    TreeSynced = "tree synced",
    /// How far the run got is in the state.
    Checkpointed = "checkpointed",
    /// The items of a loop are written down, durably.
    ItemsSynced = "items synced",
    /// The list of a loop's items is removed.
    ItemsRemoved = "items removed",
    /// All targets are prepared.
    Prepared = "prepared",
    /// What lands is in the state, with the watermarks.
    Decided = "decided",
    /// Rows are in a transaction that is not committed.
    RowsLoaded = "rows loaded",
    /// Rows are in the database.
    RowsCommitted = "rows committed",
    /// A hidden file has its own name.
    Renamed = "renamed",
    /// The name of a target is durable.
    NameSynced = "name synced",
    /// A file that another takes the place of is gone.
    Superseded = "superseded",
    /// One target has landed, and the state says so.
    LandingNoted = "landing noted",
    /// Spools and hidden folders are gone.
    ScratchCleared = "scratch cleared",
    /// What a run left is removed.
    LeftoversRemoved = "leftovers removed",
    /// The run has ended, in the state as well.
    RunEnded = "run ended",
    /// There is room on the disk for the tokens that a request is about to bring.
    TokenReserved = "token reserved",
    /// The last byte of an answer with tokens is read; they are nowhere else yet.
    TokenAnswered = "token answered",
    /// Tokens are in a file, under another name.
    TokenWritten = "token written",
    /// They are on the disk.
    TokenSynced = "token synced",
    /// They have their name.
    TokenRenamed = "token renamed",
    /// Their name is on the disk.
    TokenKept = "token kept",
    /// A kept access token is about to be used.
    TokenReady = "token ready",
    /// Tokens are gone, on the disk as well.
    TokenRemoved = "token removed",
}

#[cfg(feature = "fault-points")]
pub use active::{CHECKPOINT_MS, KILL, RECORD, STOP, between_checkpoints, patience, reach};
#[cfg(not(feature = "fault-points"))]
pub use inactive::{between_checkpoints, patience, reach};

#[cfg(not(feature = "fault-points"))]
mod inactive {
    use std::time::Duration;

    use super::FaultPoint;

    /// Does nothing.
    #[inline]
    pub const fn reach(_point: FaultPoint) {}

    /// The usual time.
    #[inline]
    pub const fn between_checkpoints(usual: Duration) -> Duration {
        usual
    }

    /// The usual time.
    #[inline]
    pub const fn patience(usual: Duration) -> Duration {
        usual
    }
}

#[cfg(feature = "fault-points")]
mod active {
    use std::fs::OpenOptions;
    use std::io::Write;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use rustix::process::{Signal, getpid, kill_process};

    use super::FaultPoint;

    /// The file that gets a line for each point.
    pub const RECORD: &str = "RIVER_FAULT_RECORD";
    /// The point at which the process kills itself.
    pub const KILL: &str = "RIVER_FAULT_KILL";
    /// The point at which the process stops.
    pub const STOP: &str = "RIVER_FAULT_STOP";
    /// The time between two checkpoints, in milliseconds.
    pub const CHECKPOINT_MS: &str = "RIVER_FAULT_CHECKPOINT_MS";
    /// How many times sooner than usual what blocks is given up after a signal.
    const HURRY: &str = "RIVER_FAULT_HURRY";

    /// How often the deadly point was reached, and the one at which it stops.
    static REACHED: [AtomicU64; 2] = [AtomicU64::new(0), AtomicU64::new(0)];

    /// Records that a point is reached, and dies there if it is the one.
    pub fn reach(point: FaultPoint) {
        if let Some(path) = std::env::var_os(RECORD) {
            let file = OpenOptions::new().create(true).append(true).open(path);
            // One write a line, so that threads do not mix.
            let _ = file.and_then(|mut file| file.write_all(format!("{}\n", point.name()).as_bytes()));
        }
        if is_it(point, STOP, &REACHED[0]) {
            let _ = kill_process(getpid(), Signal::STOP);
        }
        if is_it(point, KILL, &REACHED[1]) {
            let _ = kill_process(getpid(), Signal::KILL);
            // The signal ends the process before this thread goes on, or a moment later.
            loop {
                std::thread::park();
            }
        }
    }

    fn is_it(point: FaultPoint, variable: &str, reached: &AtomicU64) -> bool {
        let Ok(wanted) = std::env::var(variable) else { return false };
        let (name, number) = wanted.split_once(':').unwrap_or((&wanted, "1"));
        name == point.name() && Ok(reached.fetch_add(1, Ordering::SeqCst) + 1) == number.parse()
    }

    /// The time that the environment gives, or the usual one.
    pub fn between_checkpoints(usual: Duration) -> Duration {
        let given = std::env::var(CHECKPOINT_MS).ok().and_then(|text| text.parse().ok());
        given.map_or(usual, Duration::from_millis)
    }

    /// The usual time, or a part of it.
    pub fn patience(usual: Duration) -> Duration {
        let times = std::env::var(HURRY).ok().and_then(|text| text.parse().ok());
        times.map_or(usual, |times: u32| usual / times.max(1))
    }
}
