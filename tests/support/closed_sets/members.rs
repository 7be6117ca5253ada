//! The enums of the sources, and the names of their members.

use std::collections::{BTreeMap, BTreeSet};

use super::tokens::{Token, Tree, split};

/// The enums that are defined in the sources, by name. Two of one name are held as one with the members of both.
#[derive(Debug, Default)]
pub(super) struct Enums {
    members: BTreeMap<String, BTreeSet<String>>,
    /// Other names of some: `use One as Other`.
    aliases: Vec<(String, String)>,
}

impl Enums {
    /// Those that some sources define.
    pub(super) fn of<'t>(sources: impl IntoIterator<Item = &'t [Token]>) -> Self {
        let mut enums = Self::default();
        sources.into_iter().for_each(|source| enums.add(source));
        enums.resolve_aliases();
        enums
    }

    /// The members of an enum of this name, if there is one.
    pub(super) fn members_of(&self, name: &str) -> Option<&BTreeSet<String>> {
        self.members.get(name)
    }

    /// Whether `name` is an enum of ours that has this member.
    pub(super) fn has(&self, name: &str, member: &str) -> bool {
        self.members_of(name).is_some_and(|members| members.contains(member))
    }

    /// Adds what a source defines, in macros too.
    fn add(&mut self, tokens: &[Token]) {
        for (at, token) in tokens.iter().enumerate() {
            if let Tree::Group(_, inside) = &token.tree {
                self.add(inside);
            }
            let Some(name) = tokens.get(at + 1).and_then(Token::word) else { continue };
            if token.is_word("enum") {
                let body = tokens[at..].iter().find_map(|token| token.group('{'));
                let members = body.into_iter().flat_map(|body| split(body, ",")).filter_map(member);
                self.members.entry(name.to_owned()).or_default().extend(members);
            } else if name == "as"
                && let (Some(own), Some(alias)) = (token.word(), tokens.get(at + 2).and_then(Token::word))
            {
                self.aliases.push((alias.to_owned(), own.to_owned()));
            }
        }
    }

    fn resolve_aliases(&mut self) {
        for (alias, name) in std::mem::take(&mut self.aliases) {
            if let Some(members) = self.members.get(&name).cloned() {
                self.members.entry(alias).or_default().extend(members);
            }
        }
    }
}

/// The name of a member, which stands behind its attributes.
fn member(tokens: &[Token]) -> Option<String> {
    tokens.iter().find_map(Token::word).map(str::to_owned)
}
