//! One request until there is an answer to go on with: rules, retries, renewed values.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::answer::Answer;
use super::event::Event;
use super::explain::{not_sent_twice, status_text, tries_text};
use super::failure::{self, Stop};
use super::prefetch::Prefetch;
use super::rules::{Counts, Decision, decide};
use super::sign_in::Renewal;
use super::signing::Challenge;
use super::strand::Strand;
use crate::diagnostic::{Code, Diagnostic};
use crate::http::retry::{built_in, server_asks, wait};
use crate::http::{BuiltIn, Outcome, Request, SendError};
use crate::paging::Cursor;
use crate::plan::block::StepId;
use crate::plan::step::StepPlan;

/// What became of a page request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Go on with the answer.
    Accept,
    /// There are no records, and paging ends.
    Empty,
    /// Go on with the answer, and paging ends.
    Stop,
    /// The answer is dropped.
    Skip,
}

/// What is to be done after an answer.
enum Next {
    /// It is the one to go on with.
    Done(Verdict),
    /// The request is rendered and sent again.
    Again,
}

/// One request and its tries.
pub(super) struct Exchange<'x, 'r, 'a> {
    pub(super) strand: &'x Strand<'r, 'a>,
    pub(super) id: StepId,
    pub(super) step: &'a StepPlan,
    pub(super) cursor: Option<&'x Cursor>,
    /// Requests of later pages that are on their way already.
    pub(super) ahead: &'x mut Prefetch,
    pub(super) challenge: Challenge,
    started: SystemTime,
    counts: Counts,
    /// For each step that the request needs: the generation of its values when it was rendered.
    generations: Vec<(StepId, u64)>,
    /// Whether values of an earlier run were refused and asked for anew.
    asked_anew: bool,
    /// Which of its sign-ins the request was sent with, and whether a token was asked for anew for it.
    pub(super) session: u64,
    signed_anew: bool,
}

impl<'x, 'r, 'a> Exchange<'x, 'r, 'a> {
    pub(super) fn new(
        strand: &'x Strand<'r, 'a>,
        id: StepId,
        cursor: Option<&'x Cursor>,
        ahead: &'x mut Prefetch,
    ) -> Self {
        Self {
            strand,
            id,
            step: strand.services.plan.step(id),
            cursor,
            ahead,
            challenge: Challenge::default(),
            started: strand.services.world.clock.now(),
            counts: Counts::default(),
            generations: vec![],
            asked_anew: false,
            session: 0,
            signed_anew: false,
        }
    }

    /// Asks until there is an answer to go on with.
    pub(super) async fn answer(mut self) -> Result<(Verdict, Arc<Answer>), Stop> {
        loop {
            let request = self.request().await?;
            match self.send(&request).await? {
                Ok(answer) => {
                    self.strand.answered(self.id, Some(answer.response.status.as_u16()));
                    match self.judge(&request, &answer).await? {
                        Next::Done(verdict) => return Ok((verdict, answer)),
                        Next::Again => {}
                    }
                }
                Err(error) => {
                    self.strand.answered(self.id, None);
                    let wait = self.wait_after_error(&request, &error)?;
                    self.counts.used_built_in();
                    self.pause(&error.to_string(), wait).await?;
                }
            }
        }
    }

    /// Makes good what the request is made of, and renders it. From the last wait here until it is sent is one instant:
    /// what it was rendered with is what is noted of it.
    async fn request(&mut self) -> Result<Request, Stop> {
        self.strand.renew_expired(self.id).await?;
        let request = self.strand.render_signed_in(self.id, self.cursor).await?;
        let rendered_with = self.note_values();
        self.strand.services.sign_ins.sign_in_to_send(self.step, &request).await?;
        // While somebody signed in, another strand may have renewed a value.
        if self.note_values() == rendered_with {
            return Ok(request);
        }
        Ok(self.strand.render(self.id, self.cursor)?)
    }

    /// Notes what a request is made of that can be renewed, as it is now.
    fn note_values(&mut self) -> (Vec<(StepId, u64)>, u64) {
        let variables = &self.strand.variables;
        let generation = |need: &StepId| (*need, variables.home_of(*need).generation(*need));
        self.generations = self.step.needs.iter().map(generation).collect();
        self.session = self.strand.services.sign_ins.session_count(self.step);
        (self.generations.clone(), self.session)
    }

