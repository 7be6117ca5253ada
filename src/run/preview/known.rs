//! What a preview knows: params and values of connections, with stand-ins for everything else.

use minijinja::value::Value;

use super::stand_in::{Side, StandIn, StandIns};
use crate::expr::{Template, mapping, scalar_text};
use crate::paging::Cursor;
use crate::plan::Plan;
use crate::plan::auth::AuthPlan;
use crate::plan::connection::{ConnectionEntry, ConnectionPlan, ConnectionSource};
use crate::plan::context::Context;
use crate::plan::step::StepPlan;
use crate::plan::written::{EvaluationError, Written};
use crate::run::render::page_names;
use crate::secret::{Environment, Secret};

/// How values of the environment are shown that are no secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// As they are.
    Values,
    /// As shell variables.
    Variables,
}

impl Style {
    fn wants_variables(self) -> bool {
        match self {
            Self::Variables => true,
            Self::Values => false,
        }
    }
}

/// One name's value on both sides.
type Pair = [Value; 2];

/// The known names of a plan.
#[derive(Debug)]
pub(super) struct Known<'a> {
    plan: &'a Plan,
    environment: &'a Environment,
    stand_ins: &'a StandIns,
    style: Style,
    connections: Vec<Pair>,
}

impl<'a> Known<'a> {
    /// Looks up what a plan needs from outside; what is missing gets a stand-in.
    pub(super) fn new(
        plan: &'a Plan,
        environment: &'a Environment,
        stand_ins: &'a StandIns,
        style: Style,
    ) -> Self {
        let mut known = Self { plan, environment, stand_ins, style, connections: vec![] };
        known.connections = plan.connections.iter().map(|connection| known.connection(connection)).collect();
        known
    }

