//! `reuse_for`: values of earlier runs and of other ones, in place of a request.
//!
//! A store that cannot be used is told once, and the run goes on as if there were none.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use minijinja::value::{Serde, Value};

use super::engine::Run;
use super::event::Event;
use super::extraction;
use super::failure::Stop;
use super::values::Stored;
use crate::auth::{Entry, EntryId, Fresh, Locked, Reading, StoreError, Subject, TokenStore};
use crate::diagnostic::Diagnostic;

/// How long a run waits for another that asks for the same values. The other may hang, or each may wait for what the
/// other holds; then one request more is better than none.
const PATIENCE: Duration = Duration::from_secs(120);

/// The store, as far as this run got with it.
#[derive(Debug)]
pub(super) struct Kept {
    /// Where it is; none: there is none, or it cannot be used.
    state: Option<PathBuf>,
    store: Option<Arc<TokenStore>>,
    /// What was told already.
    told: BTreeSet<String>,
}

/// What the store had for a step.
enum Found {
    /// Values that are good; they are taken over.
    Good,
    /// None, or none that are good.
    Nothing,
    /// Something that must stay as it is.
    Unusable,
}

/// Values of the store that are good for this step.
struct Usable {
    values: Vec<(String, Value)>,
    expires: Option<SystemTime>,
}

impl Kept {
    /// Nothing is opened yet.
    pub(super) fn new(state: Option<PathBuf>) -> Self {
        Self { state, store: None, told: BTreeSet::new() }
    }
}

