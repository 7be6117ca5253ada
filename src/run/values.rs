//! The values a run works with: params, connections, the environment, and what steps extracted.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use minijinja::value::{Object, Value};

use super::event::Listener;
use super::lookup::{Lookup, of_connection};
use super::secrets;
use super::world::World;
use crate::auth::{AuthValues, EntryId};
use crate::diagnostic::Findings;
use crate::expr::mapping;
use crate::plan::Plan;
use crate::plan::connection::{ConnectionPlan, ConnectionSource};
use crate::plan::written::EvaluationError;
use crate::secret::Redactor;

/// All values of a run.
#[derive(Debug, Clone)]
pub(super) struct Values {
    params: Value,
    environment: Value,
    run: Value,
    /// What each connection has from the start.
    early: Vec<BTreeMap<String, Value>>,
    /// The same, with what a sign-in brought.
    connections: Vec<Value>,
    /// What proves who asks.
    auths: Arc<Vec<AuthValues>>,
    extracted: Arc<BTreeMap<String, Value>>,
    cells: Vec<Cell>,
}

/// What a step gave, as a whole.
#[derive(Debug, Clone, Default)]
struct Cell {
    /// Counts how often the step gave values.
    generation: u64,
    /// When they stop being good.
    expires: Option<SystemTime>,
    /// Where the store has them.
    stored: Option<Stored>,
    /// The last stored values that a service did not accept.
    refused: Option<Stored>,
}

/// Values of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stored {
    pub id: EntryId,
    pub generation: u64,
    /// Whether this run took them from there, and did not ask for them itself.
    pub taken: bool,
}

/// The names that an expression sees: a few of its own over what the steps extracted.
#[derive(Debug)]
struct Names {
    own: Vec<(String, Value)>,
    extracted: Arc<BTreeMap<String, Value>>,
}

impl Object for Names {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let name = key.as_str()?;
        let own = self.own.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value);
        own.or_else(|| self.extracted.get(name)).cloned()
    }
}

impl Values {
    /// Looks everything up that the plan needs from outside; what is missing is reported at once, before any request.
    pub(super) fn new(
        plan: &Plan,
        world: &World,
        run: Value,
        redactor: &Redactor,
        listener: &mut dyn Listener,
    ) -> Result<Self, Findings> {
        for secret in &plan.clear_secrets {
            redactor.learn(secret);
        }
        let mut lookup = Lookup::new(world.places(&plan.root, redactor), listener);
        let params = plan.params.iter().map(|param| {
            let value = Value::from(minijinja::value::Serde(&param.value));
            if param.secret {
                secrets::learn(redactor, &value);
            }
            (param.name.clone(), value)
        });
        let params = mapping(params.collect::<Vec<_>>());
        let environment_value = lookup.environment(&plan.environment);
        let early: Vec<_> = plan
            .connections
            .iter()
            .map(|connection| lookup.connection(connection, &params, &environment_value))
            .collect();
        let connections: Vec<Value> = early.iter().map(of_connection).collect();
        let auths = plan.auths.iter().map(|auth| {
            let own = auth.connection.map(|index| &early[index]);
            lookup.auth(auth, own, &params, &environment_value)
        });
        let auths = Arc::new(auths.collect());
        lookup.finish()?;
        let cells = vec![Cell::default(); plan.steps.len()];
        Ok(Self {
            params,
            environment: environment_value,
            run,
            early,
            connections,
            auths,
            extracted: Arc::default(),
            cells,
        })
    }

    /// What proves who asks, by index in the plan.
    pub(super) fn auths(&self) -> &Arc<Vec<AuthValues>> {
        &self.auths
    }

    /// All values of a connection.
    pub(super) fn connection(&self, connection: Option<usize>) -> Value {
        connection.map_or_else(|| of_connection(&BTreeMap::new()), |index| self.connections[index].clone())
    }

    /// A value of a connection; none: it is not there, or not yet.
    pub(super) fn of_connection(&self, connection: usize, name: &str) -> Option<Value> {
        self.connections[connection].get_attr(name).ok().filter(|value| !value.is_undefined())
    }