    /// What the templates of a step see.
    pub(super) fn of_step(&self, index: usize, cursor: Option<&Cursor>) -> Stage<'_> {
        let step = &self.plan.steps[index];
        let [one, other] = [Side::One, Side::Other].map(|side| {
            let extracted = self.plan.steps[..index].iter().flat_map(|earlier| &earlier.extract);
            let extracted = extracted.map(|extract| {
                let name = extract.key.name.clone();
                (name.clone(), self.token(StandIn::Extracted { name }, side))
            });
            let page = step.paginate.as_ref().zip(cursor);
            let page = page.map(|(paginate, cursor)| ("page".to_owned(), page_names(paginate, cursor)));
            let connection = step.connection.map(|index| self.connections[index][side as usize].clone());
            let connection = connection.map(|value| ("connection".to_owned(), value));
            let state = step.state.iter().map(|state| {
                let name = state.name.clone();
                (name.clone(), self.token(StandIn::State { name }, side))
            });
            let state = ("state".to_owned(), mapping(state.collect::<Vec<_>>()));
            mapping(extracted.chain(self.outside(side)).chain(connection).chain(page).chain([state]))
        });
        Stage { step, stand_ins: self.stand_ins, sides: [one, other], url_as_written: false }
    }

    /// The names that are there everywhere.
    fn outside(&self, side: Side) -> [(String, Value); 3] {
        let params = self.plan.params.iter().map(|param| {
            let value = if param.secret {
                self.token(StandIn::Param { name: param.name.clone() }, side)
            } else {
                Value::from(minijinja::value::Serde(&param.value))
            };
            (param.name.clone(), value)
        });
        let run = ["id", "started_at", "scheduled_at", "from", "to"];
        [
            ("params".to_owned(), mapping(params)),
            ("env".to_owned(), self.variables(side)),
            ("run".to_owned(), mapping(run.map(|name| (name, self.token(StandIn::Run { name }, side))))),
        ]
    }

    /// All of `env` is secret.
    fn variables(&self, side: Side) -> Value {
        let needed = self.plan.environment.iter().filter_map(|variable| {
            let name = &variable.name;
            let there = self.environment.contains_key(name);
            let stand_in = StandIn::Environment { variable: name.clone(), there };
            (there || !variable.provided_for).then(|| (name.clone(), self.token(stand_in, side)))
        });
        mapping(needed)
    }

    fn connection(&self, plan: &ConnectionPlan) -> Pair {
        // Templates of the connection see values, whatever is shown in the end: `pick(…)` must find its key.
        let mut seen: [Vec<(String, Value)>; 2] = Default::default();
        for name in &plan.kept {
            let kept =
                StandIn::Connection { connection: plan.name.clone(), name: name.clone(), secret: false };
            for (at, side) in [Side::One, Side::Other].into_iter().enumerate() {
                seen[at].push((name.clone(), self.token(kept.clone(), side)));
            }
        }
        let mut shown = seen.clone();
        for entry in &plan.values {
            let [one, other] = &seen;
            let contexts = [(one, Side::One), (other, Side::Other)].map(|(values, side)| {
                let own = ("connection".to_owned(), mapping(values.clone()));
                mapping(self.outside(side).into_iter().chain([own]))
            });
            let Some(values) = self.entry(&plan.name, entry, &contexts) else { continue };
            let variable = self.as_variable(entry);
            for (at, side) in [Side::One, Side::Other].into_iter().enumerate() {
                let value =
                    variable.clone().map_or_else(|| values[at].clone(), |known| self.token(known, side));
                shown[at].push((entry.name.clone(), value));
                seen[at].push((entry.name.clone(), values[at].clone()));
            }
        }
        shown.map(mapping)
    }

    /// A value of a connection.
    pub(super) fn of_connection(&self, connection: usize, name: &str) -> Option<Value> {
        let value = self.connections[connection][0].get_attr(name).ok()?;
        Some(value).filter(|value| !value.is_undefined())
    }

    /// A value of what proves who asks.
    pub(super) fn of_auth(&self, auth: &AuthPlan, name: &str) -> Option<Value> {
        let entry = auth.values.iter().find(|entry| entry.name == name)?;
        let contexts = [Side::One, Side::Other].map(|side| {
            let own = auth.connection.map(|index| self.connections[index][side as usize].clone());
            let own = own.map(|own| ("connection".to_owned(), own));
            mapping(self.outside(side).into_iter().chain(own))
        });
        self.entry(&auth.connection_name, entry, &contexts).map(|[one, _]| one)
    }

    /// What stands for a credential: the variable that it comes from, if it is one.
    pub(super) fn credential(&self, auth: &AuthPlan, name: &str) -> String {
        let connection = auth.connection.map(|index| &self.plan.connections[index]);
        let stand_in = match auth.variable(name, connection) {
            Some(variable) => {
                let there = self.environment.get(variable).is_some_and(|value| !value.expose().is_empty());
                StandIn::Environment { variable: variable.to_owned(), there }
            }
            None => StandIn::Connection {
                connection: auth.connection_name.clone(),
                name: name.to_owned(),
                secret: true,
            },
        };
        scalar_text(&self.token(stand_in, Side::One)).unwrap_or_default()
    }

    /// None: it may be missing, and is.
    fn entry(&self, connection: &str, entry: &ConnectionEntry, contexts: &Pair) -> Option<Pair> {
        let (connection, name) = (connection.to_owned(), entry.name.clone());
        let missing = StandIn::Connection { connection, name, secret: entry.secret };
        let both =
            |stand_in: StandIn| [Side::One, Side::Other].map(|side| self.token(stand_in.clone(), side));
        Some(match &entry.source {
            ConnectionSource::Written(_) if entry.secret => both(missing),
            ConnectionSource::Written(written) => {
                let values = contexts.each_ref().map(|context| written.value(context).ok());
                match values {
                    [Some(one), Some(other)] if alike(&one, &other) => [one, other],
                    _ => both(missing),
                }
            }
            ConnectionSource::Outside(outside) => {
                // Nothing else is read, run or asked for a plan.
                let Some(variable) = outside.variable() else { return Some(both(missing)) };
                let value =
                    self.environment.get(variable).map(Secret::expose).filter(|value| !value.is_empty());
                match (value, &outside.default) {
                    (Some(value), _) if !entry.secret => [Value::from(value), Value::from(value)],
                    (None, Some(default)) if !entry.secret => {
                        let default = Value::from(minijinja::value::Serde(default));
                        [default.clone(), default]
                    }
                    (None, Some(_)) => both(missing),
                    (None, None) if entry.need.is_optional() => return None,
                    (value, _) => {
                        both(StandIn::Environment { variable: variable.to_owned(), there: value.is_some() })
                    }
                }
            }
        })
    }

    /// The variable in whose place a value is shown, if variables are wanted.
    fn as_variable(&self, entry: &ConnectionEntry) -> Option<StandIn> {
        let outside = entry.source.outside().filter(|outside| outside.default.is_none())?;
        let variable = outside.variable()?;
        let there = self.environment.get(variable).is_some_and(|value| !value.expose().is_empty());
        let stand_in = || StandIn::Environment { variable: variable.to_owned(), there };
        self.style.wants_variables().then(stand_in)
    }

    fn token(&self, stand_in: StandIn, side: Side) -> Value {
        self.stand_ins.token(stand_in, side)
    }
}

