//! Pages through data that changes in the meantime.

use std::collections::HashSet;
use std::num::NonZeroU32;

use proptest::prelude::*;

use super::listing::{Account, ids};
use super::*;
use crate::records::{Churn, Module, RecordHistory};

fn account(seed: u64, leads: u64, changes: u32) -> Account {
    let churn = NonZeroU32::new(changes).map(Churn::new);
    Account::new(Options { leads, seed, churn, ..Options::default() })
}

fn history(account: &Account, module: Module) -> RecordHistory {
    account.site.organisation.history(module)
}

/// Pages by page token, one page per second. Returns the ids in the order in which they came.
fn walk(account: &Account, target: &str) -> Vec<u64> {
    let mut walked = Vec::new();
    let mut page = target.to_owned();
    for second in 0.. {
        let reply = account.get_at(after(second), &page);
        // All remaining records may have been deleted by now.
        if reply.status == 204 {
            break;
        }
        walked.extend(ids(&reply));
        match json_of(&reply)["info"]["next_page_token"].as_str() {
            Some(token) => page = format!("{target}&page_token={token}"),
            None => break,
        }
    }
    walked
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_walk_brings_what_is_there_throughout_once_and_nothing_twice(
        seed: u64,
        leads in 0_u64..400,
        per_page in 1_u64..60,
        changes in 0_u32..30,
        sort_by in prop::sample::select(vec!["id", "Created_Time"]),
        sort_order in prop::sample::select(vec!["asc", "desc"]),
        module in prop::sample::select(vec![Module::Leads, Module::Contacts, Module::Notes]),
    ) {
        // In ascending order this would never end if a page brought more new records than it holds.
        let per_page = per_page + u64::from(changes);
        let account = account(seed, leads, changes);
        let name = module.name();
        let walked = walk(
            &account,
            &format!("/crm/v8/{name}?fields=id&per_page={per_page}&sort_by={sort_by}&sort_order={sort_order}"),
        );
        let once: HashSet<_> = walked.iter().copied().collect();
        prop_assert_eq!(once.len(), walked.len(), "an id came twice");
        for id in history(&account, module).throughout {
            prop_assert!(once.contains(&id), "{} was there throughout", id);
        }
    }

    #[test]
    fn by_modified_time_only_what_is_modified_can_come_again(
        seed: u64,
        leads in 0_u64..300,
        per_page in 20_u64..60,
        changes in 0_u32..20,
        sort_order in prop::sample::select(vec!["asc", "desc"]),
    ) {
        let account = account(seed, leads, changes);
        let target = format!("/crm/v8/Leads?fields=id&per_page={per_page}&sort_by=Modified_Time&sort_order={sort_order}");
        let walked = walk(&account, &target);
        let history = history(&account, Module::Leads);
        let modified: HashSet<_> = history.modified.iter().chain(&history.deleted).copied().collect();
        for id in history.throughout.iter().filter(|id| !modified.contains(id)) {
            prop_assert_eq!(walked.iter().filter(|walked| *walked == id).count(), 1);
        }
    }

    #[test]
    fn the_history_says_what_is_there(
        seed: u64,
        leads in 0_u64..200,
        changes in 1_u32..40,
        // From before the first record to after the last: the clock must make no difference.
        now in 1_600_000_000_i64..1_800_000_000,
    ) {
        let account = account(seed, leads, changes);
        let organisation = &account.site.organisation;
        for _ in 0..5 {
            organisation.churn(Module::Leads, Timestamp::from_second(now).unwrap());
        }
        for module in Module::ALL {
            let history = history(&account, module);
            let is_there = |id: &u64| organisation.record_with_id(module, *id).is_some();
            prop_assert!(history.throughout.iter().chain(&history.modified).chain(&history.converted).all(is_there));
            prop_assert!(!history.deleted.iter().any(is_there));
            let live: Vec<_> = organisation.records(module).map(|record| record.id()).collect();
            prop_assert!(live.is_sorted());
            prop_assert_eq!(live.len() as u64, history.ever - (history.deleted.len() + history.converted.len()) as u64);
            let created: Vec<_> = organisation.records(module).map(|record| record.created()).collect();
            prop_assert!(created.is_sorted());
            prop_assert!(organisation.records(module).all(|record| record.modified() >= record.created()));
        }
    }
}