impl Run<'_> {
    /// Takes the values of a step from the store; if it has no good ones, runs the step and stores what it gives. Of
    /// all runs that want the same values at a time one asks, and the others take what it got.
    pub(super) async fn reuse_values(&mut self, index: usize) -> Result<(), Stop> {
        let Some(store) = self.store().await? else { return self.ask_for_values(index).await.map(drop) };
        self.renew_expired(index).await?;
        self.render_signed_in(&self.plan.steps[index], None).await?;
        let id = self.entry_id(&store, index)?;
        let found = self.take_kept(index, &id, store.read(&id));
        let held = match found {
            Found::Good => return Ok(()),
            Found::Unusable => None,
            Found::Nothing => self.lock(index, &store, &id).await?,
        };
        let Some(held) = held else { return self.ask_for_values(index).await.map(drop) };
        // Who held the lock before may have stored them meanwhile.
        if let Found::Good = self.take_kept(index, &id, held.read()) {
            return Ok(());
        }
        if self.ask_for_values(index).await? {
            // Nothing may wait between the answer and this: see the guarantees of `auth`.
            self.keep(index, &store, held);
        }
        Ok(())
    }

    /// The store, opened when it is first needed.
    pub(super) async fn store(&mut self) -> Result<Option<Arc<TokenStore>>, Stop> {
        if let (None, Some(state)) = (&self.kept.store, self.kept.state.take()) {
            let opening = TokenStore::open_on_thread(state, self.world.protection.clone());
            let opened = self.world.interrupt.or_stop(tokio::time::timeout(PATIENCE, opening)).await?;
            match opened.unwrap_or(Err(StoreError::Busy)) {
                Ok((store, troubles)) => {
                    self.kept.store = Some(Arc::new(store));
                    for trouble in &troubles {
                        self.tell_trouble(trouble);
                    }
                }
                Err(trouble) => self.tell_trouble(&trouble),
            }
        }
        Ok(self.kept.store.clone())
    }

    /// The entry for the request that the step would send now.
    fn entry_id(&self, store: &TokenStore, index: usize) -> Result<EntryId, Diagnostic> {
        let step = &self.plan.steps[index];
        let request = self.render(step, None)?;
        let context = self.context(step, None, None);
        let proof = self.proof(step, &request);
        Ok(store.entry(&Subject { request: &request, extract: &step.extract, context: &context, proof }))
    }

    fn take_kept(&mut self, index: usize, id: &EntryId, reading: Reading) -> Found {
        if let Some(trouble) = &reading.trouble {
            self.tell_trouble(trouble);
            if trouble.forbids_writing() {
                return Found::Unusable;
            }
        }
        let now = self.world.clock.now();
        let Some(entry) = reading.entry.filter(|entry| entry.is_good(now)) else { return Found::Nothing };
        if self.values.is_refused(index, id, entry.generation) {
            return Found::Nothing;
        }
        let Some(usable) = self.usable(index, &entry, now) else { return Found::Nothing };
        self.values.store(index, usable.values, usable.expires);
        self.values.note_stored(index, Stored { id: id.clone(), generation: entry.generation, taken: true });
        self.tell(&Event::Reused { step: self.plan.steps[index].name.clone() });
        Found::Good
    }

    /// The values of an entry, and when they stop being good: another pipeline may have stored them for longer than
    /// this one wants.
    fn usable(&self, index: usize, entry: &Entry, now: SystemTime) -> Option<Usable> {
        let step = &self.plan.steps[index];
        let values = step.extract.iter().map(|extract| {
            let value = Value::from(Serde(entry.fresh.values.get(&extract.key.name)?));
            extraction::learn(extract, &value, &self.redactor);
            Some((extract.key.name.clone(), value))
        });
        let values: Vec<(String, Value)> = values.collect::<Option<_>>()?;
        // What is wrong with `reuse_for` is said when the values are fresh.
        let own = self.end_of(step, &values, entry.fresh.received).ok()?;
        let expires = [own, entry.fresh.expires].into_iter().flatten().min();
        expires.is_none_or(|expires| expires > now).then_some(Usable { values, expires })
    }

    /// Waits for the entry's lock; none: it cannot be had, which was told.
    async fn lock(
        &mut self,
        index: usize,
        store: &Arc<TokenStore>,
        id: &EntryId,
    ) -> Result<Option<Locked>, Stop> {
        let held = match store.try_lock(id) {
            Ok(None) => {
                self.tell(&Event::WaitingForOther { step: self.plan.steps[index].name.clone() });
                let waiting = tokio::time::timeout(PATIENCE, store.lock(id));
                let held = self.world.interrupt.or_stop(waiting).await?;
                held.unwrap_or(Err(StoreError::Busy)).map(Some)
            }
            held => held,
        };
        Ok(held.unwrap_or_else(|trouble| {
            self.tell_trouble(&trouble);
            None
        }))
    }

    /// Stores what a step has just given, before anything else happens.
    fn keep(&mut self, index: usize, store: &Arc<TokenStore>, held: Locked) {
        match self.stored(index, store, held) {
            Ok(Some(stored)) => self.values.note_stored(index, stored),
            Ok(None) => {}
            Err(trouble) => self.tell_trouble(&trouble),
        }
    }

    fn stored(
        &self,
        index: usize,
        store: &Arc<TokenStore>,
        held: Locked,
    ) -> Result<Option<Stored>, StoreError> {
        let fresh = self.fresh(index)?;
        // What the request needs may have been renewed while it was tried; then these are values of another entry, and
        // whoever holds that one is getting them as well.
        let id = self.entry_id(store, index).unwrap_or_else(|_| held.id().clone());
        let held = if id == *held.id() { Some(held) } else { store.try_lock(&id)? };
        let Some(held) = held else { return Ok(None) };
        let generation = held.write(fresh, &|_| {})?;
        Ok(Some(Stored { id, generation, taken: false }))
    }

    /// The values of a step as JSON. What JSON would change is not kept: a later run would work with something else.
    fn fresh(&self, index: usize) -> Result<Fresh, StoreError> {
        let mut values = serde_json::Map::new();
        for extract in &self.plan.steps[index].extract {
            let name = &extract.key.name;
            let value = self.values.extracted(name).cloned().unwrap_or_default();
            let json = serde_json::to_value(&value).ok();
            let json = json.filter(|json| Value::from(Serde(json)) == value);
            let json = json.ok_or_else(|| StoreError::NotJson { name: name.clone() })?;
            values.insert(name.clone(), json);
        }
        Ok(Fresh { received: self.world.clock.now(), expires: self.values.expires(index), values })
    }

    /// Tells what is wrong with the store, each thing once.
    pub(super) fn tell_trouble(&mut self, trouble: &StoreError) {
        let why = self.redactor.redact(&trouble.to_string()).into_owned();
        if self.kept.told.insert(why.clone()) {
            self.tell(&Event::StoreTrouble { why, help: trouble.help() });
        }
    }
}
