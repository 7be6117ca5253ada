use std::ops::Bound;

use serde_json::Map;

use super::record::FIRST_CREATED;
use super::*;

fn leads(organisation: &Organisation, count: u64) -> Vec<Map<String, Value>> {
    (0..count).map(|index| organisation.record(Module::Leads, index).all_fields()).collect()
}

#[test]
fn the_same_seed_makes_the_same_records() {
    let (first, again, other) =
        (Organisation::new(7, 50), Organisation::new(7, 5_000), Organisation::new(8, 50));
    assert_eq!(leads(&first, 50), leads(&again, 50));
    assert_ne!(leads(&first, 50), leads(&other, 50));
}

#[test]
fn ids_are_long_ascend_and_lead_back() {
    let organisation = Organisation::new(1, 1_000);
    for module in Module::ALL {
        let ids: Vec<_> =
            (0..organisation.count(module)).map(|index| organisation.record(module, index).id()).collect();
        assert!(ids.is_sorted_by(|one, next| one < next));
        for (id, index) in ids.into_iter().zip(0..) {
            assert!(id > 1 << 53);
            assert!(i64::try_from(id).is_ok());
            assert_eq!(organisation.record_with_id(module, id).unwrap().index, index);
            assert!(organisation.record_with_id(module, id + 2).is_none());
        }
    }
    assert!(organisation.record_with_id(Module::Leads, 0).is_none());
    assert!(organisation.record_with_id(Module::Leads, u64::MAX).is_none());
}

#[test]
fn modules_do_not_share_ids() {
    let organisation = Organisation::new(1, MOST_RECORDS);
    let last_lead = organisation.record(Module::Leads, MOST_RECORDS - 1).id();
    assert!(last_lead < organisation.record(Module::Contacts, 0).id());
}

#[test]
fn times_ascend_and_carry_the_offset() {
    let organisation = Organisation::new(1, 500);
    let mut latest = Timestamp::MIN;
    for index in 0..500 {
        let record = organisation.record(Module::Leads, index);
        assert!(record.created() > latest);
        assert!(record.modified() >= record.created());
        latest = record.created();
    }
    assert_eq!(org_time(FIRST_CREATED), "2023-01-02T09:00:00+05:30");
}

#[test]
fn the_order_of_modified_time_holds_every_record_once() {
    let organisation = Organisation::new(1, 300);
    let snapshot = organisation.snapshot(Module::Leads);
    let order = SortOrder { sort_by: SortBy::ModifiedTime, descending: false };
    let records: Vec<_> = snapshot.records_from(order, Bound::Unbounded).collect();
    assert!(records.is_sorted_by_key(Record::modified));
    let mut numbers: Vec<_> = records.iter().map(Record::number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, snapshot.clone().into_records().map(|record| record.number()).collect::<Vec<_>>());
    let backwards: Vec<_> = snapshot.records_from(order.reversed(), Bound::Unbounded).collect();
    assert!(backwards.iter().rev().map(Record::id).eq(records.iter().map(Record::id)));
}

#[test]
fn the_data_has_what_careless_programs_trip_over() {
    let text = serde_json::to_string(&leads(&Organisation::new(1, 400), 400)).unwrap();
    for awkward in ["\\\"", "\\\\", "null", "ø", "健太", "\"Null\"", "\\n", "\"01067\"", ".5", "+05:30"] {
        assert!(text.contains(awkward), "{awkward}");
    }
}

#[test]
fn lookups_lead_to_records_that_are_there() {
    let organisation = Organisation::new(1, 200);
    for index in 0..organisation.count(Module::Deals) {
        let deal = organisation.record(Module::Deals, index).all_fields();
        for (field, module, name) in [
            ("Account_Name", Module::Accounts, "Account_Name"),
            ("Contact_Name", Module::Contacts, "Full_Name"),
        ] {
            if deal[field].is_null() {
                continue;
            }
            let id = deal[field]["id"].as_str().unwrap().parse().unwrap();
            let target = organisation.record_with_id(module, id).unwrap();
            assert_eq!(target.all_fields()[name], deal[field]["name"]);
        }
    }
}

#[test]
fn every_field_of_a_lead_is_known() {
    let names = "id,Owner,Company,First_Name,Last_Name,Full_Name,Email,Phone,Mobile,Lead_Source,Lead_Status,Industry,\
                 Annual_Revenue,No_of_Employees,Email_Opt_Out,Street,City,State,Zip_Code,Country,Tag,Layout,Created_By,\
                 Modified_By,Created_Time,Modified_Time,Last_Activity_Time,Record_Status__s,Locked__s,Converted__s,\
                 Converted_Date_Time,Unsubscribed_Mode,Unsubscribed_Time,Enrich_Status__s,Last_Enriched_Time__s,\
                 Change_Log_Time__s,Record_Image,$approval_state,$approval,$approved,$review,$review_process,\
                 $converted_detail,$currency_symbol,$editable,$in_merge,$process_flow,$orchestration,$pathfinder,\
                 $locked_for_me,$stop_processing,$zia_owner_assignment,$zia_visions,$field_states,$layout_id,\
                 $sharing_permission,$wizard_connection_path,$has_more";
    for name in names.split(',') {
        assert!(Module::Leads.field(name).is_some(), "{name}");
    }
    assert!(Module::Leads.field("last_name").is_none());
}
