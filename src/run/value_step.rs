//! Steps that give values and nothing else: asked once, checked, taken over, and run again when their values are no longer
//! good. With `reuse_for`, values of earlier runs and of other ones take the place of the request.

use std::sync::Arc;
use std::time::SystemTime;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use minijinja::value::{Serde, Value};

use super::answer::Answer;
use super::event::Event;
use super::exchange::{Exchange, Verdict};
use super::extraction::{self, Extraction};
use super::failure::{self, Stop};
use super::page::skipped;
use super::prefetch::Prefetch;
use super::strand::Strand;
use super::variables::Stored;
use crate::auth::{Entry, EntryId, Fresh, Locked, Reading, StoreError, Subject, TokenStore};
use crate::diagnostic::{Code, Diagnostic};
use crate::paging::Cursor;
use crate::plan::block::StepId;
use crate::plan::step::StepPlan;
use crate::spec::value::parse_period;

/// What the token store had for a step.
enum Found {
    /// Values that are good; they are taken over.
    Good,
    /// None, or none that are good.
    Nothing,
    /// Something that must stay as it is.
    Unusable,
}

/// Values of the token store that are good for this step.
struct Usable {
    values: Vec<(String, Value)>,
    expires: Option<SystemTime>,
}

impl Strand<'_, '_> {
    /// Runs the steps again whose values a step needs and that are no longer good.
    pub(super) async fn renew_expired(&self, id: StepId) -> Result<(), Stop> {
        for need in &self.services.plan.step(id).needs {
            let variables = self.variables.home_of(*need);
            let is_expired = || variables.is_expired(*need, self.services.world.clock.now());
            if is_expired() {
                let generation = variables.generation(*need);
                self.renew(*need, generation, "its values are no longer good".to_owned()).await?;
            }
        }
        Ok(())
    }

