//! The words that records are made of, including some that careless programs stumble over.

/// A name, and how it is written in an email address.
pub(super) const FIRST_NAMES: &[(&str, &str)] = &[
    ("Amara", "amara"),
    ("Åsa", "asa"),
    ("Benoît", "benoit"),
    ("Çağla", "cagla"),
    ("Chukwuemeka", "emeka"),
    ("Dagný", "dagny"),
    ("Esperança", "esperanca"),
    ("Ewan", "ewan"),
    ("Fionnuala", "fionnuala"),
    ("Günter", "guenter"),
    ("Hélène", "helene"),
    ("Ignacio", "ignacio"),
    ("Jana-Marie", "jana-marie"),
    ("Kwabena", "kwabena"),
    ("Līga", "liga"),
    ("Małgorzata", "malgorzata"),
    ("Nikhil", "nikhil"),
    ("Øystein", "oystein"),
    ("Parvathi", "parvathi"),
    ("Ruairí", "ruairi"),
    ("Șerban", "serban"),
    ("Thị Hương", "huong"),
    ("Ulrike", "ulrike"),
    ("Vojtěch", "vojtech"),
    ("Wiremu", "wiremu"),
    ("Ying", "ying"),
    ("Zsófia", "zsofia"),
    ("Анна", "anna"),
    ("Γιώργος", "giorgos"),
    ("健太", "kenta"),
    ("سلمى", "salma"),
];

/// As above.
pub(super) const LAST_NAMES: &[(&str, &str)] = &[
    ("Achterberg", "achterberg"),
    ("Bhattacharya", "bhattacharya"),
    ("Čapek", "capek"),
    ("D'Amico", "damico"),
    ("de la Peña", "delapena"),
    ("Eriksdóttir", "eriksdottir"),
    ("Fairweather", "fairweather"),
    ("Großmann", "grossmann"),
    ("Haapakoski", "haapakoski"),
    ("Ivanović", "ivanovic"),
    ("Jørgensen", "jorgensen"),
    ("Kovács", "kovacs"),
    ("L’Écuyer", "lecuyer"),
    ("Mbeki", "mbeki"),
    ("Null", "null"),
    ("O'Hara", "ohara"),
    ("Öztürk", "ozturk"),
    ("Popescu", "popescu"),
    ("Quispe", "quispe"),
    ("Saint-Exupère", "saintexupere"),
    ("Thorne \"TJ\" Jr.", "thorne"),
    ("Utterström", "utterstrom"),
    ("van den Broek", "vandenbroek"),
    ("Wójcik", "wojcik"),
    ("Yılmaz", "yilmaz"),
    ("Żeromski", "zeromski"),
    ("Коваленко", "kovalenko"),
    ("鈴木", "suzuki"),
];

pub(super) const MAIL_DOMAINS: &[&str] = &["example.com", "example.org", "example.net", "mail.example.com"];

pub(super) const COMPANIES: &[&str] = &[
    "Alder & Birch",
    "Bäckerei Morgenrot",
    "Café Noir",
    "Delta Pumps",
    "Ærø Shipping",
    "Ferreira Têxtil",
    "Granite Peak",
    "Harbour Lights",
    "Inkwell \"Fine\" Paper",
    "Juniper, Finch and Sons",
    "Kōwhai Software",
    "Lumen\\Optics",
    "Monsoon Foods",
    "Nørrebro Cykler",
    "O'Malley's Hardware",
    "Paper Kite",
    "Quarry Lane",
    "Rio Claro",
    "Smörgås",
    "Třebíč Glass",
    "Union Street 50%",
    "Vega's #1 Fruit",
    "Willow; Reed",
    "Zenith <Labs>",
    "東京商店",
];

pub(super) const COMPANY_FORMS: &[&str] = &["GmbH", "Ltd", "Inc.", "S.A.", "Oy", "Pvt. Ltd.", "AB", "LLC"];

pub(super) const INDUSTRIES: &[&str] = &[
    "Agriculture",
    "Education",
    "Energy",
    "Food & Beverage",
    "Logistics",
    "Manufacturing",
    "Retail",
    "Software",
];

pub(super) const LEAD_SOURCES: &[&str] =
    &["Advertisement", "Cold Call", "External Referral", "Online Store", "Partner", "Trade Show", "Web Form"];

pub(super) const LEAD_STATUSES: &[&str] = &[
    "Attempted to Contact",
    "Contact in Future",
    "Contacted",
    "Junk Lead",
    "Lost Lead",
    "Not Contacted",
    "Pre-Qualified",
];

pub(super) const RATINGS: &[&str] =
    &["Acquired", "Active", "Market Failed", "Project Cancelled", "Shut Down"];

pub(super) const SALUTATIONS: &[&str] = &["Dr.", "Mr.", "Mrs.", "Ms.", "Prof."];

pub(super) const TITLES: &[&str] =
    &["Buyer", "CEO", "Head of R&D", "Office Manager", "Owner", "Plant Engineer", "VP Sales (EMEA)"];

pub(super) const LANGUAGES: &[&str] = &["Deutsch", "English", "Español", "Français", "हिन्दी", "日本語"];

pub(super) const STAGES: &[(&str, u64)] = &[
    ("Qualification", 10),
    ("Needs Analysis", 20),
    ("Value Proposition", 40),
    ("Negotiation/Review", 90),
    ("Closed Won", 100),
    ("Closed Lost", 0),
];

pub(super) const DEALS: &[&str] =
    &["Renewal", "Pilot", "Rollout", "Spare parts", "Support \"Gold\"", "Größeres Lager"];

pub(super) const STREETS: &[&str] =
    &["Mill Road", "Rue de l'Église", "Hauptstraße", "Via Più Lunga", "Calle Ñandú", "Gandhi Marg", "Łąkowa"];

/// A city and what goes with it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Location {
    pub(super) city: &'static str,
    pub(super) state: &'static str,
    pub(super) zip_code: &'static str,
    pub(super) country: &'static str,
}

const fn location(
    city: &'static str,
    state: &'static str,
    zip_code: &'static str,
    country: &'static str,
) -> Location {
    Location { city, state, zip_code, country }
}

/// Some codes begin with zero and some contain letters, so that they cannot be treated as numbers.
pub(super) const LOCATIONS: &[Location] = &[
    location("Dresden", "Sachsen", "01067", "Germany"),
    location("Chennai", "Tamil Nadu", "600001", "India"),
    location("Kraków", "Małopolskie", "30-001", "Poland"),
    location("Montréal", "Québec", "H2Y 1C6", "Canada"),
    location("Boston", "MA", "02108", "United States"),
    location("São Paulo", "SP", "01000-000", "Brazil"),
    location("Århus", "Midtjylland", "8000", "Denmark"),
    location("Galway", "Co. Galway", "H91 AA00", "Ireland"),
    location("京都", "京都府", "600-8216", "日本"),
];

pub(super) const DESCRIPTIONS: &[&str] = &[
    "Asked for a quote, twice.",
    "Said \"call me back\" \\ never did",
    "First line\nsecond line\r\nthird\twith a tab",
    "Prefers e-mail; do not phone, please",
    "=2+3 is not a formula here",
    "Met at the fair 🎪 with 👩‍💻 from engineering",
    "<b>important</b> &amp; urgent </script>",
    "separator \u{2028} and non-breaking\u{a0}space",
    " starts and ends with a space ",
    "cafe\u{301} is written with two code points",
];