/// Whether two values differ by nothing but the tokens in them.
fn alike(one: &Value, other: &Value) -> bool {
    text(one) == StandIns::of_side_one(&text(other))
}

fn text(value: &Value) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// The names that the templates of one step see.
#[derive(Debug)]
pub(super) struct Stage<'a> {
    step: &'a StepPlan,
    stand_ins: &'a StandIns,
    sides: Pair,
    /// The URL cannot be one with its stand-ins: it stands as it is written.
    pub(super) url_as_written: bool,
}

impl Stage<'_> {
    /// The value, if stand-ins only pass through; else the template as it is written.
    fn carried(&self, template: &Written<Template>) -> Result<Value, EvaluationError> {
        let [one, other] = &self.sides;
        if !self.needs_a_run(template) {
            return template.value(one);
        }
        match (template.value(one), template.value(other)) {
            (Ok(value), Ok(same)) if alike(&value, &same) && self.stand_ins.are_in(&text(&value)) => {
                Ok(value)
            }
            _ => Ok(self.as_written(template)),
        }
    }

    fn as_written(&self, template: &Written<Template>) -> Value {
        self.stand_ins.token(StandIn::Written { text: template.text.value.clone() }, Side::One)
    }

    fn needs_a_run(&self, template: &Written<Template>) -> bool {
        template.item.uses().iter().any(|found| {
            let value = found.path.iter().try_fold(self.sides[0].clone(), |value, link| {
                // A token has no members: what is behind it is not known either.
                if value.as_str().is_some() { Some(value) } else { value.get_attr(link).ok() }
            });
            value.is_some_and(|value| self.stand_ins.are_in(&text(&value)))
        })
    }
}

impl Context for Stage<'_> {
    /// Stand-ins hold no secrets.
    fn pieces(&self, _template: &Written<Template>) -> Vec<Value> {
        vec![]
    }

    fn value(&self, template: &Written<Template>) -> Result<Value, EvaluationError> {
        if !std::ptr::eq(template, &raw const self.step.request.url) {
            return self.carried(template);
        }
        let value = if self.url_as_written { self.as_written(template) } else { self.carried(template)? };
        Ok(value.as_str().map(|text| Value::from(StandIns::as_url(text))).unwrap_or(value))
    }

    fn name(&self, name: &str) -> Value {
        let value = self.sides[0].get_attr(name).unwrap_or_default();
        match value.get_attr("base_url").ok().as_ref().and_then(Value::as_str) {
            // A path follows it.
            Some(base) => mapping([("base_url", Value::from(StandIns::as_url(&format!("{base}/"))))]),
            None => value,
        }
    }
}
