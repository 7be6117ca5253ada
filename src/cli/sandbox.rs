//! `river sandbox`: the stand-in for Zoho in a process of its own, until a signal ends it.

use std::io::{self, Write};
use std::ops::RangeInclusive;
use std::time::Duration;

use river_sandbox::{AnsweredRequest, Options, Sandbox, Usage};

use super::args::{SandboxArguments, StandInOptions};
use super::exit::Exit;
use super::signals::Signals;
use super::terminal::Terminal;
use crate::spec::value::parse_period;

const MOST_LEADS: u64 = 200_000_000;
const LONGEST_TOKEN_LIFE: Duration = Duration::from_secs(24 * 3600);

/// The names of a connection's values in the environment, as `connections/zoho.yaml` has them.
const VARIABLES: [(&str, &str); 3] = [
    ("client_id", "ZOHO_CLIENT_ID"),
    ("client_secret", "ZOHO_CLIENT_SECRET"),
    ("refresh_token", "ZOHO_REFRESH_TOKEN"),
];

/// Serves until it is asked to stop, which is a success.
pub(super) fn sandbox(arguments: &SandboxArguments, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // Before anything is printed: who reads the address may stop it at once.
    let mut signals = runtime.block_on(async { Signals::catch() })?;
    let sandbox = match Sandbox::start_watched(arguments.options(), log_line()) {
        Ok(sandbox) => sandbox,
        Err(error) => return cannot_listen(arguments.port, &error, terminal),
    };
    if arguments.json {
        writeln!(terminal.out, "{}", json(&sandbox))?;
    } else {
        write!(terminal.out, "{}", introduction(&sandbox))?;
    }
    terminal.out.flush()?;
    runtime.block_on(signals.next());
    writeln!(terminal.err, "{}", summary(&sandbox.usage()))?;
    Ok(Exit::Success)
}

impl SandboxArguments {
    fn options(&self) -> Options {
        Options { port: self.port, redirect_uris: self.redirect_uri.clone(), ..self.stand_in.options() }
    }
}

impl StandInOptions {
    /// What they ask for, on a free port.
    pub(super) fn options(&self) -> Options {
        Options {
            leads: self.leads,
            seed: self.seed,
            token_life: self.token_life,
            tokens_per_ten_minutes: self.tokens_per_ten_minutes,
            credits: self.credits,
            concurrency: self.concurrency,
            faults: self.fault.clone(),
            churn: self.churn,
            guesses: self.guess.iter().copied().collect(),
            ..Options::default()
        }
    }
}

/// Logs what was answered. The stand-in has a thread of its own, which does not know this one's subscriber.
fn log_line() -> impl Fn(&AnsweredRequest<'_>) + Send + Sync + 'static {
    let log = tracing::dispatcher::get_default(Clone::clone);
    move |answered| {
        let AnsweredRequest { method, path, status } = answered;
        let status = status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
        tracing::dispatcher::with_default(&log, || tracing::info!("{method} {path}: {status}"));
    }
}

fn cannot_listen(port: u16, error: &io::Error, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    if error.kind() == io::ErrorKind::AddrInUse {
        writeln!(terminal.err, "error: port {port} of 127.0.0.1 is taken by another program")?;
    } else {
        writeln!(terminal.err, "error: cannot listen on port {port} of 127.0.0.1: {error}")?;
    }
    writeln!(terminal.err, "  = help: `--port 0` takes a free one; `river sandbox` prints which")?;
    Ok(Exit::Failed)
}

fn json(sandbox: &Sandbox) -> serde_json::Value {
    let values = sandbox.connection().into_iter().map(|value| (value.key.to_owned(), value.value.into()));
    let base_url = ("base_url".to_owned(), sandbox.base_url().into());
    serde_json::Value::Object([base_url].into_iter().chain(values).collect())
}

fn introduction(sandbox: &Sandbox) -> String {
    let base_url = sandbox.base_url();
    let values = sandbox.connection();
    let value = |key| values.iter().find(|value| value.key == key).map_or("", |value| value.value.as_str());
    let variables = VARIABLES.map(|(key, variable)| format!("  {variable}={}\n", value(key))).concat();
    format!(
        "A stand-in for Zoho listens on {base_url}; Ctrl-C ends it.\n\
         \n\
         Base URL:      {base_url}\n\
         Client id:     {}\n\
         Client secret: {}\n\
         Refresh token: {}\n\
         \n\
         For pipelines, in the environment or in `.env`:\n\
         \n\
         {variables}\
         \n\
         and among the values of `connections/zoho.yaml`, in place of its own:\n\
         \n\
         \x20 accounts_url: {base_url}\n",
        value("client_id"),
        value("client_secret"),
        value("refresh_token"),
    )
}

fn summary(usage: &Usage) -> String {
    format!(
        "sandbox: {}, {}, {}, {} refused by a limit",
        plural(usage.requests, "request"),
        plural(usage.access_tokens, "access token"),
        plural(usage.credits.used, "credit"),
        usage.refused
    )
}

fn plural(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

pub(super) fn port(text: &str) -> Result<u16, String> {
    number(text, 0..=u16::MAX)
}

pub(super) fn leads(text: &str) -> Result<u64, String> {
    number(text, 0..=MOST_LEADS)
}

pub(super) fn seed(text: &str) -> Result<u64, String> {
    number(text, 0..=u64::MAX)
}

pub(super) fn tokens(text: &str) -> Result<u32, String> {
    number(text, 0..=u32::MAX)
}

pub(super) fn credits(text: &str) -> Result<u64, String> {
    number(text, 0..=u64::MAX)
}

pub(super) fn concurrency(text: &str) -> Result<usize, String> {
    number(text, 1..=10_000)
}

pub(super) fn token_life(text: &str) -> Result<Duration, String> {
    match parse_period(text) {
        Some(life) if life.subsec_nanos() == 0 && !life.is_zero() && life <= LONGEST_TOKEN_LIFE => Ok(life),
        Some(_) => Err("allowed: whole seconds from `1s` to `24h`".to_owned()),
        None => Err("not a length of time; write `60s`, `5m` or `1h`".to_owned()),
    }
}

/// Zoho: a redirect URI begins with one of these.
pub(super) fn redirect_uri(text: &str) -> Result<String, String> {
    match url::Url::parse(text) {
        Ok(url)
            if ["http", "https"].contains(&url.scheme())
                && text.bytes().all(|byte| byte.is_ascii_graphic()) =>
        {
            Ok(text.to_owned())
        }
        _ => Err("allowed: a whole URL that begins with http:// or https://".to_owned()),
    }
}

fn number<T>(text: &str, allowed: RangeInclusive<T>) -> Result<T, String>
where
    T: std::str::FromStr + PartialOrd + std::fmt::Display,
{
    match text.parse() {
        Ok(number) if allowed.contains(&number) => Ok(number),
        _ => Err(format!("allowed: a whole number from {} to {}", allowed.start(), allowed.end())),
    }
}
