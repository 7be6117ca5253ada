//! The modules of the organisation: those with records in the sandbox, and others that every organisation has.

use GeneratedType::{Custom, Default, FieldTracker, Linking, Subform};
use ModuleStatus::{SystemHidden, UserHidden, Visible};

/// One row of `/settings/modules`. The API name and the internal name are not always the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ModuleEntry {
    pub(super) api_name: &'static str,
    pub(super) module_name: &'static str,
    pub(super) singular: &'static str,
    pub(super) plural: &'static str,
    /// The end of the id, after the digits that all ids begin with.
    id: u32,
    pub(super) kind: GeneratedType,
    pub(super) status: ModuleStatus,
    /// Whether the API can read its records.
    pub(super) api_supported: bool,
    pub(super) viewable: bool,
    /// Whether the API can create and change its records.
    pub(super) writable: bool,
    /// For a subform: the module whose records hold its rows.
    pub(super) parent: Option<&'static str>,
}

/// The values of `generated_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GeneratedType {
    Default,
    Custom,
    Linking,
    Subform,
    FieldTracker,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ModuleStatus {
    Visible,
    UserHidden,
    SystemHidden,
}

/// Zoho: internally `Events` is `Meetings` and `Price_Books` is `PriceBooks`; modules that were added later are
/// numbered.
pub(super) const TABLE: &[ModuleEntry] = &[
    page("Home", "Home", "Home", 2_173),
    module("Leads", "Lead", "Leads", 2_175),
    module("Contacts", "Contact", "Contacts", 2_179),
    module("Accounts", "Account", "Accounts", 2_177),
    module("Deals", "Deal", "Deals", 2_181),
    module("Tasks", "Task", "Tasks", 2_193),
    ModuleEntry { module_name: "Meetings", ..module("Events", "Meeting", "Meetings", 2_195) },
    module("Calls", "Call", "Calls", 33_015),
    page("Reports", "Report", "Reports", 2_185),
    ModuleEntry { module_name: "Dashboards", ..page("Analytics", "Analytics", "Analytics", 2_187) },
    module("Products", "Product", "Products", 2_213),
    module("Quotes", "Quote", "Quotes", 2_219),
    ModuleEntry { module_name: "PriceBooks", ..module("Price_Books", "Price Book", "Price Books", 2_217) },
    module("Campaigns", "Campaign", "Campaigns", 2_183),
    module("Vendors", "Vendor", "Vendors", 2_215),
    module("Cases", "Case", "Cases", 2_209),
    module("Solutions", "Solution", "Solutions", 2_211),
    page("Documents", "Documents", "Documents", 56_001),
    page("Forecasts", "Forecast", "Forecasts", 2_201),
    ModuleEntry { writable: false, ..module("Visits", "Visit", "Visits", 77_007) },
    ModuleEntry { status: SystemHidden, ..module("Notes", "Note", "Notes", 2_197) },
    ModuleEntry { status: SystemHidden, ..module("Attachments", "Attachment", "Attachments", 2_227) },
    ModuleEntry {
        module_name: "Actions Performed",
        status: SystemHidden,
        writable: false,
        ..module("Actions_Performed", "Actions Performed", "Actions Performed", 137_005)
    },
    ModuleEntry {
        viewable: false,
        writable: false,
        ..module("Locking_Information__s", "Locking Information", "Locking Information", 1_839_001)
    },
    ModuleEntry {
        module_name: "Email Analytics",
        viewable: false,
        writable: false,
        ..module("Email_Analytics", "Email Analytics", "Email Analytics", 246_017)
    },
    ModuleEntry {
        viewable: false,
        status: SystemHidden,
        ..page("Forecast_Quotas", "Forecast Quota", "Forecast Quotas", 308_015)
    },
    ModuleEntry {
        kind: FieldTracker,
        ..rows_of("Deals", "DealHistory", "DealHistory", "Stage History", 174_001)
    },
    rows_of("Quotes", "Quoted_Items", "QuotedItems", "Quoted Item", 233_001),
    rows_of("Leads", "Work_Addresses", "LinkingModule2", "Work Addresses", 1_241_027),
    ModuleEntry {
        kind: Linking,
        module_name: "LinkingModule5",
        ..module("Leads_X_Products", "Leads X Products", "Leads X Products", 2_442_012)
    },
    ModuleEntry {
        kind: Custom,
        module_name: "CustomModule1",
        status: UserHidden,
        ..module("Machines", "Machine", "Machines", 2_670_002)
    },
];

/// An ordinary module.
const fn module(
    api_name: &'static str,
    singular: &'static str,
    plural: &'static str,
    id: u32,
) -> ModuleEntry {
    ModuleEntry {
        api_name,
        module_name: api_name,
        singular,
        plural,
        id,
        kind: Default,
        status: Visible,
        api_supported: true,
        viewable: true,
        writable: true,
        parent: None,
    }
}

/// A module that is only a page of the web application.
const fn page(api_name: &'static str, singular: &'static str, plural: &'static str, id: u32) -> ModuleEntry {
    ModuleEntry { api_supported: false, writable: false, ..module(api_name, singular, plural, id) }
}

/// A module whose records are rows in the records of another.
const fn rows_of(
    parent: &'static str,
    api_name: &'static str,
    module_name: &'static str,
    label: &'static str,
    id: u32,
) -> ModuleEntry {
    ModuleEntry {
        module_name,
        kind: Subform,
        writable: false,
        parent: Some(parent),
        ..module(api_name, label, label, id)
    }
}

impl ModuleEntry {
    /// Names are case-sensitive.
    pub(super) fn named(api_name: &str) -> Option<&'static Self> {
        TABLE.iter().find(|entry| entry.api_name == api_name)
    }

    pub(super) fn id(&self) -> String {
        format!("4876876{:012}", self.id)
    }

    /// Whether it has a tab in the web application.
    pub(super) fn has_tab(&self) -> bool {
        self.viewable && self.parent.is_none() && self.status != SystemHidden
    }
}

impl GeneratedType {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Default => "default",
            Custom => "custom",
            Linking => "linking",
            Subform => "subform",
            FieldTracker => "field_tracker",
        }
    }
}

impl ModuleStatus {
    const ALL: [Self; 3] = [Visible, UserHidden, SystemHidden];

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Visible => "visible",
            UserHidden => "user_hidden",
            SystemHidden => "system_hidden",
        }
    }
}
