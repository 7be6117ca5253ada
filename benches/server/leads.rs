//! Leads as a CRM sends them: about 50 fields, most of them short, some absent, some nested. The same at every run.

use std::fmt::Write as _;

const FIRST_NAMES: [&str; 10] =
    ["Ana", "Åsa", "Chloé", "Dmitri", "Georg", "Łukasz", "Mei", "Priya", "Søren", "陽子"];
const LAST_NAMES: [&str; 10] =
    ["Andersson", "Öberg", "Brontë", "D'Angelo", "Háček", "Kovács", "Müller", "O\\\"Brien", "Rossi", "山田"];
const COMPANIES: [&str; 7] = [
    "Globex",
    "Müller GmbH",
    "Acme \\\"North\\\" Ltd",
    "Contoso / EMEA",
    "Wayne\\\\Stark",
    "Caf\\u00e9 Z\\u00fcrich SA",
    "株式会社ひかり",
];
const CITIES: [&str; 6] = ["Zürich", "São Paulo", "Austin", "Malmö", "大阪", "Chennai"];
const INDUSTRIES: [&str; 4] =
    ["Manufacturing", "Data/Telecom OEM", "Large Enterprise", "ASP (Application Service Provider)"];
const STATUSES: [&str; 5] = ["Attempted to Contact", "Contacted", "Junk Lead", "Lost Lead", "Pre-Qualified"];
const WORDS: [&str; 16] = [
    "asked",
    "for",
    "a",
    "quote",
    "on",
    "the",
    "annual",
    "plan",
    "called",
    "back\\n",
    "naïve",
    "estimate",
    "März",
    "København",
    "“pilot”",
    "\\t-",
];

/// The records of a page, without the brackets around them.
pub(crate) fn list(page: usize, records: usize) -> String {
    let mut chance = Chance((page as u64 + 1) * 0x9e37_79b9_7f4a_7c15);
    let leads: Vec<String> = (0..records).map(|place| lead(&mut chance, page * records + place)).collect();
    leads.join(",")
}

/// Numbers that look like chance and are the same each time (a linear congruential generator).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn one_of(&mut self, words: &[&'static str]) -> &'static str {
        words[usize::try_from(self.below(words.len() as u64)).unwrap_or_default()]
    }

    /// A string of one of these, or `null` in one of five cases.
    fn or_null(&mut self, words: &[&'static str]) -> String {
        if self.below(5) == 0 { "null".to_owned() } else { format!("\"{}\"", self.one_of(words)) }
    }

    fn number_or_null(&mut self, end: u64) -> String {
        if self.below(3) == 0 { "null".to_owned() } else { self.below(end).to_string() }
    }

    fn time(&mut self) -> String {
        let (month, day, hour) = (self.below(11) + 1, self.below(28) + 1, self.below(24));
        let (minute, second, offset) = (self.below(60), self.below(60), self.below(10));
        format!("2026-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}+{offset:02}:00")
    }

    fn sentence(&mut self) -> String {
        let words: Vec<&str> = (0..self.below(13) + 6).map(|_| self.one_of(&WORDS)).collect();
        words.join(" ")
    }
}

fn lead(chance: &mut Chance, index: usize) -> String {
    let (first, last) = (chance.one_of(&FIRST_NAMES), chance.one_of(&LAST_NAMES));
    let mut text = format!(
        r#"{{"Owner":{},"Company":"{}","Email":"lead{index}@customer{}.example","Description":"{}","#,
        owner(chance),
        chance.one_of(&COMPANIES),
        chance.below(99_999),
        chance.sentence()
    );
    text.push_str(r#""$currency_symbol":"€","$field_states":null,"#);
    text.push_str(r#""$review_process":{"approve":false,"reject":false,"resubmit":false},"#);
    let _ = write!(
        text,
        r#""Rating":{},"Website":"https://www.customer{}.example/about?ref=crm&lang=en","Last_Activity_Time":"{}","Industry":{},"#,
        chance.or_null(&["Hot", "Warm", "Cold"]),
        chance.below(99_999),
        chance.time(),
        chance.or_null(&INDUSTRIES)
    );
    let _ = write!(
        text,
        r#""Unsubscribed_Mode":null,"$process_flow":false,"Street":"{} Rue de l'Église, Bât. A","Zip_Code":"{:05}","id":"4876876{:012}","#,
        chance.below(999),
        chance.below(99_999),
        index * 7
    );
    text.push_str(
        r#""$approved":true,"$approval":{"delegate":false,"approve":false,"reject":false,"resubmit":false},"#,
    );
    let _ = write!(
        text,
        r#""Created_Time":"{}","Modified_Time":"{}","$editable":true,"City":"{}","State":null,"Country":"{}","#,
        chance.time(),
        chance.time(),
        chance.one_of(&CITIES),
        chance.one_of(&["Switzerland", "Brazil", "Sweden", "Japan", "India"])
    );
    let _ = write!(
        text,
        r#""No_of_Employees":{},"Annual_Revenue":{}.25,"Score":-{},"Conversion_Probability":0.{:06},"Email_Opt_Out":{},"#,
        chance.number_or_null(25_000),
        chance.below(9_999_999),
        chance.below(20),
        chance.below(999_999),
        chance.below(10) == 0
    );
    let _ = write!(
        text,
        r#""Phone":"+{} {}-{:04}","Mobile":null,"Designation":{},"Salutation":{},"First_Name":"{first}","Last_Name":"{last}","Full_Name":"{first} {last}","#,
        chance.below(98) + 1,
        chance.below(899) + 100,
        chance.below(9_999),
        chance.or_null(&["VP Accounting", "Chief Data Officer", "Einkäufer"]),
        chance.or_null(&["Mr.", "Ms.", "Dr."])
    );
    let _ = write!(
        text,
        r#""Lead_Source":{},"Lead_Status":{},"Created_By":{},"Tag":[{}],"Languages":["en","{}"],"Converted_Date_Time":null,"$converted":false}}"#,
        chance.or_null(&["Advertisement", "Cold Call", "Web Download", "X (Twitter)"]),
        chance.or_null(&STATUSES),
        owner(chance),
        if chance.below(2) == 0 { r#"{"name":"événement-2026","id":"4876876000000900001"}"# } else { "" },
        chance.one_of(&["de", "fr", "pt-BR", "日本語"])
    );
    text
}

fn owner(chance: &mut Chance) -> String {
    let (first, last, number) = (chance.one_of(&FIRST_NAMES), chance.one_of(&LAST_NAMES), chance.below(12));
    format!(
        r#"{{"name":"{first} {last}","id":"48768760000003270{number:02}","email":"owner{number}@crm.example"}}"#
    )
}
