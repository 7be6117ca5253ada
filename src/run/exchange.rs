//! One request until something is decided about it: rendering, sending, rules, retries, renewed tokens.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use minijinja::value::Value;

use super::answer::{Answer, ResponseView};
use super::engine::Run;
use super::event::Event;
use super::extraction::Extraction;
use super::failure::{self, Stop};
use super::interrupt::GRACE;
use super::render::{Rendering, page_names};
use super::rules::{Counts, Decision, decide};
use crate::diagnostic::{Code, Diagnostic};
use crate::http::retry::{GiveUp, built_in, server_asks, wait};
use crate::http::{BuiltIn, Outcome, Request, Response, SendError};
use crate::paging::Cursor;
use crate::plan::step::StepPlan;
use crate::spec::value::parse_period;

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
}

const EXCERPT: usize = 300;

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
        };
        loop {
            self.renew_expired(index).await?;
            progress.generations =
                step.needs.iter().map(|need| (*need, self.values.generation(*need))).collect();
            let request = self.render(step, cursor)?;
            match self.send(step, &request, cursor).await? {
                Ok(answer) => {
                    let decision = self.judge(step, &request, &answer, cursor, &progress.counts)?;
                    let fails = matches!(decision, Decision::FailByRule(_) | Decision::FailBuiltIn);
                    if fails && self.renew_refused(step, &answer, &mut progress).await? {
                        continue;
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
                            return Err(self.bad_status(step, &request, &answer, None, &progress).into());
                        }
                    };
                    return Ok((verdict, answer));
                }
                Err(error) => {
                    let wait = self.wait_after_error(step, &request, &error, &progress)?;
                    progress.counts.used_built_in();
                    self.pause(step, &error.to_string(), wait, &progress).await?;
                }
            }
        }
    }

    /// The names a step sees, with some of its own.
    pub(super) fn context(
        &self,
        step: &StepPlan,
        answer: Option<&Arc<Answer>>,
        cursor: Option<&Cursor>,
    ) -> Value {
        let response = answer.map(|answer| ("response", ResponseView::value(answer)));
        let page = step
            .paginate
            .as_ref()
            .zip(cursor)
            .map(|(paginate, cursor)| ("page", page_names(paginate, cursor)));
        self.values.context(step.connection, response.into_iter().chain(page))
    }

    pub(super) fn render(&self, step: &StepPlan, cursor: Option<&Cursor>) -> Result<Request, Diagnostic> {
        let context = self.context(step, None, cursor);
        let request = Rendering { step, context: &context, cursor, redactor: &self.redactor }.request()?;
        match &self.world.only_origin {
            Some(only) if request.url.origin().ascii_serialization() != *only => Err(outside(step, &request)),
            _ => Ok(request),
        }
    }

    async fn send(
        &mut self,
        step: &StepPlan,
        request: &Request,
        cursor: Option<&Cursor>,
    ) -> Result<Result<Arc<Answer>, SendError>, Stop> {
        if self.world.interrupt.is_wished() {
            return Err(Stop::Interrupted);
        }
        let early = cursor.and_then(|cursor| self.prefetch.take(cursor.page, request));
        if early.is_none() {
            self.note_request(step, request);
        }
        self.send_ahead(step, cursor)?;
        let answer = async {
            match early {
                // A task that was cancelled or panicked has sent nothing that counts.
                Some(task) => match task.await {
                    Ok(sent) => sent,
                    Err(_) => self.transport.send(request).await,
                },
                None => self.transport.send(request).await,
            }
        };
        let sent = self.world.interrupt.or_stop_after(GRACE, answer).await?;
        Ok(sent.map(|response| {
            let bytes = response.body.len() as u64;
            self.figures.bytes += bytes;
            self.tell(&Event::Answered {
                step: step.name.clone(),
                status: response.status.as_u16(),
                bytes,
                elapsed: response.elapsed,
            });
            let answer = Answer::new(response, request.url.clone(), step.records.clone());
            if step.extract.iter().any(|extract| extract.secret) {
                for secret in answer.probable_secrets() {
                    self.redactor.learn(&secret);
                }
            }
            let answer = Arc::new(answer);
            let context = self.context(step, Some(&answer), cursor);
            Extraction { step, answer: &answer, context: &context, redactor: &self.redactor }.learn_secrets();
            answer
        }))
    }

    fn note_request(&mut self, step: &StepPlan, request: &Request) {
        self.figures.requests += 1;
        let described = request.describe(&self.redactor);
        let names: Vec<_> = request.headers.iter().map(|header| header.name.as_str()).collect();
        tracing::debug!(step = step.name, headers = ?names, "{described}");
        self.tell(&Event::Requesting { step: step.name.clone(), request: described });
    }

    /// Keeps `prefetch` pages after this one in flight.
    fn send_ahead(&mut self, step: &StepPlan, cursor: Option<&Cursor>) -> Result<(), Diagnostic> {
        let Some((paginate, cursor)) = step.paginate.as_ref().zip(cursor) else { return Ok(()) };
        for by in self.prefetch.len() as u64 + 1..=paginate.prefetch {
            let Some(ahead) = cursor.ahead(&paginate.rules, by) else { break };
            let request = self.render(step, Some(&ahead))?;
            self.note_request(step, &request);
            self.prefetch.send(&self.transport, ahead.page, request);
        }
        Ok(())
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
            .map_err(|give_up| self.bad_status(step, request, answer, Some(give_up), progress))
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
            .map_err(|give_up| self.bad_status(step, request, answer, Some(give_up), progress))
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
        let finding = if unsafe_retry {
            finding.help(format!("a {} is not sent twice by itself; if that does no harm here, set `retry: {{ idempotent: true }}`", request.method))
        } else {
            finding
        };
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
        Ok(())
    }

    pub(super) async fn renew_expired(&mut self, index: usize) -> Result<(), Stop> {
        for need in self.plan.steps[index].needs.clone() {
            if self.values.is_expired(need, self.world.clock.now()) {
                self.renew(need, "its values are no longer good".to_owned()).await?;
            }
        }
        Ok(())
    }

    /// Runs a step again that gives values and nothing else.
    fn renew(&mut self, index: usize, why: String) -> Pin<Box<dyn Future<Output = Result<(), Stop>> + '_>> {
        Box::pin(async move {
            let step = self.plan.steps[index].name.clone();
            self.prefetch.clear();
            self.tell(&Event::Renewing { step, why });
            self.give_values(index).await
        })
    }

    /// Runs a step without records, unless its values are kept from an earlier run.
    pub(super) async fn give_values(&mut self, index: usize) -> Result<(), Stop> {
        match self.plan.steps[index].reuse_for {
            None => self.ask_for_values(index).await.map(drop),
            Some(_) => self.reuse_values(index).await,
        }
    }

    /// Runs a step without records: asks once, checks, and takes over what it extracts. False: the answer was dropped.
    pub(super) async fn ask_for_values(&mut self, index: usize) -> Result<bool, Stop> {
        let (verdict, answer) = self.exchange(index, None).await?;
        let step = &self.plan.steps[index];
        if matches!(verdict, Verdict::Empty | Verdict::Skip) {
            if matches!(verdict, Verdict::Skip) {
                self.skipped(index, None, &answer);
            }
            return Ok(false);
        }
        self.take(index, &answer, None).map_err(|finding| {
            let noted = self.noted(finding, &answer);
            Stop::from(self.hinted(noted, step, &answer))
        })?;
        Ok(true)
    }

    /// Checks what `expect` demands and stores what the step extracts.
    pub(super) fn take(
        &mut self,
        index: usize,
        answer: &Arc<Answer>,
        cursor: Option<&Cursor>,
    ) -> Result<(), Diagnostic> {
        let step = &self.plan.steps[index];
        let context = self.context(step, Some(answer), cursor);
        for expect in &step.expect {
            let holds = match expect.that.truth(&context) {
                Ok(holds) => holds,
                Err(error) if error.undefined => false,
                Err(error) => return Err(failure::evaluation(&step.name, &error)),
            };
            if !holds {
                let otherwise = || format!("this does not hold: `{}`", expect.that.text.value);
                let message =
                    expect.message.as_ref().map_or_else(otherwise, |message| message.item.message(&context));
                return Err(failure::at(Code::Unexpected, &step.name, &message, expect.that.text.span));
            }
        }
        let extraction = Extraction { step, answer, context: &context, redactor: &self.redactor };
        let values = extraction.values()?;
        if values.is_empty() {
            return Ok(());
        }
        let expires = self.end_of(step, &values, self.world.clock.now())?;
        self.values.store(index, values, expires);
        Ok(())
    }

    /// When values that came at a time stop being good, by what the step says; none: not in this run.
    pub(super) fn end_of(
        &self,
        step: &StepPlan,
        values: &[(String, Value)],
        received: SystemTime,
    ) -> Result<Option<SystemTime>, Diagnostic> {
        let Some(written) = &step.reuse_for else { return Ok(None) };
        let names = self.values.context_with(step.connection, values);
        let text = written.rendered(&names).map_err(|error| failure::evaluation(&step.name, &error))?;
        let period = parse_period(&text).ok_or_else(|| {
            failure::at(Code::Evaluation, &step.name, &format!("`reuse_for` is `{text}`, which is not a length of time"), written.text.span)
                .help("it becomes a number with its unit: `\"{{ expires_in - 300 }}s\"`; a negative time means that the values are too short-lived")
        })?;
        Ok(received.checked_add(period))
    }

    fn failed_by_rule(
        &self,
        step: &StepPlan,
        rule: usize,
        request: &Request,
        answer: &Arc<Answer>,
        cursor: Option<&Cursor>,
    ) -> Diagnostic {
        let plan = &step.rules[rule];
        let context = self.context(step, Some(answer), cursor);
        let otherwise = || format!("a rule fails on this answer: `{}`", plan.when.text.value);
        let message = plan.message.as_ref().map_or_else(otherwise, |message| message.item.message(&context));
        let finding = failure::at(Code::RuleFailed, &step.name, &message, plan.when.text.span);
        let finding = self.explained(finding, request, Some(answer));
        self.hinted(finding, step, answer)
    }

    fn bad_status(
        &self,
        step: &StepPlan,
        request: &Request,
        answer: &Answer,
        give_up: Option<GiveUp>,
        progress: &Progress,
    ) -> Diagnostic {
        let response = &answer.response;
        let message = format!(
            "the server answered {}{}",
            status_text(response),
            tries_text(progress.counts.total, give_up)
        );
        let finding = failure::at(Code::BadStatus, &step.name, &message, step.request.url.text.span);
        let finding = self.explained(finding, request, Some(answer));
        let hinted = self.hinted(finding, step, answer);
        if !hinted.help.is_empty() {
            return hinted;
        }
        hinted.help(status_help(response.status.as_u16(), give_up))
    }

    /// Adds what was sent and what came.
    fn explained(&self, finding: Diagnostic, request: &Request, answer: Option<&Answer>) -> Diagnostic {
        let finding = finding.note(format!("request: {}", request.describe(&self.redactor)));
        match answer {
            Some(answer) => self.noted(finding, answer),
            None => finding,
        }
    }

    /// Adds what came.
    pub(super) fn noted(&self, finding: Diagnostic, answer: &Answer) -> Diagnostic {
        let status = status_text(&answer.response);
        if answer.response.body.is_empty() {
            return finding.note(format!("answer: {status}, without a body"));
        }
        let excerpt = answer.response.excerpt_of(&answer.without_records(), EXCERPT, &self.redactor);
        finding.note(format!("answer: {status}, body: {excerpt}"))
    }

    /// Adds what the connection says about words in the body.
    pub(super) fn hinted(&self, finding: Diagnostic, step: &StepPlan, answer: &Answer) -> Diagnostic {
        let Some(connection) = step.connection.map(|index| &self.plan.connections[index]) else {
            return finding;
        };
        let body = String::from_utf8_lossy(&answer.response.body);
        let hint = connection.hints.iter().find(|(word, _)| body.contains(&format!("\"{word}\"")));
        finding.help_if(hint.map(|(_, help)| help.clone()))
    }
}

