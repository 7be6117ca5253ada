//! Looking up, before the first request, what a plan needs from outside. What is missing is reported at once.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::value::Value;

use super::event::{Event, Listener};
use super::secrets;
use crate::auth::AuthValues;
use crate::auth::source::{self, Found, Places, SourceError};
use crate::diagnostic::{Code, Diagnostic, Findings, nearest};
use crate::expr::mapping;
use crate::plan::auth::{AuthPlan, ORIGIN_HELP, parse_origin};
use crate::plan::connection::{Alone, ConnectionEntry, ConnectionPlan, ConnectionSource};
use crate::plan::need::ValueUse;
use crate::plan::scope::VariableUse;
use crate::plan::source::Outside;

/// Looks up, and collects what is wrong.
pub(super) struct Lookup<'a> {
    places: Places<'a>,
    listener: &'a mut dyn Listener,
    findings: Findings,
}

impl<'a> Lookup<'a> {
    /// Looks in these places, and tells of what is questionable there.
    pub(super) fn new(places: Places<'a>, listener: &'a mut dyn Listener) -> Self {
        Self { places, listener, findings: Findings::default() }
    }

    /// Err: something is missing or wrong.
    pub(super) fn finish(self) -> Result<(), Findings> {
        if self.findings.has_errors() { Err(self.findings) } else { Ok(()) }
    }

    /// The variables that templates read.
    pub(super) fn environment(&mut self, needed: &[VariableUse]) -> Value {
        let environment = self.places.environment;
        for variable in needed {
            match environment.get(&variable.name) {
                Some(value) => drop(self.places.redactor.learn(value.expose())),
                None if variable.provided_for => {}
                None => self.findings.push(self.unset(variable)),
            }
        }
        let there = needed.iter().filter_map(|variable| {
            let value = environment.get(&variable.name)?;
            Some((variable.name.clone(), Value::from(value.expose())))
        });
        mapping(there)
    }

    fn unset(&self, variable: &VariableUse) -> Diagnostic {
        let known = self.places.environment.keys().map(String::as_str);
        let guess = nearest(&variable.name, known).map(|near| format!("did you mean `{near}`?"));
        let error = SourceError::NotSet(variable.name.clone());
        missing(&error, "a template reads it", None).at(variable.span, guess.unwrap_or_default())
    }

    /// What a connection has before any sign-in, as far as it is needed.
    pub(super) fn connection(
        &mut self,
        plan: &ConnectionPlan,
        params: &Value,
        environment: &Value,
    ) -> BTreeMap<String, Value> {
        let mut values: BTreeMap<String, Value> = BTreeMap::new();
        // What needs a value that was found wrong is not said to be wrong as well.
        let mut wrong: BTreeSet<&str> = BTreeSet::new();
        for entry in plan.values.iter().filter(|entry| entry.is_looked_up() && !entry.late) {
            if entry.source.uses().iter().any(|found| found.is_one_of(&wrong)) {
                wrong.insert(&entry.name);
                continue;
            }
            let context = mapping([
                ("connection", of_connection(&values)),
                ("params", params.clone()),
                ("env", environment.clone()),
            ]);
            match self.value(&plan.name, entry, &context) {
                Some(value) => {
                    if entry.secret {
                        secrets::learn(self.places.redactor, &value);
                    }
                    values.insert(entry.name.clone(), value);
                }
                None if entry.need.is_required() => drop(wrong.insert(&entry.name)),
                None => {}
            }
        }
        values
    }

    /// What proves who asks. What needs a value that is missing is not said to be wrong as well.
    pub(super) fn auth(
        &mut self,
        plan: &AuthPlan,
        own: Option<&BTreeMap<String, Value>>,
        params: &Value,
        environment: &Value,
    ) -> AuthValues {
        let nothing = BTreeMap::new();
        let own = own.unwrap_or(&nothing);
        let context = mapping([
            ("connection", of_connection(own)),
            ("params", params.clone()),
            ("env", environment.clone()),
        ]);
        let mut values = AuthValues::default();
        for entry in plan.values.iter().filter(|entry| entry.is_looked_up() && !entry.late) {
            let there = |found: &ValueUse| {
                found.provided_for || found.name.as_ref().is_none_or(|name| own.contains_key(name))
            };
            if !entry.source.uses().iter().all(there) && self.findings.has_errors() {
                continue;
            }
            if let Some(value) = self.value(&plan.connection_name, entry, &context) {
                self.check_origin(entry, &value);
                if entry.secret {
                    secrets::learn(self.places.redactor, &value);
                }
                values.insert(&entry.name, value);
            }
        }
        values
    }

