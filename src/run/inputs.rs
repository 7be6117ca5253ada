//! What a run is given: params, the environment, its own names, connections with what a sign-in brought them.

use std::cell::RefCell;
use std::collections::BTreeMap;

use minijinja::value::Value;

use super::event::Listener;
use super::lookup::{Lookup, of_connection};
use super::secrets;
use super::world::World;
use crate::auth::AuthValues;
use crate::diagnostic::Findings;
use crate::expr::mapping;
use crate::plan::Plan;
use crate::plan::connection::ConnectionPlan;
use crate::plan::written::EvaluationError;
use crate::secret::Redactor;

/// What a run is given.
#[derive(Debug, Clone)]
pub(super) struct Inputs {
    params: Value,
    environment: Value,
    run: Value,
    /// What each connection has from the start.
    early: Vec<BTreeMap<String, Value>>,
    /// The same, with what a sign-in brought.
    connections: RefCell<Vec<Value>>,
    /// What proves who asks.
    auths: Vec<AuthValues>,
}

impl Inputs {
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
        let auths = auths.collect();
        lookup.finish()?;
        Ok(Self {
            params,
            environment: environment_value,
            run,
            early,
            connections: RefCell::new(connections),
            auths,
        })
    }

    /// What proves who asks, by index in the plan.
    pub(super) fn auths(&self) -> &[AuthValues] {
        &self.auths
    }

    /// All values of a connection.
    pub(super) fn connection(&self, connection: Option<usize>) -> Value {
        let known = self.connections.borrow();
        connection.map_or_else(|| of_connection(&BTreeMap::new()), |index| known[index].clone())
    }

    /// A value of a connection; none: it is not there, or not yet.
    pub(super) fn of_connection(&self, connection: usize, name: &str) -> Option<Value> {
        let known = &self.connections.borrow()[connection];
        known.get_attr(name).ok().filter(|value| !value.is_undefined())
    }

    /// Takes over what a sign-in brought, and what needs it.
    pub(super) fn keep(
        &self,
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
            let Some(written) = entry.source.written() else { continue };
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
        self.connections.borrow_mut()[connection] = of_connection(&values);
        Ok(())
    }

    /// Gives `run.*` its values: those of the interrupted run, if this one resumes it.
    pub(super) fn name_run(&mut self, run: Value) {
        self.run = run;
    }

    /// The names that every expression sees, `connection` if there is one in force.
    pub(super) fn names(&self, connection: Option<usize>) -> Vec<(String, Value)> {
        let given = [("params", &self.params), ("env", &self.environment), ("run", &self.run)];
        let given = given.into_iter().map(|(name, value)| (name.to_owned(), value.clone()));
        let connection =
            connection.map(|index| ("connection".to_owned(), self.connections.borrow()[index].clone()));
        given.chain(connection).collect()
    }
}
