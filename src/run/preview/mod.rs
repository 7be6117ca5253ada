//! What a run would request, in order, without running: plain values that a command prints.
//!
//! Requests are made by the same `Rendering` as in a run; only the names behind it are other ones. What only a run
//! knows stands as a visible placeholder, and no secret comes in at all. No socket, no file, no state is near.

mod auth;
mod credits;
mod known;
pub mod sample;
mod stand_in;

use std::collections::BTreeMap;

use serde::Serialize;

use super::render::Rendering;
use crate::diagnostic::Diagnostic;
use crate::expr::Template;
use crate::expr::jsonpath::PlainPath;
use crate::http::curl::{self, Piece};
use crate::http::{Body, Header, Request};
use crate::paging::Cursor;
use crate::plan::Plan;
use crate::plan::extract::{ExtractPlan, ExtractSource};
use crate::plan::paginate::{NextPlan, PagePlace, PaginatePlan};
use crate::plan::step::{RulePlan, StepPlan};
use crate::plan::target::TargetMode;
use crate::plan::written::Written;
pub use crate::secret::MASK;
use crate::secret::{Environment, Redactor};
pub use auth::{AuthPreview, TokenPreview};
use credits::credits;
use known::{Known, Style};
use stand_in::{Part, StandIn, StandIns};

/// One step as it would run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepPreview {
    /// Its place in the pipeline, from 1.
    pub number: usize,
    /// Its name.
    pub name: String,
    /// The condition under which it runs.
    pub when: Option<String>,
    /// What it sends; for its first page, if there are several.
    pub request: RequestPreview,
    /// What proves who asks, and how a run comes by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth: Option<AuthPreview>,
    /// What happens with which response, before the built-in rules.
    pub rules: Vec<RulePreview>,
    /// What is tried again.
    pub retry: RetryPreview,
    /// What must hold for each response.
    pub expect: Vec<String>,
    /// What later steps get.
    pub extract: Vec<ExtractPreview>,
    /// For how long the extracted values hold.
    pub reuse_for: Option<String>,
    /// How the next page is found.
    pub paginate: Option<PaginatePreview>,
    /// Where the records are.
    pub records: Option<String>,
    /// Which records go by their key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete_when: Option<String>,
    /// Where the records go.
    pub write: Vec<WritePreview>,
}

/// A request, redacted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RequestPreview {
    /// The method.
    pub method: String,
    /// The URL with its query.
    pub url: String,
    /// Headers in the order they are sent.
    pub headers: Vec<HeaderPreview>,
    /// What follows them.
    pub body: Option<BodyPreview>,
    /// How long one try may take.
    pub timeout_seconds: u64,
    /// Whether redirects are followed.
    pub follow_redirects: bool,
    /// What it costs in API credits, if the step says so.
    pub credits: Option<String>,
    /// The same as a command for a shell, with what it needs and gives as comments.
    #[serde(skip)]
    pub curl: String,
}

/// A header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeaderPreview {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BodyPreview {
    /// Its type.
    pub content_type: String,
    /// The text as it is sent.
    pub text: String,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RulePreview {
    /// Which responses.
    pub when: String,
    /// What happens then.
    #[serde(rename = "do")]
    pub action: &'static str,
    /// The step that is run again before.
    pub after: Option<String>,
    /// How often.
    pub max_retries: Option<u32>,
}

/// What is tried again.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RetryPreview {
    /// Tries after the first one.
    pub max_retries: u32,
    /// The first wait is at most this long.
    pub first_seconds: f64,
    /// And no wait is longer than this.
    pub cap_seconds: f64,
    /// Whether it is tried again when the service may have received it.
    pub idempotent: bool,
}

/// An extracted value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExtractPreview {
    /// Its name.
    pub name: String,
    /// Where it is in the response.
    pub from: String,
    /// Whether it is a secret.
    pub secret: bool,
}

/// Paging.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PaginatePreview {
    /// By which means.
    pub kind: &'static str,
    /// Where the next page is named.
    pub next: Option<String>,
    /// Which part of the request takes it.
    pub into: Option<String>,
    /// The condition for more.
    pub more: Option<String>,
    /// The condition for the end.
    pub stop_when: Option<String>,
    /// The most pages.
    pub max_pages: Option<u64>,
    /// How many pages are asked for before their turn.
    pub prefetch: Option<u64>,
}

/// A target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WritePreview {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: &'static str,
    /// Its path, relative to the project.
    pub path: Option<String>,
    /// Its table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// What happens to what is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<TargetMode>,
    /// The fields of its key.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub key: Vec<String>,
}

impl WritePreview {
    /// What happens to what is there, in words; none where nothing is.
    pub fn manner(&self) -> Option<String> {
        Some(match self.mode? {
            TargetMode::Replace => "replaced as a whole".to_owned(),
            TargetMode::Append => "appended to".to_owned(),
            TargetMode::Merge => format!("merged by {}", self.key.join(", ")),
        })
    }
}

