//! Related lists: which records belong to a record.

use super::contacts::account_of;
use super::deals::contact_of;
use super::{Module, Record, notes, tasks};

/// A list of records that belong to a record of another module.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RelatedList {
    parent: Module,
    /// The module of the records in the list. The list has the same name.
    pub(crate) module: Module,
    owner: Owner,
}

type Owner = for<'a> fn(&Record<'a>) -> Option<Record<'a>>;

const LISTS: &[RelatedList] = &[
    RelatedList::new(Module::Leads, Module::Notes, notes::parent),
    RelatedList::new(Module::Contacts, Module::Notes, notes::parent),
    RelatedList::new(Module::Contacts, Module::Deals, contact_of),
    RelatedList::new(Module::Contacts, Module::Tasks, tasks::contact),
    RelatedList::new(Module::Accounts, Module::Notes, notes::parent),
    RelatedList::new(Module::Accounts, Module::Contacts, account_of),
    RelatedList::new(Module::Accounts, Module::Deals, account_of),
    RelatedList::new(Module::Deals, Module::Notes, notes::parent),
    RelatedList::new(Module::Deals, Module::Tasks, tasks::deal),
];

impl RelatedList {
    const fn new(parent: Module, module: Module, owner: Owner) -> Self {
        Self { parent, module, owner }
    }

    /// The related list with this name, for records of this module.
    pub(crate) fn named(parent: Module, name: &str) -> Option<Self> {
        LISTS.iter().find(|list| list.parent == parent && list.module.name() == name).copied()
    }

    /// Whether a record of the list's module is in the list of this parent.
    pub(crate) fn holds(&self, parent: u64, record: &Record<'_>) -> bool {
        (self.owner)(record).is_some_and(|owner| owner.module == self.parent && owner.id() == parent)
    }
}