/// A rehearsal does not reach a real service.
fn outside(step: &StepPlan, request: &Request) -> Diagnostic {
    let origin = request.url.origin().ascii_serialization();
    let message = format!("`--sandbox` asks the stand-in only, this request goes to `{origin}`");
    failure::at(Code::BadRequest, &step.name, &message, step.request.url.text.span)
        .help("take the address from connection `zoho`, whose values the stand-in replaces; or run without `--sandbox`")
}

fn status_text(response: &Response) -> String {
    let reason = response.status.canonical_reason().map(|reason| format!(" {reason}")).unwrap_or_default();
    format!("{}{reason}", response.status.as_u16())
}

fn tries_text(retries: u32, give_up: Option<GiveUp>) -> String {
    let tries = match retries {
        0 => String::new(),
        1 => " (after 1 retry)".to_owned(),
        more => format!(" (after {more} retries)"),
    };
    match give_up {
        None | Some(GiveUp::Retries { .. }) => tries,
        Some(reason) => format!("{tries}; {reason}"),
    }
}

fn status_help(status: u16, give_up: Option<GiveUp>) -> &'static str {
    if let Some(GiveUp::ServerAsksTooLong { .. }) = give_up {
        return "run again later, or raise `retry: { longest_wait: … }`";
    }
    match status {
        401 => "the service does not accept the credentials: check them, and whether they have expired",
        403 => "the service knows you but refuses: check the scopes and rights of these credentials",
        404 => {
            "check the URL; if nothing there is right, add a rule: `when: response.status == 404`, `do: empty`"
        }
        429 => "the service wants fewer requests: run again later, or raise `retry: { max_retries: … }`",
        300..=399 => "the answer is a redirect that was not followed: use the URL of its `Location` header",
        500..=599 => "the service failed: run again later; `retry` sets how often it is tried by itself",
        _ => "read the body above: it is the service's own explanation",
    }
}