/// What each step of a plan would request. Err: a request that could not be sent, whatever a run finds.
pub fn preview(plan: &Plan, environment: &Environment) -> Result<Vec<StepPreview>, Box<Diagnostic>> {
    (0..plan.steps.len()).map(|index| step(plan, environment, index)).collect()
}

fn step(plan: &Plan, environment: &Environment, index: usize) -> Result<StepPreview, Box<Diagnostic>> {
    let step = &plan.steps[index];
    let (mut request, auth) = request(plan, environment, index)?;
    request.curl = with_comments(step, index, auth.as_ref(), &request.curl);
    Ok(StepPreview {
        number: index + 1,
        name: step.name.clone(),
        when: step.when.as_ref().map(source),
        auth,
        rules: step.rules.iter().map(|rule| rule_preview(plan, rule)).collect(),
        retry: retry(step),
        expect: step.expect.iter().map(|expect| source(&expect.that)).collect(),
        extract: step.extract.iter().map(extract).collect(),
        reuse_for: step.reuse_for.as_ref().map(source::<Template>),
        paginate: step.paginate.as_ref().map(paginate),
        records: step.records.as_ref().map(|records| source(&records.path)),
        delete_when: step.delete_when.as_ref().map(source),
        write: step.write.iter().map(|target| write(plan, *target)).collect(),
        request,
    })
}

fn request(
    plan: &Plan,
    environment: &Environment,
    index: usize,
) -> Result<(RequestPreview, Option<AuthPreview>), Box<Diagnostic>> {
    let stand_ins = StandIns::default();
    let known = Known::new(plan, environment, &stand_ins, Style::Values);
    let mut shown = rendered(&known, plan, index)?;
    let auth = auth::sign(&known, plan, index, &stand_ins, &mut shown);
    shown.secret_query.clear();
    let redactor = knowing(&plan.clear_secrets);
    let mut preview = describe(&shown, &stand_ins, &redactor);
    preview.credits = credits(&known, plan, index, &stand_ins)?;
    let stand_ins = StandIns::default();
    let known = Known::new(plan, environment, &stand_ins, Style::Variables);
    let mut tried = rendered(&known, plan, index)?;
    auth::sign(&known, plan, index, &stand_ins, &mut tried);
    tried.secret_query.clear();
    preview.curl = curl_command(&tried, &stand_ins, &redactor);
    Ok((preview, auth))
}

/// The request of the first page. A URL that is none with stand-ins in it (a port, say) stands as it is written.
fn rendered(known: &Known<'_>, plan: &Plan, index: usize) -> Result<Request, Box<Diagnostic>> {
    let step = &plan.steps[index];
    let cursor = step.paginate.as_ref().map(|paginate| Cursor::first(&paginate.rules));
    let mut stage = known.of_step(index, cursor.as_ref());
    // Nothing that is rendered here is a secret; what the rendering learns is thrown away.
    let redactor = Redactor::default();
    let first = Rendering { step, context: &stage, cursor: cursor.as_ref(), redactor: &redactor }.request();
    let request = first.or_else(|_| {
        stage.url_as_written = true;
        Rendering { step, context: &stage, cursor: cursor.as_ref(), redactor: &redactor }.request()
    })?;
    Ok(Request { secret_query: vec![], ..request })
}

/// What stands in the file in clear is masked all the same.
fn knowing(secrets: &[String]) -> Redactor {
    let redactor = Redactor::default();
    for secret in secrets {
        redactor.learn(secret);
        // `Bearer …`: the token alone, too.
        if let Some((_, token)) = secret.split_once(' ') {
            redactor.learn(token);
        }
    }
    redactor
}

fn describe(request: &Request, stand_ins: &StandIns, redactor: &Redactor) -> RequestPreview {
    let shown = |text: &str| stand_ins.shown(&redactor.redact(text));
    let described = request.describe(redactor);
    let url = described.split_once(' ').map_or(described.as_str(), |(_, url)| url);
    RequestPreview {
        method: request.method.to_string(),
        url: stand_ins.shown(url),
        headers: request.headers.iter().map(|header| header_preview(header, &shown)).collect(),
        body: match &request.body {
            Body::None => None,
            Body::Text { content_type, text, .. } => Some(BodyPreview {
                content_type: shown(content_type),
                text: shown(&String::from_utf8_lossy(text)),
            }),
        },
        timeout_seconds: request.timeouts.total.as_secs(),
        follow_redirects: request.follow_redirects,
        credits: None,
        curl: String::new(),
    }
}

fn header_preview(header: &Header, shown: &dyn Fn(&str) -> String) -> HeaderPreview {
    let value = String::from_utf8_lossy(header.value.as_bytes());
    HeaderPreview { name: header.name.to_string(), value: shown(&value) }
}

