//! The values that the steps of one strand see: the item of its loop, and what its steps extracted.
//!
//! A strand within a loop sees what the strands around it have, and nothing of its neighbours. Values of a step belong
//! to the strand in which the step stands, whoever renews them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;
use std::time::SystemTime;

use minijinja::value::{Object, Value};
use tokio::sync::Mutex;

use super::inputs::Inputs;
use super::journal::checkpoint;
use super::watermarks::Round;
use crate::auth::EntryId;
use crate::plan::Plan;
use crate::plan::block::StepId;

/// The values of a strand.
#[derive(Debug)]
pub(super) struct Variables {
    around: Option<Rc<Variables>>,
    /// The name and value of the item.
    item: Option<(String, Value)>,
    /// The steps that stand in the strand, those of loops within it included.
    steps: Range<u32>,
    extracted: RefCell<Arc<BTreeMap<String, Value>>>,
    given: RefCell<BTreeMap<StepId, Given>>,
    /// What its steps keep for the next run.
    rounds: RefCell<BTreeMap<StepId, Rc<Round>>>,
}

/// What a step gave, as a whole.
#[derive(Debug, Clone, Default)]
struct Given {
    /// How often the step gave values.
    generation: u64,
    /// When they stop being good.
    expires: Option<SystemTime>,
    /// Where the token store has them.
    stored: Option<Stored>,
    /// The last stored values that a service did not accept.
    refused: Option<Stored>,
    /// Held by whoever runs the step.
    turn: Rc<Mutex<()>>,
}

/// Values of the token store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) id: EntryId,
    pub(super) generation: u64,
    /// Whether this run took them from there, and did not ask for them itself.
    pub(super) taken: bool,
}

/// What a checkpoint keeps of the values of a strand.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub(super) struct SavedVariables {
    /// What steps extracted, by step and name. Secrets are never in it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) extracted: BTreeMap<StepId, BTreeMap<String, serde_json::Value>>,
    /// Steps that gave values which are not kept: they run again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) run_again: Vec<StepId>,
}

impl Variables {
    /// Those of the pipeline itself.
    pub(super) fn of_pipeline(plan: &Plan) -> Rc<Self> {
        Rc::new(Self::new(None, None, 0..StepId::at(plan.steps.len()).0))
    }

    /// Those of one item of a loop.
    pub(super) fn of_item(around: &Rc<Self>, item: (String, Value), steps: Range<u32>) -> Rc<Self> {
        Rc::new(Self::new(Some(Rc::clone(around)), Some(item), steps))
    }

    fn new(around: Option<Rc<Self>>, item: Option<(String, Value)>, steps: Range<u32>) -> Self {
        Self {
            around,
            item,
            steps,
            extracted: RefCell::default(),
            given: RefCell::default(),
            rounds: RefCell::default(),
        }
    }

    /// The strand in which a step stands: this one, or one around it.
    pub(super) fn home_of(self: &Rc<Self>, step: StepId) -> Rc<Self> {
        let mut here = self;
        while let Some(around) = &here.around {
            if here.steps.contains(&step.0) {
                break;
            }
            here = around;
        }
        Rc::clone(here)
    }

