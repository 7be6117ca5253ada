//! Which fault applies to a request, and what it does to the answer.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::{Fault, FaultKind, FaultPlace, FaultTimes};
use crate::errors;
use crate::wire::{Cut, Reply};

/// What a request is for, as far as faults are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestPlace {
    /// A page of a listing, counted from 1.
    Page(u64),
    /// The token endpoint.
    Token,
}

/// The faults, and how often each is still to happen.
#[derive(Debug)]
pub(crate) struct FaultInjector(Mutex<Vec<Fault>>);

/// The faults that apply to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Disturbance {
    delay: Duration,
    /// The fault besides delays, if any.
    pub(crate) fault: Option<FaultKind>,
}

impl FaultInjector {
    pub(crate) fn new(faults: Vec<Fault>) -> Self {
        Self(Mutex::new(faults))
    }

    /// Takes the faults for a request: all delays, and the first of the others.
    pub(crate) fn take(&self, spot: RequestPlace) -> Disturbance {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut disturbance = Disturbance { delay: Duration::ZERO, fault: None };
        faults.retain_mut(|fault| {
            if !fault.is_at(spot) {
                return true;
            }
            match (fault.kind, disturbance.fault) {
                (FaultKind::Delay(delay), _) => disturbance.delay = disturbance.delay.saturating_add(delay),
                (kind, None) => disturbance.fault = Some(kind),
                (_, Some(_)) => return true,
            }
            fault.has_more_after_once()
        });
        disturbance
    }
}

impl Fault {
    fn is_at(&self, spot: RequestPlace) -> bool {
        match (self.place, spot) {
            (FaultPlace::Token, RequestPlace::Token) => true,
            (FaultPlace::Page(place), RequestPlace::Page(page)) => place.get() == page,
            (FaultPlace::AnyPage, RequestPlace::Page(page)) => page > 1 || self.kind != FaultKind::Repeat,
            _ => false,
        }
    }

    /// Counts one occurrence. Returns whether the fault is to happen again.
    fn has_more_after_once(&mut self) -> bool {
        match self.times {
            FaultTimes::Always => true,
            FaultTimes::Times(times) => match std::num::NonZeroU32::new(times.get() - 1) {
                Some(left) => {
                    self.times = FaultTimes::Times(left);
                    true
                }
                None => false,
            },
        }
    }
}

impl Disturbance {
    /// What the client gets instead of the answer. Faults in the content (`expire`, `repeat`, …) are made by `answer`.
    pub(crate) fn spoil(self, answer: impl FnOnce() -> Reply) -> Reply {
        let reply = match self.fault {
            Some(FaultKind::Status { code, retry_after }) => errors::status(code, retry_after),
            Some(FaultKind::Html) => errors::login_page(),
            Some(FaultKind::HtmlError) => errors::gateway_page(),
            Some(FaultKind::Empty) => Reply::empty(204),
            Some(FaultKind::Reset) => answer().cut(Cut::ResetBefore),
            Some(FaultKind::Stall) => answer().cut(Cut::Stall),
            Some(FaultKind::ResetBody) => cut_in_half(answer(), Cut::ResetAfter),
            Some(FaultKind::Truncate) => cut_in_half(answer(), Cut::CloseAfter),
            Some(FaultKind::StallBody) => cut_in_half(answer(), Cut::StallAfter),
            Some(FaultKind::BadJson) => halve(answer()),
            Some(
                FaultKind::Delay(_)
                | FaultKind::Expire
                | FaultKind::Repeat
                | FaultKind::NoToken
                | FaultKind::TokenError(_)
                | FaultKind::Throttle,
            )
            | None => answer(),
        };
        reply.delayed(self.delay)
    }
}

fn cut_in_half(reply: Reply, cut: impl FnOnce(usize) -> Cut) -> Reply {
    let half = reply.body.len() / 2;
    reply.cut(cut(half))
}

/// Drops the second half of the body at a character boundary: the JSON is meant to be broken, the UTF-8 is not.
fn halve(mut reply: Reply) -> Reply {
    let mut half = reply.body.len() / 2;
    while reply.body.get(half).is_some_and(|byte| byte & 0b1100_0000 == 0b1000_0000) {
        half -= 1;
    }
    reply.body.truncate(half);
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    fn injector(faults: &[&str]) -> FaultInjector {
        FaultInjector::new(faults.iter().map(|text| text.parse().unwrap()).collect())
    }

    #[test]
    fn a_fault_happens_at_its_place_as_often_as_it_says() {
        let injector = injector(&["reset@3x2"]);
        let met: Vec<_> = [1, 2, 3, 3, 3, 4]
            .into_iter()
            .map(|page| injector.take(RequestPlace::Page(page)).fault)
            .collect();
        assert_eq!(met, [None, None, Some(FaultKind::Reset), Some(FaultKind::Reset), None, None]);
        assert_eq!(injector.take(RequestPlace::Token).fault, None);
    }

    #[test]
    fn faults_of_a_place_come_one_a_request_and_delays_on_top() {
        let injector = injector(&["delay=5ms@1x*", "html@1", "delay=2ms@*x2", "empty@1"]);
        let met: Vec<_> = (0..3).map(|_| injector.take(RequestPlace::Page(1))).collect();
        let expected = [(7, Some(FaultKind::Html)), (7, Some(FaultKind::Empty)), (5, None)];
        let expected =
            expected.map(|(delay, fault)| Disturbance { delay: Duration::from_millis(delay), fault });
        assert_eq!(met, expected);
    }

    #[test]
    fn the_first_page_cannot_repeat_another() {
        let injector = injector(&["repeat@*"]);
        assert_eq!(injector.take(RequestPlace::Page(1)).fault, None);
        assert_eq!(injector.take(RequestPlace::Page(2)).fault, Some(FaultKind::Repeat));
    }

    #[test]
    fn half_a_body_is_still_text() {
        let half = halve(Reply::text(200, "application/json", "\"aééé\""));
        assert_eq!(half.body, "\"aé");
    }
}