    /// Takes over what a sign-in brought, and what needs it.
    pub(super) fn keep(
        &mut self,
        connection: usize,
        plan: &ConnectionPlan,
        kept: &serde_json::Map<String, serde_json::Value>,
        redactor: &Redactor,
    ) -> Result<(), EvaluationError> {
        let mut values = self.early[connection].clone();
        for (name, value) in kept {
            // A value of the sandbox's stands before what its service says.
            values.entry(name.clone()).or_insert_with(|| Value::from(minijinja::value::Serde(value)));
        }
        for entry in plan.values.iter().filter(|entry| entry.late) {
            let ConnectionSource::Written(written) = &entry.source else { continue };
            let context = mapping([
                ("connection", of_connection(&values)),
                ("params", self.params.clone()),
                ("env", self.environment.clone()),
            ]);
            let value = written.value(&context)?;
            if entry.secret {
                secrets::learn(redactor, &value);
            }
            values.insert(entry.name.clone(), value);
        }
        self.connections[connection] = of_connection(&values);
        Ok(())
    }

    /// Gives `run.*` its values: those of the dead run, if this one goes on with it.
    pub(super) fn name_run(&mut self, run: Value) {
        self.run = run;
    }

    /// The names that an expression sees, with some of its own (`response`, `page`).
    pub(super) fn context(
        &self,
        connection: Option<usize>,
        own: impl IntoIterator<Item = (&'static str, Value)>,
    ) -> Value {
        self.names(connection, own.into_iter().map(|(name, value)| (name.to_owned(), value)))
    }

    /// The names that `reuse_for` sees: what the step has just extracted among them.
    pub(super) fn context_with(&self, connection: Option<usize>, extracted: &[(String, Value)]) -> Value {
        let own = extracted.iter().map(|(name, value)| (name.clone(), value.clone()));
        self.names(connection, own)
    }

    /// Takes over what a step gave.
    pub(super) fn store(&mut self, step: usize, values: Vec<(String, Value)>, expires: Option<SystemTime>) {
        // Nobody looks at the names while a step gives new ones, so that nothing is copied here.
        Arc::make_mut(&mut self.extracted).extend(values);
        self.cells[step].generation += 1;
        self.cells[step].expires = expires;
        self.cells[step].stored = None;
    }

    /// Remembers where the store has what a step gave.
    pub(super) fn note_stored(&mut self, step: usize, stored: Stored) {
        self.cells[step].stored = Some(stored);
    }

    /// A service did not accept what a step gave.
    pub(super) fn refuse(&mut self, step: usize) {
        let cell = &mut self.cells[step];
        cell.refused = cell.stored.clone().or_else(|| cell.refused.take());
    }

    /// Whether a service did not accept what the store has.
    pub(super) fn is_refused(&self, step: usize, id: &EntryId, generation: u64) -> bool {
        let refused = self.cells[step].refused.as_ref();
        refused.is_some_and(|refused| refused.id == *id && refused.generation == generation)
    }

    /// Whether this run did not ask for the values of a step itself.
    pub(super) fn is_from_elsewhere(&self, step: usize) -> bool {
        self.cells[step].stored.as_ref().is_some_and(|stored| stored.taken)
    }

    /// One value that a step extracted.
    pub(super) fn extracted(&self, name: &str) -> Option<&Value> {
        self.extracted.get(name)
    }

    /// When what a step gave stops being good.
    pub(super) fn expires(&self, step: usize) -> Option<SystemTime> {
        self.cells[step].expires
    }

    fn names(&self, connection: Option<usize>, own: impl Iterator<Item = (String, Value)>) -> Value {
        let given = [("params", &self.params), ("env", &self.environment), ("run", &self.run)];
        let given = given.into_iter().map(|(name, value)| (name.to_owned(), value.clone()));
        let connection = connection.map(|index| ("connection".to_owned(), self.connections[index].clone()));
        let own = given.chain(connection).chain(own).collect();
        Value::from_object(Names { own, extracted: Arc::clone(&self.extracted) })
    }

    /// How often a step gave values.
    pub(super) fn generation(&self, step: usize) -> u64 {
        self.cells[step].generation
    }

    /// Whether what a step gave is no longer good.
    pub(super) fn is_expired(&self, step: usize, now: SystemTime) -> bool {
        self.cells[step].expires.is_some_and(|expires| expires <= now)
    }
}