    /// The names that an expression sees, with some of its own (`response`, `page`).
    pub(super) fn context(
        &self,
        inputs: &Inputs,
        connection: Option<usize>,
        own: impl IntoIterator<Item = (&'static str, Value)>,
    ) -> Value {
        self.names(inputs, connection, own.into_iter().map(|(name, value)| (name.to_owned(), value)))
    }

    /// The same with what a step has just extracted.
    pub(super) fn context_with(
        &self,
        inputs: &Inputs,
        connection: Option<usize>,
        extracted: &[(String, Value)],
    ) -> Value {
        let own = extracted.iter().map(|(name, value)| (name.clone(), value.clone()));
        self.names(inputs, connection, own)
    }

    fn names(
        &self,
        inputs: &Inputs,
        connection: Option<usize>,
        own: impl Iterator<Item = (String, Value)>,
    ) -> Value {
        let (mut items, mut extracted) = (Vec::new(), vec![Arc::clone(&self.extracted.borrow())]);
        items.extend(self.item.clone());
        let mut around = self.around.as_ref();
        while let Some(variables) = around {
            items.extend(variables.item.clone());
            extracted.push(Arc::clone(&variables.extracted.borrow()));
            around = variables.around.as_ref();
        }
        // The last of a name counts: what the innermost strand has.
        let own = inputs.names(connection).into_iter().chain(items.into_iter().rev()).chain(own).collect();
        Value::from_object(Names { own, extracted })
    }

    /// Takes over what a step of this strand gave.
    pub(super) fn store(&self, step: StepId, values: Vec<(String, Value)>, expires: Option<SystemTime>) {
        // Nobody looks at the names while a step gives new ones, so that nothing is copied here.
        Arc::make_mut(&mut *self.extracted.borrow_mut()).extend(values);
        self.change(step, |given| {
            given.generation += 1;
            given.expires = expires;
            given.stored = None;
        });
    }

    /// Remembers where the token store has what a step gave.
    pub(super) fn note_stored(&self, step: StepId, stored: Stored) {
        self.change(step, |given| given.stored = Some(stored));
    }

    /// A service did not accept what a step gave.
    pub(super) fn refuse(&self, step: StepId) {
        self.change(step, |given| given.refused = given.stored.clone().or_else(|| given.refused.take()));
    }

    /// Whether a service did not accept what the token store has.
    pub(super) fn is_refused(&self, step: StepId, id: &EntryId, generation: u64) -> bool {
        self.look(step, |given| {
            given
                .refused
                .as_ref()
                .is_some_and(|refused| refused.id == *id && refused.generation == generation)
        })
    }

    /// Whether this run did not ask for the values of a step itself.
    pub(super) fn is_from_elsewhere(&self, step: StepId) -> bool {
        self.look(step, |given| given.stored.as_ref().is_some_and(|stored| stored.taken))
    }

    /// One value that a step of this strand extracted.
    pub(super) fn extracted(&self, name: &str) -> Option<Value> {
        self.extracted.borrow().get(name).cloned()
    }

    /// When what a step gave stops being good.
    pub(super) fn expires(&self, step: StepId) -> Option<SystemTime> {
        self.look(step, |given| given.expires)
    }

    /// Whether what a step gave is no longer good.
    pub(super) fn is_expired(&self, step: StepId, now: SystemTime) -> bool {
        self.expires(step).is_some_and(|expires| expires <= now)
    }

    /// How often a step gave values.
    pub(super) fn generation(&self, step: StepId) -> u64 {
        self.look(step, |given| given.generation)
    }

    /// Held while a step runs, so that of all who want its values one asks.
    pub(super) fn turn(&self, step: StepId) -> Rc<Mutex<()>> {
        Rc::clone(&self.given.borrow_mut().entry(step).or_default().turn)
    }

    /// What a step keeps for the next run; none: it has not begun.
    pub(super) fn round(&self, step: StepId) -> Option<Rc<Round>> {
        self.rounds.borrow().get(&step).cloned()
    }

    /// A step begins to keep something for the next run.
    pub(super) fn enter_round(&self, step: StepId, round: &Rc<Round>) {
        self.rounds.borrow_mut().insert(step, Rc::clone(round));
    }

    /// All rounds that its steps have begun, which are taken.
    pub(super) fn take_rounds(&self) -> Vec<Rc<Round>> {
        self.rounds.take().into_values().collect()
    }

    /// What a checkpoint keeps; none: something is not the same in JSON.
    pub(super) fn saved(&self, plan: &Plan) -> Option<SavedVariables> {
        let mut saved = SavedVariables::default();
        let extracted = self.extracted.borrow();
        for (id, _) in self.given.borrow().iter().filter(|(_, given)| given.generation > 0) {
            let step = plan.step(*id);
            if checkpoint::is_run_again(step) {
                saved.run_again.push(*id);
                continue;
            }
            let names = step.extract.iter().map(|extract| &extract.key.name);
            let values = names.filter_map(|name| Some((name, extracted.get(name)?)));
            let values = values.map(|(name, value)| Some((name.clone(), checkpoint::saved(value)?)));
            saved.extracted.insert(*id, values.collect::<Option<_>>()?);
        }
        Some(saved)
    }

    /// Takes over what a checkpoint kept. What runs again is for the strand to run.
    pub(super) fn restore(&self, saved: &SavedVariables) {
        for (step, values) in &saved.extracted {
            let values = values.iter().map(|(name, json)| (name.clone(), checkpoint::restored(json)));
            self.store(*step, values.collect(), None);
        }
    }

    fn change(&self, step: StepId, change: impl FnOnce(&mut Given)) {
        change(self.given.borrow_mut().entry(step).or_default());
    }

    fn look<T: Default>(&self, step: StepId, look: impl FnOnce(&Given) -> T) -> T {
        self.given.borrow().get(&step).map(look).unwrap_or_default()
    }
}

/// The names that an expression sees: a few of its own over what steps extracted, innermost strand first.
#[derive(Debug)]
struct Names {
    own: Vec<(String, Value)>,
    extracted: Vec<Arc<BTreeMap<String, Value>>>,
}

impl Object for Names {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let name = key.as_str()?;
        let own = self.own.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value);
        own.or_else(|| self.extracted.iter().find_map(|values| values.get(name))).cloned()
    }
}
