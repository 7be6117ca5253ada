//! Which patterns name members of closed sets, and which swallow those that others name.

use super::tokens::{Token, Tree, split};

/// A pattern, as far as it matters which values fit.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pattern {
    /// `_`, or a name that is bound.
    All,
    /// `..`
    Rest,
    /// A value that is made of others: a member, a struct, a constant.
    Made { path: Vec<String>, parts: Vec<Pattern>, fields: Vec<(String, Pattern)> },
    /// `(a, b)` or `[a, b]`.
    List(Vec<Pattern>),
    /// One of several.
    Or(Vec<Pattern>),
    /// `true` or `false`.
    Truth(bool),
    /// A literal, a range, or something that is not understood.
    Other,
}

/// Says which member a path names, as `Enum::Member`.
pub(super) type Member<'m> = &'m dyn Fn(&[String]) -> Option<String>;

/// How two patterns of one `match` stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    /// No value fits both.
    Apart,
    /// Some value may fit both, and neither is silent where the other names a member.
    Together,
    /// Some value may fit both, and the first takes any member where the second names one.
    Swallows,
}

impl Pattern {
    /// Reads a pattern without its guard.
    pub(super) fn read(tokens: &[Token]) -> Self {
        let cases: Vec<&[Token]> = split(tokens, "|").into_iter().filter(|case| !case.is_empty()).collect();
        match cases.as_slice() {
            [one] => Self::read_one(one),
            cases => Self::Or(cases.iter().map(|case| Self::read_one(case)).collect()),
        }
    }

    fn read_one(tokens: &[Token]) -> Self {
        let [first, rest @ ..] = tokens else { return Self::Other };
        let is_passed_over = ["&", "&&"].iter().any(|mark| first.is_mark(mark))
            || ["mut", "ref"].iter().any(|word| first.is_word(word));
        if is_passed_over {
            return Self::read_one(rest);
        }
        if let [at, rest @ ..] = rest
            && at.is_mark("@")
        {
            return Self::read_one(rest);
        }
        match (&first.tree, rest) {
            (Tree::Mark(".."), []) => Self::Rest,
            (Tree::Group('(', inside), []) => match split(inside, ",").as_slice() {
                [one] if inside.last().is_some_and(|last| !last.is_mark(",")) => Self::read(one),
                parts => Self::List(parts.iter().map(|part| Self::read(part)).collect()),
            },
            (Tree::Group('[', inside), []) => Self::List(Self::read_each(inside)),
            (Tree::Word(word), []) if word == "true" || word == "false" => Self::Truth(word == "true"),
            (Tree::Word(word), []) if !is_constructor(word) => Self::All,
            (Tree::Word(_), _) => Self::read_made(tokens),
            _ => Self::Other,
        }
    }

    fn read_made(tokens: &[Token]) -> Self {
        let (path, rest) = path(tokens);
        let (mut parts, mut fields) = (vec![], vec![]);
        match rest {
            [] => {}
            [group] => {
                parts = group.group('(').map(Self::read_each).unwrap_or_default();
                fields = group.group('{').map(read_fields).unwrap_or_default();
            }
            _ => return Self::Other,
        }
        Self::Made { path, parts, fields }
    }

    fn read_each(tokens: &[Token]) -> Vec<Self> {
        split(tokens, ",").into_iter().map(Self::read).collect()
    }

    /// A member that the pattern names, at whatever depth.
    pub(super) fn named(&self, member: Member<'_>) -> Option<String> {
        match self {
            Self::Made { path, parts, fields } => {
                let fields = fields.iter().map(|(_, pattern)| pattern);
                member(path).or_else(|| parts.iter().chain(fields).find_map(|part| part.named(member)))
            }
            Self::List(parts) | Self::Or(parts) => parts.iter().find_map(|part| part.named(member)),
            Self::All | Self::Rest | Self::Truth(_) | Self::Other => None,
        }
    }

    /// Whether it takes any member where `other` names one, for a value that may fit both.
    pub(super) fn swallows(&self, other: &Self, member: Member<'_>) -> bool {
        self.relation(other, member) == Relation::Swallows
    }

    fn relation(&self, other: &Self, member: Member<'_>) -> Relation {
        match (self, other) {
            (Self::Or(cases), other) => any(cases.iter().map(|case| case.relation(other, member))),
            (one, Self::Or(cases)) => any(cases.iter().map(|case| one.relation(case, member))),
            (Self::All | Self::Rest, other) if other.named(member).is_some() => Relation::Swallows,
            (Self::List(ones), Self::List(others)) => each(ones, others, member),
            (
                Self::Made { path: one, parts: ones, fields: own },
                Self::Made { path: other, parts: others, fields },
            ) => {
                if one.last() != other.last() {
                    return Relation::Apart;
                }
                let fields = fields.iter().map(|(name, other)| {
                    let own = own.iter().find(|(known, _)| known == name).map_or(&Self::All, |(_, own)| own);
                    own.relation(other, member)
                });
                all(std::iter::once(each(ones, others, member)).chain(fields))
            }
            (Self::Truth(one), Self::Truth(other)) if one != other => Relation::Apart,
            _ => Relation::Together,
        }
    }
}

/// Element by element, up to a `..`.
fn each(ones: &[Pattern], others: &[Pattern], member: Member<'_>) -> Relation {
    let pairs = ones.iter().zip(others);
    let pairs = pairs.take_while(|(one, other)| **one != Pattern::Rest && **other != Pattern::Rest);
    all(pairs.map(|(one, other)| one.relation(other, member)))
}

/// `name`, `name: pattern`, `..`.
fn read_fields(tokens: &[Token]) -> Vec<(String, Pattern)> {
    let parts = split(tokens, ",").into_iter();
    let fields = parts.map(|part| match part {
        [name, colon, pattern @ ..] if colon.is_mark(":") => (name.word(), Pattern::read(pattern)),
        _ => (part.iter().rev().find_map(Token::word), Pattern::All),
    });
    fields.filter_map(|(name, pattern)| Some((name?.to_owned(), pattern))).collect()
}

/// The words of a path at the start, and what stands behind it.
pub(super) fn path(tokens: &[Token]) -> (Vec<String>, &[Token]) {
    let mut words = Vec::new();
    let mut rest = tokens;
    while let [token, behind @ ..] = rest {
        match &token.tree {
            Tree::Word(word) => {
                words.push(word.clone());
                rest = behind;
            }
            Tree::Mark(_) | Tree::Literal | Tree::Group(..) => break,
        }
        match rest {
            [colons, behind @ ..] if colons.is_mark("::") => rest = behind,
            _ => break,
        }
    }
    (words, rest)
}

/// Types, members and constants begin with a capital letter; what is bound does not.
pub(super) fn is_constructor(word: &str) -> bool {
    word.starts_with(char::is_uppercase)
}

/// Of the parts of one value: all must fit.
fn all(relations: impl Iterator<Item = Relation>) -> Relation {
    let relations: Vec<Relation> = relations.collect();
    let first = [Relation::Apart, Relation::Swallows].into_iter().find(|one| relations.contains(one));
    first.unwrap_or(Relation::Together)
}

/// Of the cases of an `|`: one is enough.
fn any(relations: impl Iterator<Item = Relation>) -> Relation {
    let relations: Vec<Relation> = relations.collect();
    let first = [Relation::Swallows, Relation::Together].into_iter().find(|one| relations.contains(one));
    first.unwrap_or(Relation::Apart)
}
