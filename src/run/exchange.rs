//! One page request until there is an answer to go on with: rules, retries, renewed values.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::answer::Answer;
use super::engine::Run;
use super::event::Event;
use super::explain::{not_sent_twice, status_text, tries_text};
use super::failure::{self, Stop};
use super::rules::{Counts, Decision, decide};
use super::sign_in::Renewal;
use crate::diagnostic::{Code, Diagnostic};
use crate::http::retry::{built_in, server_asks, wait};
use crate::http::{BuiltIn, Outcome, Request, SendError};
use crate::paging::Cursor;
use crate::plan::step::StepPlan;

/// What became of a page request.
#[derive(Debug)]
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

/// How far one page request has come.
#[derive(Debug)]
struct Progress {
    started: SystemTime,
    counts: Counts,
    /// For each step that the request needs: the generation of its values when it was rendered.
    generations: Vec<(usize, u64)>,
    /// Whether values of an earlier run were refused and asked for anew.
    asked_anew: bool,
    /// Which of its sign-ins the request was sent with, and whether a token was asked for anew for it.
    session: u64,
    signed_anew: bool,
}

impl Run<'_> {
    /// Asks for a page until there is an answer to go on with.
    pub(super) async fn exchange(
        &mut self,
        index: usize,
        cursor: Option<&Cursor>,
    ) -> Result<(Verdict, Arc<Answer>), Stop> {
        let step = &self.plan.steps[index];
        let mut progress = Progress {
            started: self.world.clock.now(),
            counts: Counts::default(),
            generations: vec![],
            asked_anew: false,
            session: 0,
            signed_anew: false,
        };
        loop {
            self.renew_expired(index).await?;
            progress.generations =
                step.needs.iter().map(|need| (*need, self.values.generation(*need))).collect();
            let request = self.render_signed_in(step, cursor).await?;
            self.sign_in_to_send(step, &request).await?;
            progress.session = self.session_count(step);
            match self.send(step, &request, cursor).await? {
                Ok(answer) => {
                    self.progress.answered(index, Some(answer.response.status.as_u16()));
                    let decision = self.judge(step, &request, &answer, cursor, &progress.counts)?;
                    let fails = matches!(decision, Decision::FailByRule(_) | Decision::FailBuiltIn);
                    if fails && self.renew_refused(step, &answer, &mut progress).await? {
                        continue;
                    }
                    if fails && self.answer_challenge(step, &answer)? {
                        continue;
                    }
                    if fails && !progress.signed_anew {
                        match self.renew_session(step, &answer, progress.session).await? {
                            Renewal::None => {}
                            // It may be over as well.
                            Renewal::Taken => continue,
                            Renewal::Asked => {
                                progress.signed_anew = true;
                                continue;
                            }
                        }
                    }
                    let verdict = match decision {
                        Decision::Accept => Verdict::Accept,
                        Decision::Empty => Verdict::Empty,
                        Decision::Stop => Verdict::Stop,
                        Decision::Skip => Verdict::Skip,
                        Decision::RetryByRule(rule) => {
                            self.retry_by_rule(index, rule, &request, &answer, &mut progress).await?;
                            continue;
                        }
                        Decision::RetryBuiltIn => {
                            let wait = self.wait_after(step, &request, &answer, &progress)?;
                            progress.counts.used_built_in();
                            self.pause(step, &status_text(&answer.response), wait, &progress).await?;
                            continue;
                        }
                        Decision::FailByRule(rule) => {
                            return Err(self.failed_by_rule(step, rule, &request, &answer, cursor).into());
                        }
                        Decision::FailBuiltIn => {
                            return Err(self
                                .bad_status(step, &request, &answer, None, progress.counts.total)
                                .into());
                        }
                    };
                    return Ok((verdict, answer));
                }
                Err(error) => {
                    self.progress.answered(index, None);
                    let wait = self.wait_after_error(step, &request, &error, &progress)?;
                    progress.counts.used_built_in();
                    self.pause(step, &error.to_string(), wait, &progress).await?;
                }
            }
        }
    }

    fn judge(
        &self,
        step: &StepPlan,
        request: &Request,
        answer: &Arc<Answer>,
        cursor: Option<&Cursor>,
        counts: &Counts,
    ) -> Result<Decision, Diagnostic> {
        let context = self.context(step, Some(answer), cursor);
        let idempotent = request.is_idempotent(step.retry.idempotent);
        let outcome = Outcome::Answered(answer.response.status);
        decide(step, &context, outcome, idempotent, counts)
            .map_err(|error| self.explained(failure::evaluation(&step.name, &error), request, Some(answer)))
    }

    /// Renews the values of the step that `after` names, or waits; then the request is rendered again.
    async fn retry_by_rule(
        &mut self,
        index: usize,
        rule: usize,
        request: &Request,
        answer: &Answer,
        progress: &mut Progress,
    ) -> Result<(), Stop> {
        let step = &self.plan.steps[index];
        let limited_by_rule = step.rules[rule].max_retries.is_some();
        let Some(after) = step.rules[rule].after else {
            let time = self.wait_by_rule(step, rule, request, answer, progress)?;
            progress.counts.used(rule, limited_by_rule);
            return self.pause(step, &status_text(&answer.response), time, progress).await;
        };
        progress.counts.used(rule, limited_by_rule);
        self.figures.retries += 1;
        let why = status_text(&answer.response);
        self.tell(&Event::Retrying {
            step: step.name.clone(),
            why: why.clone(),
            wait: Duration::ZERO,
            retry: progress.counts.total,
        });
        let used =
            progress.generations.iter().find(|(need, _)| *need == after).map(|(_, generation)| *generation);
        // Someone else may have renewed it since this request was rendered.
        if used == Some(self.values.generation(after)) || used.is_none() {
            self.values.refuse(after);
            self.renew(after, format!("`{}` got {why}", step.name)).await?;
        }
        Ok(())
    }

    /// Values of an earlier run that are refused say nothing about the credentials: before a 401 fails the step, they
    /// are asked for anew, once. Without the store this run would have asked for them itself.
    async fn renew_refused(
        &mut self,
        step: &StepPlan,
        answer: &Answer,
        progress: &mut Progress,
    ) -> Result<bool, Stop> {
        if progress.asked_anew || answer.response.status != http::StatusCode::UNAUTHORIZED {
            return Ok(false);
        }
        let needs = step.needs.iter().copied();
        let refused: BTreeSet<usize> = needs.filter(|need| self.values.is_from_elsewhere(*need)).collect();
        for need in &refused {
            progress.asked_anew = true;
            self.figures.retries += 1;
            self.values.refuse(*need);
            self.renew(*need, format!("`{}` got {}", step.name, status_text(&answer.response))).await?;
        }
        Ok(!refused.is_empty())
    }

    fn wait_by_rule(
        &self,
        step: &StepPlan,
        rule: usize,
        request: &Request,
        answer: &Answer,
        progress: &Progress,
    ) -> Result<Duration, Diagnostic> {
        let mut settings = step.retry.clone();
        // The rule's own count was looked at when it matched.
        settings.max_retries = step.rules[rule].max_retries.map_or(settings.max_retries, |_| u32::MAX);
        let asked = server_asks(&answer.response.headers, answer.response.received_at);
        wait(&settings, progress.counts.limited, self.since(progress), asked, (self.world.random)())
            .map_err(|give_up| self.bad_status(step, request, answer, Some(give_up), progress.counts.total))
    }

    fn wait_after(
        &self,
        step: &StepPlan,
        request: &Request,
        answer: &Answer,
        progress: &Progress,
    ) -> Result<Duration, Diagnostic> {
        let asked = server_asks(&answer.response.headers, answer.response.received_at);
        wait(&step.retry, progress.counts.limited, self.since(progress), asked, (self.world.random)())
            .map_err(|give_up| self.bad_status(step, request, answer, Some(give_up), progress.counts.total))
    }

    fn wait_after_error(
        &self,
        step: &StepPlan,
        request: &Request,
        error: &SendError,
        progress: &Progress,
    ) -> Result<Duration, Diagnostic> {
        let outcome = Outcome::from(error);
        let idempotent = request.is_idempotent(step.retry.idempotent);
        let give_up = match built_in(outcome, idempotent) {
            BuiltIn::Retry => match wait(
                &step.retry,
                progress.counts.limited,
                self.since(progress),
                None,
                (self.world.random)(),
            ) {
                Ok(time) => return Ok(time),
                Err(give_up) => Some(give_up),
            },
            BuiltIn::Ok | BuiltIn::Fail => None,
        };
        let message = format!("{error}{}", tries_text(progress.counts.total, give_up));
        let unsafe_retry = error.failure.is_transient() && !idempotent && give_up.is_none();
        let finding =
            failure::at(Code::NoAnswer, &step.name, &message, step.request.url.text.span).help(error.help());
        let finding = if unsafe_retry { finding.help(not_sent_twice(request)) } else { finding };
        Err(self.explained(finding, request, None))
    }

    fn since(&self, progress: &Progress) -> Duration {
        self.world.clock.now().duration_since(progress.started).unwrap_or_default()
    }

    async fn pause(
        &mut self,
        step: &StepPlan,
        why: &str,
        time: Duration,
        progress: &Progress,
    ) -> Result<(), Stop> {
        self.figures.retries += 1;
        let why = self.redactor.redact(why).into_owned();
        self.tell(&Event::Retrying {
            step: step.name.clone(),
            why,
            wait: time,
            retry: progress.counts.total,
        });
        self.world.interrupt.or_stop(self.world.clock.sleep(time)).await?;
        self.check_limits()
    }
}
