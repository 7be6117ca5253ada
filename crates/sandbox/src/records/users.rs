//! The users of the organisation. The first few own the records.
//!
//! Like records, they are computed from their number, so that there can be any number of them.

use super::words::{FIRST_NAMES, LAST_NAMES};

/// Zoho: all ids in an organisation begin with the same digits.
const FIRST_ID: u64 = 4_876_876_000_000_229_001;
const BETWEEN_IDS: u64 = 14;
const FIRST_ZUID: u64 = 60_019_394_663;

/// The users who own records. The names of the others are put together from parts.
pub(super) const OWNERS: [User; 4] =
    [User { number: 0 }, User { number: 1 }, User { number: 2 }, User { number: 3 }];

const NAMES: [(&str, &str, &str); OWNERS.len()] = [
    ("Meera", "Raghunathan", "meera.raghunathan"),
    ("Jürgen", "Weiß", "juergen.weiss"),
    ("Aoife", "O'Sullivan", "aoife.osullivan"),
    ("Tomás", "Ibáñez", "tomas.ibanez"),
];

/// All users.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Users {
    count: u64,
}

/// One user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct User {
    number: u64,
}

/// A role or a profile.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub(crate) struct NamedId {
    name: &'static str,
    id: &'static str,
}

impl Users {
    /// This many users, but at least those who own records.
    pub(crate) fn new(count: u64) -> Self {
        Self { count: count.max(OWNERS.len() as u64) }
    }

    pub(crate) fn count(self) -> u64 {
        self.count
    }

    /// All users, ordered by id.
    pub(crate) fn all(self) -> impl Iterator<Item = User> {
        (0..self.count).map(|number| User { number })
    }

    pub(crate) fn with_id(self, id: &str) -> Option<User> {
        self.all().find(|user| user.id() == id)
    }
}

impl User {
    /// The user whose tokens clients have, and who created the organisation.
    pub(crate) const CURRENT: Self = Self { number: 0 };

    pub(crate) fn id(self) -> String {
        // The ids of the first few do not follow the rule of the others.
        let since_first = match self.number {
            0 => 0,
            1 => 12,
            2 => 26,
            _ => 40 + (self.number - 3) * BETWEEN_IDS,
        };
        (FIRST_ID + since_first).to_string()
    }

    /// The number that identifies the user across Zoho. Zoho: null until the invitation is confirmed.
    pub(crate) fn zuid(self) -> Option<String> {
        self.is_confirmed().then(|| (FIRST_ZUID + self.number * 4_271).to_string())
    }

    pub(crate) fn first_name(self) -> &'static str {
        self.name().0
    }

    pub(crate) fn last_name(self) -> &'static str {
        self.name().1
    }

    pub(crate) fn full_name(self) -> String {
        format!("{} {}", self.first_name(), self.last_name())
    }

    pub(crate) fn email(self) -> String {
        match self.own_name() {
            Some((_, _, mailbox)) => format!("{mailbox}@example.com"),
            None => format!("{}.{}{}@example.com", self.first().1, self.last().1, self.number),
        }
    }

    /// A user who has left still owns records.
    pub(crate) fn is_active(self) -> bool {
        self.number % 6 != 3
    }

    /// Whether the invitation was accepted.
    pub(crate) fn is_confirmed(self) -> bool {
        self.number % 5 != 4
    }

    pub(crate) fn is_admin(self) -> bool {
        self.number.is_multiple_of(7)
    }

    pub(crate) fn profile(self) -> NamedId {
        if self.is_admin() {
            NamedId { name: "Administrator", id: "4876876000000026011" }
        } else {
            NamedId { name: "Standard", id: "4876876000000026014" }
        }
    }

    pub(crate) fn role(self) -> NamedId {
        if self == Self::CURRENT {
            NamedId { name: "CEO", id: "4876876000000026005" }
        } else {
            NamedId { name: "Manager", id: "4876876000000026008" }
        }
    }

    fn name(self) -> (&'static str, &'static str) {
        match self.own_name() {
            Some((first, last, _)) => (first, last),
            None => (self.first().0, self.last().0),
        }
    }

    fn own_name(self) -> Option<(&'static str, &'static str, &'static str)> {
        NAMES.get(usize::try_from(self.number).ok()?).copied()
    }

    fn first(self) -> (&'static str, &'static str) {
        turn(self.number, FIRST_NAMES)
    }

    fn last(self) -> (&'static str, &'static str) {
        turn(self.number, LAST_NAMES)
    }
}

/// Picks a value by turns.
fn turn<T: Copy>(number: u64, choices: &[T]) -> T {
    choices[usize::try_from(number % choices.len() as u64).unwrap_or_default()]
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_user_has_an_id_of_its_own_that_leads_back() {
        let users = Users::new(500);
        let ids: HashSet<_> = users.all().map(User::id).collect();
        assert_eq!(ids.len(), 500);
        for user in users.all().step_by(50) {
            assert_eq!(users.with_id(&user.id()), Some(user));
        }
        assert_eq!(users.with_id("1"), None);
    }

    #[test]
    fn those_who_own_records_are_always_there_and_one_of_them_has_left() {
        assert_eq!(Users::new(0).all().collect::<Vec<_>>(), OWNERS);
        assert_eq!(OWNERS.iter().filter(|user| !user.is_active()).count(), 1);
        assert!(User::CURRENT.is_active() && User::CURRENT.is_confirmed() && User::CURRENT.is_admin());
    }

    #[test]
    fn mail_addresses_are_not_shared() {
        let emails: HashSet<_> = Users::new(2_000).all().map(User::email).collect();
        assert_eq!(emails.len(), 2_000);
    }
}