    /// One that is written out was looked at by the check.
    fn check_origin(&mut self, entry: &ConnectionEntry, value: &Value) {
        let is_computed = !entry.source.uses().is_empty() || entry.variable().is_some();
        if !entry.name.starts_with("origins.") || !is_computed {
            return;
        }
        if let Err(error) = parse_origin(value.as_str().unwrap_or_default()) {
            let finding = Diagnostic::error(Code::BadConnection, error.to_string());
            self.findings.push(finding.at_if(entry.span).help(ORIGIN_HELP));
        }
    }

    /// None: it may be missing, and is; or a finding says what is wrong.
    fn value(&mut self, connection: &str, entry: &ConnectionEntry, context: &Value) -> Option<Value> {
        match &entry.source {
            ConnectionSource::Written(written) => match written.value(context) {
                Ok(value) => Some(value),
                // What it is made of may be missing as well.
                Err(error) if error.undefined && entry.need.is_optional() => None,
                Err(error) => {
                    let message = format!("connection `{connection}`: {}", error.message);
                    self.findings.push(Diagnostic::error(Code::BadConnection, message).at(error.span, ""));
                    None
                }
            },
            ConnectionSource::Outside(outside) => self.outside(connection, entry, outside),
        }
    }

    fn outside(&mut self, connection: &str, entry: &ConnectionEntry, outside: &Outside) -> Option<Value> {
        if outside.origin.asks_a_person() && self.findings.has_errors() {
            // Nobody is asked for a run that cannot begin.
            return None;
        }
        let description = outside.description.as_deref();
        let what = format!("`{}` of connection `{connection}`{}", entry.name, in_brackets(description));
        match source::find(&outside.origin, &what, self.places) {
            Ok(found) => Some(self.found(found)),
            Err(error) if error.is_missing() && outside.default.is_some() => {
                outside.default.as_ref().map(|default| Value::from(minijinja::value::Serde(default)))
            }
            Err(error) if error.is_missing() && entry.need.is_optional() => None,
            Err(error) => {
                let what = format!("connection `{connection}` needs `{}`", entry.name);
                self.findings.push(missing(&error, &what, description).at_if(entry.span));
                None
            }
        }
    }

    fn found(&mut self, found: Found) -> Value {
        if let Some(warning) = found.warning {
            let why = self.places.redactor.redact(&warning.message).into_owned();
            self.listener.hear(&Event::StoreTrouble { why, help: warning.help });
        }
        Value::from(found.value.expose())
    }
}

/// Looks up what the `auth` of a connection needs, without a run: params are not there. Err: what is missing.
pub fn look_up(
    alone: &mut Alone,
    places: Places<'_>,
    listener: &mut dyn Listener,
) -> Result<AuthValues, Findings> {
    alone.mark_used();
    let mut lookup = Lookup::new(places, listener);
    let variables = lookup.environment(&alone.environment());
    let nothing = of_connection(&BTreeMap::new());
    let early = lookup.connection(&alone.connection, &nothing, &variables);
    let auth = alone.auth.as_ref();
    let values = auth.map(|auth| lookup.auth(auth, Some(&early), &nothing, &variables));
    lookup.finish()?;
    Ok(values.unwrap_or_default())
}

/// The names behind `connection.`.
pub(super) fn of_connection(values: &BTreeMap<String, Value>) -> Value {
    mapping(values.iter().map(|(name, value)| (name.clone(), value.clone())))
}

fn missing(error: &SourceError, what: &str, description: Option<&str>) -> Diagnostic {
    let message = format!("{error}: {what}{}", in_brackets(description));
    let finding = Diagnostic::error(Code::MissingSecret, message);
    let finding = match error.said() {
        Some(said) => finding.note(format!("it says: {said}")),
        None => finding,
    };
    finding.help(error.help())
}

fn in_brackets(description: Option<&str>) -> String {
    description.map(|text| format!(" ({text})")).unwrap_or_default()
}
