//! Signals: the first asks the run to stop, the second ends the process.

use std::io::Write;

use super::exit::Exit;
use super::terminal::Output;
use crate::run::interrupt::{GRACE, Interrupter};

/// Listens for SIGINT, SIGTERM and SIGHUP (a closed terminal) for as long as the run lasts; a person is told.
pub(super) async fn listen(interrupter: Interrupter, mut person: Option<Output>) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()), signal(SignalKind::hangup()))
    else {
        // Without handlers the signals end the process at once, which leaves nothing half-written either.
        std::future::pending::<()>().await;
        return;
    };
    let mut wished = false;
    loop {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
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