    /// What follows from an answer.
    async fn judge(&mut self, request: &Request, answer: &Arc<Answer>) -> Result<Next, Stop> {
        let decision = self.decide(request, answer)?;
        if decision.fails() && self.proves_itself_anew(answer).await? {
            return Ok(Next::Again);
        }
        match decision {
            Decision::Accept => Ok(Next::Done(Verdict::Accept)),
            Decision::Empty => Ok(Next::Done(Verdict::Empty)),
            Decision::Stop => Ok(Next::Done(Verdict::Stop)),
            Decision::Skip => Ok(Next::Done(Verdict::Skip)),
            Decision::RetryByRule(rule) => {
                self.retry_by_rule(rule, request, answer).await?;
                Ok(Next::Again)
            }
            Decision::RetryBuiltIn => {
                let wait = self.wait_after(request, answer)?;
                self.counts.used_built_in();
                self.pause(&status_text(&answer.response), wait).await?;
                Ok(Next::Again)
            }
            Decision::FailByRule(rule) => {
                Err(self.strand.failed_by_rule(self.id, rule, request, answer, self.cursor).into())
            }
            Decision::FailBuiltIn => Err(self.bad_status(request, answer, None).into()),
        }
    }

    fn decide(&self, request: &Request, answer: &Arc<Answer>) -> Result<Decision, Diagnostic> {
        let context = self.strand.context(self.id, Some(answer), self.cursor);
        let idempotent = request.is_idempotent(self.step.retry.idempotent);
        let outcome = Outcome::Answered(answer.response.status);
        decide(self.step, &context, outcome, idempotent, &self.counts).map_err(|error| {
            self.strand.explained(failure::evaluation(&self.step.name, &error), request, Some(answer))
        })
    }

    /// What fails may have been refused for what it proved itself with: that is renewed, each of it once, before the
    /// answer counts. False: it was not, and the answer counts.
    async fn proves_itself_anew(&mut self, answer: &Arc<Answer>) -> Result<bool, Stop> {
        if self.renew_refused(answer).await? {
            return Ok(true);
        }
        let sign_ins = &self.strand.services.sign_ins;
        if sign_ins.answer_challenge(self.step, answer, &mut self.challenge)? {
            return Ok(true);
        }
        if self.signed_anew {
            return Ok(false);
        }
        match self.renew_session(answer).await? {
            Renewal::None => Ok(false),
            // It may be over as well.
            Renewal::Taken => Ok(true),
            Renewal::Asked => {
                self.signed_anew = true;
                Ok(true)
            }
        }
    }

    /// Values of an earlier run that are refused say nothing about the credentials: before a 401 fails the step, they
    /// are asked for anew, once. Without the store this run would have asked for them itself.
    async fn renew_refused(&mut self, answer: &Answer) -> Result<bool, Stop> {
        if self.asked_anew || answer.response.status != http::StatusCode::UNAUTHORIZED {
            return Ok(false);
        }
        let variables = &self.strand.variables;
        let is_from_elsewhere = |need: &StepId| variables.home_of(*need).is_from_elsewhere(*need);
        let refused: BTreeSet<StepId> = self.step.needs.iter().copied().filter(is_from_elsewhere).collect();
        for need in &refused {
            self.asked_anew = true;
            self.strand.services.reporter.count(|figures| figures.retries += 1);
            let why = format!("`{}` got {}", self.step.name, status_text(&answer.response));
            self.renew(*need, why).await?;
        }
        Ok(!refused.is_empty())
    }

    /// A token that the service does not accept is renewed.
    async fn renew_session(&self, answer: &Arc<Answer>) -> Result<Renewal, Stop> {
        let sign_ins = &self.strand.services.sign_ins;
        let Some((used, oauth2)) = self.step.auth.zip(sign_ins.renewable(self.step)) else {
            return Ok(Renewal::None);
        };
        let wants = match oauth2.renew_when.truth(&self.strand.context(self.id, Some(answer), None)) {
            Ok(wants) => wants,
            Err(error) if error.undefined => false,
            Err(error) => return Err(failure::evaluation(&self.step.name, &error).into()),
        };
        if !wants {
            return Ok(Renewal::None);
        }
        let why = format!("`{}` got {}", self.step.name, status_text(&answer.response));
        sign_ins.renew(used.auth, self.session, why).await
    }