fn curl_command(request: &Request, stand_ins: &StandIns, redactor: &Redactor) -> String {
    let used = std::cell::RefCell::new(BTreeMap::new());
    let pieces = |text: &str| -> Vec<Piece> {
        let text = redactor.redact(text);
        let parts = stand_ins.parts(&text).into_iter();
        parts
            .map(|part| match part {
                Part::Text(text) => Piece::Text(text.to_owned()),
                Part::StandIn(index) => {
                    let stand_in = stand_ins.get(index);
                    let name = stand_in.as_ref().map(|known| known.variable(index)).unwrap_or_default();
                    let explained = stand_in.as_ref().and_then(StandIn::explained);
                    used.borrow_mut().insert(name.clone(), explained);
                    Piece::Variable(name)
                }
            })
            .collect()
    };
    let command = curl::command(request, &pieces);
    let used = used.into_inner();
    let comments =
        used.iter().filter_map(|(name, text)| Some(format!("# needs ${name}: {}\n", text.as_ref()?)));
    format!("{}{command}", comments.collect::<String>())
}

fn with_comments(step: &StepPlan, index: usize, auth: Option<&AuthPreview>, command: &str) -> String {
    let mut lines = vec![format!("# {}. {}", index + 1, step.name)];
    lines.extend(auth.into_iter().flat_map(AuthPreview::sentences).map(|line| format!("# {line}")));
    lines.extend(step.when.as_ref().map(|when| format!("# only when {}", one_line(&source(when)))));
    lines.extend(step.paginate.is_some().then(|| "# the first page".to_owned()));
    lines.push(command.to_owned());
    lines.extend(step.extract.iter().map(|value| {
        let jq = jq_filter(value).map(|filter| format!(", with jq: jq -r '{filter}'")).unwrap_or_default();
        format!("# gives ${}: {} of the answer{jq}", value.key.name, one_line(&extract(value).from))
    }));
    lines.join("\n")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A path of plain names as jq writes it.
fn jq_filter(extract: &ExtractPlan) -> Option<String> {
    let PlainPath { names, each } = extract.source.path()?.item.plain()?;
    let plain = |name: &String| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if *each || names.is_empty() || !names.iter().all(plain) {
        return None;
    }
    Some(format!(".{}", names.join(".")))
}

/// A compiled thing as its author wrote it.
fn source<T>(written: &Written<T>) -> String {
    written.text.value.clone()
}

fn rule_preview(plan: &Plan, rule: &RulePlan) -> RulePreview {
    RulePreview {
        when: source(&rule.when),
        action: rule.action.word(),
        after: rule.after.map(|step| plan.step(step).name.clone()),
        max_retries: rule.max_retries,
    }
}

fn retry(step: &StepPlan) -> RetryPreview {
    RetryPreview {
        max_retries: step.retry.max_retries,
        first_seconds: step.retry.first.as_secs_f64(),
        cap_seconds: step.retry.cap.as_secs_f64(),
        idempotent: step.retry.idempotent.unwrap_or_else(|| step.request.method.is_idempotent()),
    }
}

fn extract(extract: &ExtractPlan) -> ExtractPreview {
    let from = match &extract.source {
        ExtractSource::Path(path) => source(path),
        ExtractSource::Header(name) => format!("header {name}"),
        ExtractSource::Regex { pattern, header: Some(header) } => format!("/{pattern}/ in header {header}"),
        ExtractSource::Regex { pattern, header: None } => format!("/{pattern}/"),
        ExtractSource::Status => "status".to_owned(),
        ExtractSource::Expression(expression) => source(expression),
    };
    ExtractPreview { name: extract.key.name.clone(), from, secret: extract.secret }
}

fn paginate(paginate: &PaginatePlan) -> PaginatePreview {
    PaginatePreview {
        kind: paginate.rules.kind.word(),
        next: paginate.next.as_ref().and_then(|next| match next {
            NextPlan::Path(path) => Some(source(path)),
            NextPlan::Header(name) => Some(format!("header {name}")),
            // Its kind says it.
            NextPlan::LinkHeader => None,
            NextPlan::Expression(expression) => Some(source(expression)),
        }),
        into: paginate.into.as_ref().map(|place| match place {
            PagePlace::Query(name) => format!("query.{name}"),
            PagePlace::Header(name) => format!("headers.{name}"),
            PagePlace::Form(name) => format!("form.{name}"),
            PagePlace::Json(keys) => format!("json.{}", keys.join(".")),
        }),
        more: paginate.more.as_ref().map(source),
        stop_when: paginate.stop_when.as_ref().map(source),
        max_pages: paginate.rules.max_pages,
        prefetch: (paginate.prefetch > 0).then_some(paginate.prefetch),
    }
}

fn write(plan: &Plan, target: usize) -> WritePreview {
    let target = &plan.targets[target];
    let path = target.kind.place().map(|place| {
        // Below the project as it is, so that `--sandbox` shows its own folder.
        let below = place.path.strip_prefix(&plan.root).map(|path| path.display().to_string());
        below.unwrap_or_else(|_| place.shown.clone())
    });
    let table = target.kind.table().map(str::to_owned);
    let mode = path.as_ref().map(|_| target.kind.mode().as_word());
    let key = target.kind.key().unwrap_or_default().to_vec();
    WritePreview { name: target.name.clone(), kind: target.kind.word(), path, table, mode, key }
}
