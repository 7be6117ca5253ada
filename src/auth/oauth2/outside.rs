//! What asking for a token needs from outside: time, chance, a way to send, the wish to stop.

use std::future::Future;
use std::time::{Duration, SystemTime};

use crate::auth::store::StoreError;
use crate::http::retry::{GiveUp, built_in, server_asks, wait};
use crate::http::{BuiltIn, Outcome, Request, Response, SendError};
use crate::plan::retry::RetrySettings;

/// Whoever asks for tokens.
pub trait Outside {
    /// Why it stops before there is an answer.
    type Stop;

    /// The time of day.
    fn now(&self) -> SystemTime;

    /// A number in `0..1`.
    fn random(&self) -> f64;

    /// Sends once. It is not given up on the wish to stop: an answer that nobody reads may be the only copy of a
    /// refresh token. The request's own time bounds it.
    fn send(&mut self, request: &Request) -> impl Future<Output = Result<Response, SendError>>;

    /// Waits, or ends at once on the wish to stop.
    fn pause(&mut self, time: Duration) -> impl Future<Output = Result<(), Self::Stop>>;

    /// Does what may take long, or gives it up on the wish to stop. None: it took longer than `patience`.
    fn within<T>(
        &mut self,
        patience: Duration,
        work: impl Future<Output = T>,
    ) -> impl Future<Output = Result<Option<T>, Self::Stop>>;

    /// Hears what happens.
    fn hear(&mut self, notice: Notice<'_>);
}

/// Something that whoever asks may tell a person.
#[derive(Debug)]
pub enum Notice<'a> {
    /// A kept token is used.
    Kept,
    /// Another process asks already.
    WaitingForOther,
    /// A token is asked for.
    Asking(&'a Request),
    /// It is asked for again after a while.
    Retrying {
        /// Why.
        why: String,
        /// After how long.
        wait: Duration,
        /// Which retry it is, from 1.
        retry: u32,
    },
    /// The store has a problem, and things go on.
    Trouble(&'a StoreError),
}

/// There is no answer that says anything.
#[derive(Debug)]
pub enum Unanswered<S> {
    /// Nothing came.
    Failed {
        /// The last try.
        error: SendError,
        /// After how many retries.
        retries: u32,
    },
    /// The wish to stop.
    Stopped(S),
}

impl<S> From<S> for Unanswered<S> {
    fn from(stop: S) -> Self {
        Self::Stopped(stop)
    }
}

/// How often and how patiently a token endpoint is asked again.
const PATIENCE: RetrySettings = RetrySettings {
    max_retries: 4,
    first: Duration::from_secs(1),
    cap: Duration::from_secs(15),
    give_up_after: None,
    longest_wait: Duration::from_secs(60),
    idempotent: Some(true),
};

/// Asks until there is an answer that will not be another one a moment later. `again` says whether a request that may
/// have been received is sent a second time.
pub(super) async fn ask<O: Outside>(
    request: &Request,
    again: bool,
    outside: &mut O,
) -> Result<Response, Unanswered<O::Stop>> {
    outside.hear(Notice::Asking(request));
    let started = outside.now();
    let mut retries = 0;
    loop {
        let sent = outside.send(request).await;
        let outcome = match &sent {
            // Who answers 5xx has not done what was asked.
            Ok(response) => built_in(Outcome::Answered(response.status), true),
            Err(error) => built_in(Outcome::from(error), again),
        };
        let elapsed = outside.now().duration_since(started).unwrap_or_default();
        let asked =
            sent.as_ref().ok().and_then(|response| server_asks(&response.headers, response.received_at));
        let pause: Result<Duration, Option<GiveUp>> = match outcome {
            BuiltIn::Retry => wait(&PATIENCE, retries, elapsed, asked, outside.random()).map_err(Some),
            BuiltIn::Ok | BuiltIn::Fail => Err(None),
        };
        match (pause, sent) {
            (Ok(time), sent) => {
                retries += 1;
                let why = sent.map_or_else(|error| error.to_string(), |response| status_text(&response));
                outside.hear(Notice::Retrying { why, wait: time, retry: retries });
                outside.pause(time).await?;
            }
            (Err(_), Ok(response)) => return Ok(response),
            (Err(_), Err(error)) => return Err(Unanswered::Failed { error, retries }),
        }
    }
}

fn status_text(response: &Response) -> String {
    let reason = response.status.canonical_reason().map(|reason| format!(" {reason}")).unwrap_or_default();
    format!("{}{reason}", response.status.as_u16())
}
