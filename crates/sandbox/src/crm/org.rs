//! `GET /org`: the organisation itself.

use serde_json::json;

use super::Call;
use crate::records::User;
use crate::wire::Reply;

/// Zoho: the organisation has an id like everything in it, and a `zgid` that identifies it across Zoho.
pub(super) fn reply(call: &Call<'_>) -> Reply {
    let org = json!({
        "country": "IN",
        "hierarchy_preferences": {"type": "Role_Hierarchy", "strictly_reporting": false},
        "photo_id": null,
        "city": "Chennai",
        "description": null,
        "type": "production",
        "mc_status": false,
        "gapps_enabled": false,
        "lite_users_enabled": false,
        "domain_name": "org60019390001",
        "translation_enabled": false,
        "street": null,
        "alias": null,
        "currency": "US Dollar - USD",
        "deletable_org_account": false,
        "id": "4876876000000020005",
        "state": "Tamil Nadu",
        "fax": null,
        "employee_count": call.site.users.count().to_string(),
        "zip": "600001",
        "created_time": "2023-01-02T08:30:00+05:30",
        "website": null,
        "currency_symbol": "$",
        "mobile": null,
        "currency_locale": "en_US",
        "primary_zuid": User::CURRENT.zuid(),
        "zia_portal_id": null,
        "time_zone": "Asia/Kolkata",
        "zgid": "60019390001",
        "country_code": "IN",
        "license_details": {
            "paid_expiry": "2099-12-31T00:00:00+05:30",
            "users_license_purchased": call.site.users.count(),
            "trial_type": null,
            "trial_expiry": null,
            "paid": true,
            "paid_type": "enterprise",
            "portal_users_license_purchased": 0,
        },
        "phone": null,
        "company_name": "River & Sons \"Sandbox\" Pvt. Ltd.",
        "privacy_settings": false,
        "primary_email": User::CURRENT.email(),
        "hipaa_compliance_enabled": false,
        "iso_code": "USD",
    });
    Reply::json(200, &json!({"org": [org]}))
}