    /// Runs a step again that gives values and nothing else, in the strand in which it stands; if somebody has done so
    /// since its values had that generation, those are taken.
    pub(super) fn renew(
        &self,
        id: StepId,
        generation: u64,
        why: String,
    ) -> LocalBoxFuture<'_, Result<(), Stop>> {
        async move {
            let variables = self.variables.home_of(id);
            let turn = variables.turn(id);
            let _turn = self.stopping.or_stop(turn.lock()).await?;
            if variables.generation(id) != generation {
                return Ok(());
            }
            let step = self.services.plan.step(id).name.clone();
            self.services.reporter.tell(&Event::Renewing { step, why });
            self.at_home_of(variables).give_values(id).await
        }
        .boxed_local()
    }

    /// Runs a step without records, unless its values are kept from an earlier run.
    pub(super) async fn give_values(&self, id: StepId) -> Result<(), Stop> {
        match self.services.plan.step(id).reuse_for {
            None => self.ask_for_values(id).await.map(drop),
            Some(_) => self.reuse_values(id).await,
        }
    }

    /// Runs a step without records: asks once, checks, and takes over what it extracts. False: the answer was dropped.
    async fn ask_for_values(&self, id: StepId) -> Result<bool, Stop> {
        let step = self.services.plan.step(id);
        let (verdict, answer) = Exchange::new(self, id, None, &mut Prefetch::default()).answer().await?;
        match verdict {
            Verdict::Accept | Verdict::Stop => {}
            Verdict::Empty => return Ok(false),
            Verdict::Skip => {
                self.services.reporter.is_incomplete(skipped(self, step, None, &answer));
                return Ok(false);
            }
        }
        self.take(id, &answer, None)
            .map_err(|finding| Stop::from(self.about_answer(finding, step, &answer)))?;
        Ok(true)
    }

    /// Checks what `expect` demands and stores what the step extracts.
    pub(super) fn take(
        &self,
        id: StepId,
        answer: &Arc<Answer>,
        cursor: Option<&Cursor>,
    ) -> Result<(), Diagnostic> {
        let step = self.services.plan.step(id);
        let context = self.context(id, Some(answer), cursor);
        expect(step, &context)?;
        let extraction = Extraction { step, answer, context: &context, redactor: &self.services.redactor };
        let values = extraction.values()?;
        if values.is_empty() {
            return Ok(());
        }
        let expires = self.end_of(step, &values, self.services.world.clock.now())?;
        // The names that were looked at are not needed any more: what is extracted need not be copied for them.
        drop(context);
        self.variables.store(id, values, expires);
        Ok(())
    }

    /// When values that came at a time stop being good, by what the step says; none: not in this run.
    fn end_of(
        &self,
        step: &StepPlan,
        values: &[(String, Value)],
        received: SystemTime,
    ) -> Result<Option<SystemTime>, Diagnostic> {
        let Some(written) = &step.reuse_for else { return Ok(None) };
        let names = self.variables.context_with(&self.services.inputs, step.connection, values);
        let text = written.rendered(&names).map_err(|error| failure::evaluation(&step.name, &error))?;
        let period = parse_period(&text).ok_or_else(|| {
            failure::at(Code::Evaluation, &step.name, &format!("`reuse_for` is `{text}`, which is not a length of time"), written.text.span)
                .help("it becomes a number with its unit: `\"{{ expires_in - 300 }}s\"`; a negative time means that the values are too short-lived")
        })?;
        Ok(received.checked_add(period))
    }

    /// Takes the values of a step from the token store; if it has no good ones, runs the step and stores what it gives.
    /// Of all runs that want the same values at a time one asks, and the others take what it got.
    async fn reuse_values(&self, id: StepId) -> Result<(), Stop> {
        let store = &self.services.store;
        let Some(opened) = store.open().await? else { return self.ask_for_values(id).await.map(drop) };
        self.renew_expired(id).await?;
        self.render_signed_in(id, None).await?;
        let entry = self.entry_id(&opened, id)?;
        let found = self.take_kept(id, &entry, opened.read(&entry));
        let held = match found {
            Found::Good => return Ok(()),
            Found::Unusable => None,
            Found::Nothing => {
                let step = self.services.plan.step(id).name.clone();
                store.lock(&opened, &entry, &Event::WaitingForOther { step }).await?
            }
        };
        let Some(held) = held else { return self.ask_for_values(id).await.map(drop) };

        // Who held the lock before may have stored them meanwhile.
        match self.take_kept(id, &entry, held.read()) {
            Found::Good => return Ok(()),
            Found::Nothing | Found::Unusable => {}
        }
        if self.ask_for_values(id).await? {
            // Nothing may wait between the answer and this: see the guarantees of `auth`.
            self.keep(id, &opened, held);
        }
        Ok(())
    }

    /// The entry for the request that the step would send now.
    fn entry_id(&self, store: &TokenStore, id: StepId) -> Result<EntryId, Diagnostic> {
        let step = self.services.plan.step(id);
        let request = self.render(id, None)?;
        let context = self.context(id, None, None);
        let proof = self.services.sign_ins.proof(step, &request);
        Ok(store.entry(&Subject { request: &request, extract: &step.extract, context: &context, proof }))
    }

    fn take_kept(&self, id: StepId, entry_id: &EntryId, reading: Reading) -> Found {
        if let Some(trouble) = &reading.trouble {
            self.services.store.tell_trouble(trouble);
            if trouble.forbids_writing() {
                return Found::Unusable;
            }
        }
        let now = self.services.world.clock.now();
        let Some(entry) = reading.entry.filter(|entry| entry.is_good(now)) else { return Found::Nothing };
        if self.variables.is_refused(id, entry_id, entry.generation) {
            return Found::Nothing;
        }
        let Some(usable) = self.usable(id, &entry, now) else { return Found::Nothing };
        self.variables.store(id, usable.values, usable.expires);
        let stored = Stored { id: entry_id.clone(), generation: entry.generation, taken: true };
        self.variables.note_stored(id, stored);
        self.services.reporter.tell(&Event::Reused { step: self.services.plan.step(id).name.clone() });
        Found::Good
    }

    /// The values of an entry, and when they stop being good: another pipeline may have stored them for longer than
    /// this one wants.
    fn usable(&self, id: StepId, entry: &Entry, now: SystemTime) -> Option<Usable> {
        let step = self.services.plan.step(id);
        let values = step.extract.iter().map(|extract| {
            let value = Value::from(Serde(entry.fresh.values.get(&extract.key.name)?));
            extraction::learn(extract, &value, &self.services.redactor);
            Some((extract.key.name.clone(), value))
        });
        let values: Vec<(String, Value)> = values.collect::<Option<_>>()?;
        // What is wrong with `reuse_for` is said when the values are fresh.
        let own = self.end_of(step, &values, entry.fresh.received).ok()?;
        let expires = [own, entry.fresh.expires].into_iter().flatten().min();
        expires.is_none_or(|expires| expires > now).then_some(Usable { values, expires })
    }

    /// Stores what a step has just given, before anything else happens.
    fn keep(&self, id: StepId, store: &Arc<TokenStore>, held: Locked) {
        match self.stored(id, store, held) {
            Ok(Some(stored)) => self.variables.note_stored(id, stored),
            Ok(None) => {}
            Err(trouble) => self.services.store.tell_trouble(&trouble),
        }
    }

    fn stored(
        &self,
        id: StepId,
        store: &Arc<TokenStore>,
        held: Locked,
    ) -> Result<Option<Stored>, StoreError> {
        let fresh = self.fresh(id)?;
        // What the request needs may have been renewed while it was tried; then these are values of another entry, and
        // whoever holds that one is getting them as well.
        let entry = self.entry_id(store, id).unwrap_or_else(|_| held.id().clone());
        let held = if entry == *held.id() { Some(held) } else { store.try_lock(&entry)? };
        let Some(held) = held else { return Ok(None) };
        let generation = held.write(fresh, &|_| {})?;
        Ok(Some(Stored { id: entry, generation, taken: false }))
    }

    /// The values of a step as JSON. What JSON would change is not kept: a later run would work with something else.
    fn fresh(&self, id: StepId) -> Result<Fresh, StoreError> {
        let mut values = serde_json::Map::new();
        for extract in &self.services.plan.step(id).extract {
            let name = &extract.key.name;
            let value = self.variables.extracted(name).unwrap_or_default();
            let json = serde_json::to_value(&value).ok();
            let json = json.filter(|json| Value::from(Serde(json)) == value);
            let json = json.ok_or_else(|| StoreError::NotJson { name: name.clone() })?;
            values.insert(name.clone(), json);
        }
        let expires = self.variables.expires(id);
        Ok(Fresh { received: self.services.world.clock.now(), expires, values })
    }
}

/// Checks what must hold for every answer of a step.
fn expect(step: &StepPlan, context: &Value) -> Result<(), Diagnostic> {
    for expect in &step.expect {
        let holds = match expect.that.truth(context) {
            Ok(holds) => holds,
            Err(error) if error.undefined => false,
            Err(error) => return Err(failure::evaluation(&step.name, &error)),
        };
        if !holds {
            let otherwise = || format!("this does not hold: `{}`", expect.that.text.value);
            let message =
                expect.message.as_ref().map_or_else(otherwise, |message| message.item.message(context));
            return Err(failure::at(Code::Unexpected, &step.name, &message, expect.that.text.span));
        }
    }
    Ok(())
}
