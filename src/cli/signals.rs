//! Signals: the first asks the run to stop, the second ends the process. The sandbox stops at the first.

use std::io::{self, Write};

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::exit::Exit;
use super::terminal::Output;
use crate::run::interrupt::{GRACE, Interrupter};

/// The signals that ask to stop: SIGINT, SIGTERM, and SIGHUP of a closed terminal.
pub(super) struct Signals([Signal; 3]);

impl Signals {
    /// From now on they do not end the process by themselves.
    pub(super) fn catch() -> io::Result<Self> {
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let [interrupt, terminate, hangup] = kinds.map(signal);
        Ok(Self([interrupt?, terminate?, hangup?]))
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}

/// Listens for as long as the run lasts; a person is told.
pub(super) async fn listen(interrupter: Interrupter, mut person: Option<Output>) {
    let Ok(mut signals) = Signals::catch() else {
        // Without handlers the signals end the process at once, which leaves nothing half-written either.
        std::future::pending::<()>().await;
        return;
    };
    let mut wished = false;
    loop {
        signals.next().await;
        if wished {
            std::process::exit(i32::from(Exit::Interrupted.code()));
        }
        wished = true;
        // Whoever pressed the keys should know what is waited for; if that cannot be written, nobody is there.
        if let Some(err) = &mut person {
            let seconds = GRACE.as_secs();
            let _ =
                writeln!(err, "interrupted: a request in flight has {seconds} s; once more to stop at once");
        }
        interrupter.interrupt();
    }
}