#[test]
fn the_same_pages_bring_the_same_changes() {
    let [one, other] = [(), ()].map(|()| {
        let account = account(5, 200, 30);
        let walked = walk(&account, "/crm/v8/Leads?fields=Lead_Status,Modified_Time&per_page=20");
        (walked, Module::ALL.map(|module| history(&account, module)))
    });
    assert_eq!(one, other);
    assert!(one.1.iter().all(|history| !history.inserted.is_empty()), "all modules are met in the end");
}

#[test]
fn a_walk_by_offset_misses_what_slips_back() {
    let churn = Some(Churn::new(NonZeroU32::new(15).unwrap()));
    let guesses = ["page-token=offset".parse().unwrap()].into_iter().collect();
    let account = Account::new(Options { leads: 300, churn, guesses, ..Options::default() });
    let walked = walk(&account, "/crm/v8/Leads?fields=id&per_page=20&sort_order=asc");
    let throughout = history(&account, Module::Leads).throughout;
    assert!(throughout.iter().any(|id| !walked.contains(id)));
}

#[test]
fn a_change_is_seen_by_who_asks_what_is_new() {
    let account = account(1, 100, 10);
    let since_start = |target: &str| {
        let request = account.authorized(request(Method::GET, target));
        account.site.answer(&with_header(request, "if-modified-since", "2025-11-24T16:00:00Z"), after(1))
    };
    let target = "/crm/v8/Leads?fields=id,Modified_Time,Created_Time&converted=both&sort_order=asc";
    assert_eq!(since_start("/crm/v8/Leads?fields=id").status, 304, "START is later than all that was there");
    let history = history(&account, Module::Leads);
    let mut changed: Vec<_> = [history.inserted, history.modified, history.converted].concat();
    changed.retain(|id| !history.deleted.contains(id));
    changed.sort_unstable();
    changed.dedup();
    assert_eq!(ids(&since_start(target)), changed);
    let deleted = since_start("/crm/v8/Leads/deleted");
    assert!(history.deleted.iter().all(|id| ids(&deleted).contains(id)));
}

#[test]
fn a_modification_changes_a_record_and_not_what_it_is_called() {
    let account = account(1, 200, 60);
    for _ in 0..3 {
        account.get("/crm/v8/Leads?fields=id&per_page=1");
    }
    let untouched = self::account(1, 200, 0);
    let mut changed = HashSet::new();
    for module in Module::ALL {
        for record in account.site.organisation.records(module) {
            let Some(before) = untouched.site.organisation.record_with_id(module, record.id()) else {
                continue; // inserted
            };
            let (before, after) = (before.all_fields(), record.all_fields());
            changed.extend(
                after.into_iter().filter(|(name, value)| before[name] != *value).map(|(name, _)| name),
            );
        }
    }
    for field in ["Lead_Status", "Phone", "Stage", "Amount", "Modified_Time", "Modified_By", "Description"] {
        assert!(changed.contains(field), "{field}");
    }
    for field in
        ["id", "Full_Name", "Company", "Deal_Name", "Account_Name", "Parent_Id", "Created_Time", "Owner"]
    {
        assert!(!changed.contains(field), "{field}");
    }
}

#[test]
fn what_happened_is_told_without_a_token() {
    let account = account(1, 40, 9);
    account.get("/crm/v8/Leads?fields=id");
    let reply = account.site.answer(&request(Method::GET, "/sandbox/records?module=Leads"), START);
    let told = json_of(&reply);
    let history = history(&account, Module::Leads);
    assert_eq!(told["ever"], history.ever);
    assert_eq!(told["throughout"][0], history.throughout[0].to_string());
    let unknown = account.site.answer(&request(Method::GET, "/sandbox/records?module=leads"), START);
    assert_eq!(error_code(&unknown), (400, "INVALID_DATA".to_owned()));
}

#[test]
fn a_churn_is_a_number_from_one() {
    assert_eq!("3".parse(), Ok(Churn::new(NonZeroU32::new(3).unwrap())));
    for text in ["0", "", "-1", "x", "4294967296"] {
        let error = text.parse::<Churn>().unwrap_err().to_string();
        let allowed = "allowed: a whole number from 1, how many things change after each page";
        assert_eq!(error, format!("churn of `{text}`; {allowed}"));
    }
}
