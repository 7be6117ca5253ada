//! What a page says about the next one.

use minijinja::value::{Value, ValueKind};
use url::Url;

use super::answer::Answer;
use super::extraction::{not_json, nothing_at};
use super::failure;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::expr::jsonpath::JsonPath;
use crate::expr::{describe, scalar_text};
use crate::paging::{NamedNext, PageFacts, parse_link_header};
use crate::plan::paginate::{NextPlan, PaginatePlan};
use crate::plan::step::StepPlan;
use crate::plan::written::Written;

/// A page that is asked about the next one.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    /// The step.
    pub(super) step: &'a StepPlan,
    /// Its paging.
    pub(super) paginate: &'a PaginatePlan,
    /// The page.
    pub(super) answer: &'a Answer,
    /// The names that expressions see.
    pub(super) context: &'a Value,
}

impl Asked<'_> {
    /// Fills in what the author's paths and expressions find.
    pub(super) fn fill(&self, facts: &mut PageFacts) -> Result<(), Diagnostic> {
        let evaluation = |error| failure::evaluation(&self.step.name, &error);
        let truth = |written: &Written<_>| written.truth(self.context);
        facts.more = self.paginate.more.as_ref().map(truth).transpose().map_err(evaluation)?;
        facts.stop = self.paginate.stop_when.as_ref().map(truth).transpose().map_err(evaluation)?;
        facts.total = match &self.paginate.total {
            Some(path) => self.total_at(path)?,
            None => None,
        };
        if facts.more != Some(false) {
            facts.next = self.next()?;
        }
        Ok(())
    }

    /// The next token or resolved URL.
    fn next(&self) -> Result<NamedNext, Diagnostic> {
        let Some(plan) = &self.paginate.next else { return Ok(NamedNext::NotLookedFor) };
        let Some(text) = self.next_text(plan)?.filter(|text| !text.is_empty()) else {
            return Ok(NamedNext::Nothing);
        };
        let follows_urls = self.paginate.rules.kind.follows_urls();
        Ok(NamedNext::This(if follows_urls { self.next_url(&text)? } else { text }))
    }

    fn next_text(&self, plan: &NextPlan) -> Result<Option<String>, Diagnostic> {
        let response = &self.answer.response;
        match plan {
            NextPlan::Path(path) => self.scalar_at(&path.item, path.text.span, "a token or URL"),
            NextPlan::LinkHeader => {
                let mut links =
                    response.headers.get_all("link").iter().filter_map(|value| value.to_str().ok());
                Ok(links.find_map(parse_link_header))
            }
            NextPlan::Header(name) => Ok(response.header(name).map(str::to_owned)),
            NextPlan::Expression(written) => match written.value(self.context) {
                Ok(value) if is_end(&value) => Ok(None),
                Ok(value) => scalar_text(&value).map(Some).ok_or_else(|| {
                    let message = format!("`next` is {}, not a token or URL", describe(&value));
                    self.bad(&message, written.text.span)
                }),
                Err(error) if error.undefined => Ok(None),
                Err(error) => Err(failure::evaluation(&self.step.name, &error)),
            },
        }
    }

    fn next_url(&self, text: &str) -> Result<String, Diagnostic> {
        let here = &self.answer.response.url;
        let next = here.join(text).map_err(|error| {
            self.bad(&format!("the next URL `{text}` is not a URL: {error}"), self.paginate.span)
        })?;
        if !self.origin_allowed(&next) {
            let origin = next.origin().ascii_serialization();
            let message =
                format!("the next URL is on another host, `{origin}`: it would get this step's headers");
            let help = format!("if that is right, write `allow_origin: [\"{origin}\"]` under `paginate`");
            return Err(self.bad(&message, self.paginate.span).help(help));
        }
        Ok(next.into())
    }

    /// The origin that was asked, or one that the author allows. A redirect does not count: it was followed without the
    /// step's secrets, and the next page would get them again.
    fn origin_allowed(&self, next: &Url) -> bool {
        let origin = next.origin();
        let listed = || self.paginate.allow_origin.contains(&origin.ascii_serialization());
        origin == self.answer.asked.origin() || listed()
    }

    /// The declared total. A path that finds none on the first page is a mistake; later pages may leave it out.
    fn total_at(&self, path: &Written<JsonPath>) -> Result<Option<u64>, Diagnostic> {
        let Some(text) = self.scalar_at(&path.item, path.text.span, "a number of records")? else {
            let page = self.answer.page().ok().map(AsRef::as_ref);
            let first = self
                .context
                .get_attr("page")
                .and_then(|page| page.get_attr("count"))
                .is_ok_and(|count| count == 0.into());
            return if first { Err(nothing_at(&self.step.name, "`total`", path, page)) } else { Ok(None) };
        };
        let bad = |_| {
            self.bad(
                &format!("`{}` is `{text}`, not a number of records", path.item.source()),
                path.text.span,
            )
        };
        text.parse().map(Some).map_err(bad)
    }

    /// The text of a scalar as it stands in the body: a long number keeps its digits. `null` and `false` are none.
    fn scalar_at(&self, path: &JsonPath, span: Span, due: &str) -> Result<Option<String>, Diagnostic> {
        let page = self.answer.page().map_err(|error| not_json(&self.step.name, &error, span))?;
        let ranges = page.find(path).map_err(|error| self.bad(&error.to_string(), span))?;
        let Some(range) = ranges.into_iter().next() else { return Ok(None) };
        let raw = &page.text()[range];
        match serde_json::from_slice(raw) {
            Ok(serde_json::Value::Null | serde_json::Value::Bool(false)) => Ok(None),
            Ok(serde_json::Value::String(text)) => Ok(Some(text)),
            Ok(serde_json::Value::Number(_) | serde_json::Value::Bool(true)) => {
                Ok(Some(String::from_utf8_lossy(raw).into_owned()))
            }
            _ => Err(self.bad(&format!("`{}` is a list or mapping, not {due}", path.source()), span)),
        }
    }

    fn bad(&self, message: &str, span: Span) -> Diagnostic {
        failure::at(Code::BadPaging, &self.step.name, message, span)
    }
}

/// What services send instead of a next page.
fn is_end(value: &Value) -> bool {
    value.is_none() || (value.kind() == ValueKind::Bool && !value.is_true())
}
