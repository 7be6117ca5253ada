//! Signals: the first asks the run to stop, the second ends the process. The sandbox stops at the first.

use std::io::{self, Write};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, sleep_until};

use super::exit::Exit;
use super::terminal::Output;
use crate::fault_point::patience;
use crate::run::interrupt::{Interrupter, grace};

/// How long a run may take to stop, whatever blocks: a disk, a program that is to print a secret, another process.
fn longest_stop() -> Duration {
    patience(Duration::from_secs(10))
}

/// The same while a token is asked for: the answer may be the only copy of a refresh token.
fn longest_exchange() -> Duration {
    patience(Duration::from_secs(60))
}

/// How long a last word may take: whoever reads standard error may have stopped reading.
const LAST_WORD: Duration = Duration::from_millis(500);

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

/// Listens from now on, on a thread of its own: nothing that the run does can make it deaf. A person is told what is
/// waited for. Without handlers the signals end the process at once, which leaves nothing half-written either.
pub(super) fn listen(interrupter: Interrupter, person: Option<Output>, err: Output) {
    let (ready, listens) = mpsc::channel();
    let work = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let signals = Signals::catch()?;
            // Whoever waits for this is there, or has gone.
            let _ = ready.send(());
            wait(signals, &interrupter, person, &err).await;
            Ok(())
        })
    };
    let _ = thread::Builder::new().name("signals".to_owned()).spawn(move || -> io::Result<()> { work() });
    // It listens before anything is locked or asked for. An error means that nobody listens.
    let _ = listens.recv();
}

async fn wait(mut signals: Signals, interrupter: &Interrupter, person: Option<Output>, err: &Output) {
    signals.next().await;
    interrupter.interrupt();
    // Whoever pressed the keys should know what is waited for.
    if let Some(person) = person {
        let seconds = grace().as_secs();
        say(&person, format!("interrupted: a request in flight has {seconds} s; once more to stop at once"));
    }

    let began = Instant::now();
    let stopped = tokio::select! {
        () = signals.next() => true,
        () = sleep_until(began + longest_stop()) => false,
    };
    if stopped || !interrupter.is_asking_for_a_token() {
        end(stopped, err);
    }
    let seconds = longest_exchange().as_secs();
    say(
        err,
        format!(
            "a token is being asked for, and its answer may be the only copy: waiting for it, up to {seconds} s"
        ),
    );
    let stopped = tokio::select! {
        () = signals.next() => true,
        () = sleep_until(began + longest_exchange()) => false,
        () = interrupter.has_its_token() => {
            // What came is kept; the run has a moment to end by itself.
            tokio::time::sleep(grace()).await;
            false
        }
    };
    end(stopped, err);
}

/// Ends the process. A run can be ended at any instant: what it wrote down is whole, and the next one resumes there.
fn end(by_signal: bool, err: &Output) -> ! {
    if !by_signal {
        let seconds = longest_stop().as_secs();
        let why = format!(
            "interrupted: ended although something was still going on after {seconds} s; nothing is half written, and the next run goes on from what is durable"
        );
        say(err, why);
    }
    std::process::exit(i32::from(Exit::Interrupted.code()));
}

/// Says something, unless nobody listens.
fn say(err: &Output, text: String) {
    let (said, done) = mpsc::channel();
    let mut err = err.clone();
    let saying = thread::Builder::new().spawn(move || {
        let _ = writeln!(err, "{text}");
        let _ = said.send(());
    });
    if saying.is_ok() {
        let _ = done.recv_timeout(LAST_WORD);
    }
}
