//! Records requests, for tests.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, Method};

use super::wire::{Reply, WireRequest};

/// How many requests are kept. The oldest are dropped first.
const MOST_KEPT: usize = 10_000;

/// A request as it arrived, and the status of its answer.
#[derive(Debug, Clone)]
pub struct RecordedRequest {
    /// The method.
    pub method: Method,
    /// Path and query as they were sent.
    pub path_and_query: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
    /// The status of the answer; `None` if the client received none (`reset`, `stall`).
    pub status: Option<u16>,
}

/// Keeps the last requests.
#[derive(Debug, Default)]
pub(super) struct Recorder(Mutex<VecDeque<RecordedRequest>>);

impl Recorder {
    pub(super) fn record(&self, request: WireRequest, reply: &Reply) {
        let mut requests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if requests.len() == MOST_KEPT {
            requests.pop_front();
        }
        requests.push_back(RecordedRequest {
            method: request.method,
            path_and_query: request.target,
            headers: request.headers,
            body: request.body,
            status: reply.visible_status(),
        });
    }

    pub(super) fn requests(&self) -> Vec<RecordedRequest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::InFlight;

    #[test]
    fn only_the_last_requests_are_kept() {
        let recorder = Recorder::default();
        for number in 0..=MOST_KEPT {
            let request = WireRequest {
                method: Method::GET,
                path: String::new(),
                query: Vec::new(),
                target: format!("/{number}"),
                headers: HeaderMap::new(),
                body: Bytes::new(),
                in_flight: InFlight::default(),
            };
            recorder.record(request, &Reply::empty(204));
        }
        let requests = recorder.requests();
        assert_eq!(requests.len(), MOST_KEPT);
        assert_eq!(requests[0].path_and_query, "/1");
    }
}
