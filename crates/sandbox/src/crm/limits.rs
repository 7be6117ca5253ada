//! The limits of the API: credits per day, and concurrent calls.
//!
//! Zoho: credits are counted over the last 24 hours, and each call costs one or more; both limits apply to the whole
//! organisation and lead to the same error. The numbers are those of the Enterprise edition. `Call::end` says which
//! failed calls cost nothing.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use super::route::Route;
use crate::errors::{self, ApiError};
use crate::usage::{Peak, Share};
use crate::wire::{Flight, Reply, WireRequest};

/// The most credits that Zoho gives to an organisation of that edition.
pub(crate) const DOCUMENTED_CREDITS: u64 = 5_000_000;
pub(crate) const DOCUMENTED_CONCURRENCY: usize = 20;

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// How much of the limits is used.
#[derive(Debug)]
pub(crate) struct ApiLimits {
    most_credits: u64,
    most_at_once: usize,
    /// The credits spent in the last 24 hours, by the second.
    spent: VecDeque<(Timestamp, u64)>,
    used: u64,
    in_flight: Vec<Flight>,
    highest: usize,
    refused: u64,
    over_documented: u64,
}

/// The part of [`Usage`](crate::Usage) that is about these limits.
#[derive(Debug)]
pub(crate) struct LimitsUsage {
    pub(crate) credits: Share,
    pub(crate) concurrency: Peak,
    pub(crate) refused: u64,
    pub(crate) over_documented: u64,
}

/// The cost of calls that Zoho's page on limits does not mention.
pub(super) const LEAST_COST: u64 = 1;

/// The credits that a call costs, according to Zoho's page on limits.
pub(super) fn cost(route: &Route<'_>, request: &WireRequest) -> u64 {
    match route {
        Route::Listing(_) if request.parameter("cvid").is_some() => 3,
        // Charged after the query is parsed: see `cost_of_coql`.
        Route::Coql => 0,
        _ => LEAST_COST,
    }
}

/// The credits that a COQL query costs, which depend on its `limit`.
pub(super) fn cost_of_coql(limit: u64) -> u64 {
    match limit {
        0..=200 => 1,
        201..=1000 => 2,
        _ => 3,
    }
}

/// The credits that a new bulk read job costs.
pub(crate) const COST_OF_BULK_READ: u64 = 50;

impl ApiLimits {
    pub(crate) fn new(most_credits: u64, most_at_once: usize) -> Self {
        Self {
            most_credits,
            most_at_once,
            spent: VecDeque::new(),
            used: 0,
            in_flight: Vec::new(),
            highest: 0,
            refused: 0,
            over_documented: 0,
        }
    }

    /// Admits a call unless too many others are in flight.
    pub(super) fn enter(&mut self, flight: Flight, now: Timestamp) -> Result<(), ApiError> {
        self.forget(now);
        let at_once = self.in_flight.len() + 1;
        self.highest = self.highest.max(at_once);
        self.check(at_once > self.most_at_once, at_once > DOCUMENTED_CONCURRENCY)?;
        self.in_flight.push(flight);
        Ok(())
    }

    /// Charges for a call, if enough credits are left.
    pub(super) fn charge(&mut self, cost: u64, now: Timestamp) -> Result<(), ApiError> {
        self.forget(now);
        let used = self.used.saturating_add(cost);
        self.check(used > self.most_credits, used > DOCUMENTED_CREDITS)?;
        self.spend(cost, now);
        Ok(())
    }

    /// Refunds what the last call was charged.
    pub(super) fn give_back(&mut self, cost: u64) {
        if let Some((_, credits)) = self.spent.back_mut() {
            *credits = credits.saturating_sub(cost);
            self.used = self.used.saturating_sub(cost);
        }
    }

    /// Zoho: once half of the credits are used, answers say how many remain.
    pub(super) fn with_remaining_credits(&self, reply: Reply) -> Reply {
        if self.used.saturating_mul(2) < self.most_credits {
            return reply;
        }
        let left = self.most_credits.saturating_sub(self.used);
        reply.header("x-api-credits-remaining", left.to_string())
    }

