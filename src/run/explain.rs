//! What to say about an answer or a request that fails: what was sent, what came, what to do.

use std::sync::Arc;

use super::answer::Answer;
use super::failure;
use super::strand::Strand;
use crate::diagnostic::{Code, Diagnostic};
use crate::http::retry::GiveUp;
use crate::http::{Outcome, Request, Response, built_in};
use crate::paging::Cursor;
use crate::plan::block::StepId;
use crate::plan::step::StepPlan;

/// Characters of a body that a message shows.
const EXCERPT: usize = 300;

impl Strand<'_, '_> {
    pub(super) fn failed_by_rule(
        &self,
        id: StepId,
        rule: usize,
        request: &Request,
        answer: &Arc<Answer>,
        cursor: Option<&Cursor>,
    ) -> Diagnostic {
        let step = self.services.plan.step(id);
        let plan = &step.rules[rule];
        let context = self.context(id, Some(answer), cursor);
        let otherwise = || format!("a rule fails on this answer: `{}`", plan.when.text.value);
        let message = plan.message.as_ref().map_or_else(otherwise, |message| message.item.message(&context));
        let finding = failure::at(Code::RuleFailed, &step.name, &message, plan.when.text.span);
        let finding = self.explained(finding, request, Some(answer));
        self.hinted(finding, step, answer)
    }

    pub(super) fn bad_status(
        &self,
        step: &StepPlan,
        request: &Request,
        answer: &Answer,
        give_up: Option<GiveUp>,
        retries: u32,
    ) -> Diagnostic {
        let response = &answer.response;
        let message =
            format!("the server answered {}{}", status_text(response), tries_text(retries, give_up));
        let finding = failure::at(Code::BadStatus, &step.name, &message, step.request.url.text.span);
        let finding = self.explained(finding, request, Some(answer));
        let hinted = self.hinted(finding, step, answer);
        if !hinted.help.is_empty() {
            return hinted;
        }
        // What would be tried again by itself, were it not for the method.
        let outcome = Outcome::Answered(response.status);
        if give_up.is_none() && built_in(outcome, true).retries() {
            return hinted.help(not_sent_twice(request));
        }
        if let Some(help) = self.help_without_credentials(step, request, response.status) {
            return hinted.help(help);
        }
        hinted.help(status_help(response.status.as_u16(), give_up))
    }

    /// Credentials that stay at home are no reason to doubt them.
    fn help_without_credentials(
        &self,
        step: &StepPlan,
        request: &Request,
        status: http::StatusCode,
    ) -> Option<String> {
        let refused = matches!(status, http::StatusCode::UNAUTHORIZED | http::StatusCode::FORBIDDEN);
        let used = step.auth.filter(|used| refused && !self.services.sign_ins.is_at_home(*used, request))?;
        let origin = request.url.origin().ascii_serialization();
        let name = &self.services.plan.auths[used.auth].connection_name;
        Some(format!(
            "no credentials were sent: `{origin}` is neither the `base_url` of connection `{name}` nor among its `auth: {{ origins: … }}`"
        ))
    }

    /// Adds what was sent and what came.
    pub(super) fn explained(
        &self,
        finding: Diagnostic,
        request: &Request,
        answer: Option<&Answer>,
    ) -> Diagnostic {
        let finding = finding.note(format!("request: {}", request.describe(&self.services.redactor)));
        match answer {
            Some(answer) => self.noted(finding, answer),
            None => finding,
        }
    }

    /// Adds what came, and what the connection says about it.
    pub(super) fn about_answer(&self, finding: Diagnostic, step: &StepPlan, answer: &Answer) -> Diagnostic {
        let noted = self.noted(finding, answer);
        self.hinted(noted, step, answer)
    }

    /// Adds what came.
    pub(super) fn noted(&self, finding: Diagnostic, answer: &Answer) -> Diagnostic {
        let status = status_text(&answer.response);
        if answer.response.body.is_empty() {
            return finding.note(format!("answer: {status}, without a body"));
        }
        let excerpt = answer.response.excerpt_of(&answer.without_records(), EXCERPT, &self.services.redactor);
        finding.note(format!("answer: {status}, body: {excerpt}"))
    }

    /// Adds what the connection says about words in the body.
    pub(super) fn hinted(&self, finding: Diagnostic, step: &StepPlan, answer: &Answer) -> Diagnostic {
        let Some(connection) = step.connection.map(|index| &self.services.plan.connections[index]) else {
            return finding;
        };
        let body = String::from_utf8_lossy(&answer.response.body);
        let hint = connection.hints.iter().find(|(word, _)| body.contains(&format!("\"{word}\"")));
        finding.help_if(hint.map(|(_, help)| help.clone()))
    }
}

/// Why a request is not tried again, though others are.
pub(super) fn not_sent_twice(request: &Request) -> String {
    let method = &request.method;
    format!(
        "a {method} is not sent twice by itself; if that does no harm here, set `retry: {{ idempotent: true }}`"
    )
}

pub(super) fn status_text(response: &Response) -> String {
    let reason = response.status.canonical_reason().map(|reason| format!(" {reason}")).unwrap_or_default();
    format!("{}{reason}", response.status.as_u16())
}

pub(super) fn tries_text(retries: u32, give_up: Option<GiveUp>) -> String {
    let tries = match retries {
        0 => String::new(),
        1 => " (after 1 retry)".to_owned(),
        more => format!(" (after {more} retries)"),
    };
    match give_up {
        None | Some(GiveUp::Retries { .. }) => tries,
        Some(reason @ (GiveUp::TooLate { .. } | GiveUp::ServerAsksTooLong { .. })) => {
            format!("{tries}; {reason}")
        }
    }
}

fn status_help(status: u16, give_up: Option<GiveUp>) -> &'static str {
    if give_up.is_some_and(GiveUp::lacks_patience) {
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