    /// Renews the values of the step that `after` names, or waits; then the request is rendered again.
    async fn retry_by_rule(&mut self, rule: usize, request: &Request, answer: &Answer) -> Result<(), Stop> {
        let limited_by_rule = self.step.rules[rule].max_retries.is_some();
        let why = status_text(&answer.response);
        let Some(after) = self.step.rules[rule].after else {
            let time = self.wait_by_rule(rule, request, answer)?;
            self.counts.used(rule, limited_by_rule);
            return self.pause(&why, time).await;
        };

        // Someone else may have renewed it since this request was rendered: then that is no try of the rule.
        let used =
            self.generations.iter().find(|(need, _)| *need == after).map(|(_, generation)| *generation);
        let is_current =
            used.is_none_or(|used| used == self.strand.variables.home_of(after).generation(after));
        if is_current {
            self.counts.used(rule, limited_by_rule);
        }
        self.strand.services.reporter.count(|figures| figures.retries += 1);
        self.strand.services.reporter.tell(&Event::Retrying {
            step: self.step.name.clone(),
            why: why.clone(),
            wait: Duration::ZERO,
            retry: self.counts.total,
        });
        if is_current {
            self.renew(after, format!("`{}` got {why}", self.step.name)).await?;
        }
        Ok(())
    }

    /// Runs a step again whose values were refused. Requests that were sent early were rendered with them.
    async fn renew(&mut self, need: StepId, why: String) -> Result<(), Stop> {
        let variables = self.strand.variables.home_of(need);
        let rendered_with = self.generations.iter().find(|(known, _)| *known == need).map(|(_, used)| *used);
        let generation = rendered_with.unwrap_or_else(|| variables.generation(need));
        if generation == variables.generation(need) {
            variables.refuse(need);
        }
        self.ahead.clear();
        self.strand.renew(need, generation, why).await
    }

    fn wait_by_rule(&self, rule: usize, request: &Request, answer: &Answer) -> Result<Duration, Diagnostic> {
        let mut settings = self.step.retry.clone();
        // The rule's own count was looked at when it matched.
        settings.max_retries = self.step.rules[rule].max_retries.map_or(settings.max_retries, |_| u32::MAX);
        let asked = server_asks(&answer.response.headers, answer.response.received_at);
        wait(&settings, self.counts.limited, self.elapsed(), asked, (self.strand.services.world.random)())
            .map_err(|give_up| self.bad_status(request, answer, Some(give_up)))
    }

    fn wait_after(&self, request: &Request, answer: &Answer) -> Result<Duration, Diagnostic> {
        let asked = server_asks(&answer.response.headers, answer.response.received_at);
        let random = (self.strand.services.world.random)();
        wait(&self.step.retry, self.counts.limited, self.elapsed(), asked, random)
            .map_err(|give_up| self.bad_status(request, answer, Some(give_up)))
    }

    fn bad_status(
        &self,
        request: &Request,
        answer: &Answer,
        give_up: Option<crate::http::retry::GiveUp>,
    ) -> Diagnostic {
        self.strand.bad_status(self.step, request, answer, give_up, self.counts.total)
    }

    fn wait_after_error(&self, request: &Request, error: &SendError) -> Result<Duration, Diagnostic> {
        let idempotent = request.is_idempotent(self.step.retry.idempotent);
        let random = (self.strand.services.world.random)();
        let give_up = match built_in(Outcome::from(error), idempotent) {
            BuiltIn::Retry => {
                match wait(&self.step.retry, self.counts.limited, self.elapsed(), None, random) {
                    Ok(time) => return Ok(time),
                    Err(give_up) => Some(give_up),
                }
            }
            BuiltIn::Ok | BuiltIn::Fail => None,
        };
        let message = format!("{error}{}", tries_text(self.counts.total, give_up));
        let unsafe_retry = error.failure.is_transient() && !idempotent && give_up.is_none();
        let span = self.step.request.url.text.span;
        let finding = failure::at(Code::NoAnswer, &self.step.name, &message, span).help(error.help());
        let finding = if unsafe_retry { finding.help(not_sent_twice(request)) } else { finding };
        Err(self.strand.explained(finding, request, None))
    }

    fn elapsed(&self) -> Duration {
        self.strand.services.world.clock.now().duration_since(self.started).unwrap_or_default()
    }

    async fn pause(&mut self, why: &str, time: Duration) -> Result<(), Stop> {
        let services = self.strand.services;
        services.reporter.count(|figures| figures.retries += 1);
        let why = services.redactor.redact(why).into_owned();
        let (step, retry) = (self.step.name.clone(), self.counts.total);
        services.reporter.tell(&Event::Retrying { step, why, wait: time, retry });
        self.strand.stopping.or_stop(services.world.clock.sleep(time)).await?;
        services.limits.check(&services.reporter)
    }
}
