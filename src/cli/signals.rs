//! Signals: the first asks the run to stop, the second ends the process.

use crate::run::interrupt::Interrupter;

use super::exit::Exit;

/// Listens for SIGINT, SIGTERM and SIGHUP (a closed terminal) for as long as the run lasts.
pub(super) async fn listen(interrupter: Interrupter) {
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
        interrupter.interrupt();
    }
}