    pub(crate) fn usage(&mut self, now: Timestamp) -> LimitsUsage {
        self.forget(now);
        LimitsUsage {
            credits: Share { used: self.used, most: self.most_credits },
            concurrency: Peak { highest: self.highest as u64, most: self.most_at_once as u64 },
            refused: self.refused,
            over_documented: self.over_documented,
        }
    }

    fn check(&mut self, is_over: bool, is_over_documented: bool) -> Result<(), ApiError> {
        self.over_documented += u64::from(is_over_documented);
        self.refused += u64::from(is_over);
        if is_over { Err(errors::too_many_requests()) } else { Ok(()) }
    }

    fn spend(&mut self, cost: u64, now: Timestamp) {
        self.used = self.used.saturating_add(cost);
        match self.spent.back_mut() {
            Some((second, credits)) if second.as_second() == now.as_second() => *credits += cost,
            _ => self.spent.push_back((now, cost)),
        }
    }

    fn forget(&mut self, now: Timestamp) {
        self.in_flight.retain(|flight| !flight.is_over());
        while let Some((second, credits)) = self.spent.front()
            && now.duration_since(*second) >= DAY
        {
            self.used -= credits;
            self.spent.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::InFlight;

    const START: Timestamp = Timestamp::constant(1_764_000_000, 0);

    fn hours_later(hours: i64) -> Timestamp {
        START + SignedDuration::from_hours(hours)
    }

    fn call(limits: &mut ApiLimits, cost: u64, now: Timestamp) -> bool {
        limits.charge(cost, now).is_ok()
    }

    fn remaining(limits: &ApiLimits) -> Option<String> {
        limits.with_remaining_credits(Reply::empty(200)).headers.first().map(|(_, value)| value.clone())
    }

    #[test]
    fn credits_are_those_of_the_last_day() {
        let mut limits = ApiLimits::new(10, 20);
        assert!(call(&mut limits, 3, START));
        assert!(call(&mut limits, 6, hours_later(2)));
        assert!(!call(&mut limits, 2, hours_later(2)), "eleven of ten");
        assert!(call(&mut limits, 1, hours_later(2)), "what is refused costs nothing");
        assert!(!call(&mut limits, 1, hours_later(23)));
        assert!(call(&mut limits, 3, hours_later(24)), "the first three are a day old");
        assert!(!call(&mut limits, 1, hours_later(24)));
        let usage = limits.usage(hours_later(26));
        assert_eq!((usage.credits, usage.refused), (Share { used: 3, most: 10 }, 3));
    }

    #[test]
    fn what_is_left_is_told_once_half_is_used() {
        let mut limits = ApiLimits::new(5, 20);
        let mut left = vec![remaining(&limits)];
        for _ in 0..5 {
            assert!(call(&mut limits, 1, START));
            left.push(remaining(&limits));
        }
        let expected = [None, None, None, Some("2"), Some("1"), Some("0")];
        assert_eq!(left, expected.map(|left| left.map(str::to_owned)));
    }

    #[test]
    fn calls_at_once_are_those_in_flight() {
        let mut limits = ApiLimits::new(100, 2);
        let requests = [InFlight::default(), InFlight::default(), InFlight::default()];
        let admitted = requests.each_ref().map(|request| limits.enter(request.flight(), START).is_ok());
        assert_eq!(admitted, [true, true, false]);
        drop(requests);
        assert!(limits.enter(InFlight::default().flight(), START).is_ok());
        let usage = limits.usage(START);
        assert_eq!((usage.concurrency, usage.refused), (Peak { highest: 3, most: 2 }, 1));
        assert_eq!(usage.over_documented, 0, "Zoho lets twenty in");
    }

    #[test]
    fn what_zoho_would_refuse_is_counted_where_this_sandbox_does_not() {
        let mut limits = ApiLimits::new(100, 100);
        let requests: Vec<_> = (0..22).map(|_| InFlight::default()).collect();
        assert!(requests.iter().all(|request| limits.enter(request.flight(), START).is_ok()));
        assert_eq!(limits.usage(START).over_documented, 2);
    }

    #[test]
    fn costs_of_coql() {
        assert_eq!([1, 200, 201, 1000, 1001, 2000].map(cost_of_coql), [1, 1, 2, 2, 3, 3]);
    }
}
