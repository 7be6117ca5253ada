//! Where a source asks about a member of a closed set in passing.

use std::collections::BTreeSet;
use std::fmt;

use super::members::Enums;
use super::patterns::{Pattern, is_constructor, path};
use super::tokens::{Token, Tree, split};

/// One such place.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ask {
    /// Counted from 1.
    pub(super) line: usize,
    /// What is written there.
    pub(super) found: &'static str,
    /// The member that is named.
    pub(super) member: String,
}

/// `12: …`, behind the path.
impl fmt::Display for Ask {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, found, member } = self;
        let set = member.split_once("::").map_or("the enum", |(set, _)| set);
        write!(
            formatter,
            "{line}: {found} names `{member}`: write a method of `{set}` whose name says the fact, with a `match` over all members, and ask that"
        )
    }
}

/// All places of a source but its tests.
pub(super) fn asks(source: &[Token], enums: &Enums) -> BTreeSet<Ask> {
    let mut reader = Reader { enums, own: None, imported: BTreeSet::new(), found: BTreeSet::new() };
    reader.imports(source);
    reader.code(source, true);
    reader.found
}

struct Reader<'e> {
    enums: &'e Enums,
    /// What `Self` is.
    own: Option<String>,
    /// Members that the source imports: a name alone.
    imported: BTreeSet<String>,
    found: BTreeSet<Ask>,
}

/// An arm of a `match`.
struct Arm {
    line: usize,
    pattern: Pattern,
    is_guarded: bool,
}

impl Reader<'_> {
    /// Reads a list of tokens; `is_block`: it is a file or stands in braces.
    fn code(&mut self, tokens: &[Token], is_block: bool) {
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let (before, behind) = (&tokens[..at], &tokens[at + 1..]);
            if token.is_mark("#") && behind.first().is_some_and(is_test) {
                at += 1 + item_length(behind);
                continue;
            }
            if token.is_word("impl") && is_block && before.last().is_none_or(ends_item) {
                at += 1 + self.implementation(behind);
                continue;
            }
            match &token.tree {
                Tree::Group(opening, inside) => {
                    self.contains(before, inside, behind);
                    self.code(inside, *opening == '{');
                }
                Tree::Mark("==" | "!=") => self.comparison(token.line, before, behind),
                Tree::Word(word) => match word.as_str() {
                    "matches" => self.matches(token.line, behind),
                    "match" => self.arms(behind),
                    "let" => self.binding(token.line, before, behind),
                    _ => {}
                },
                Tree::Mark(_) | Tree::Literal => {}
            }
            at += 1;
        }
    }

    /// Reads the block of an `impl` with its own `Self`; says how many tokens header and block are.
    fn implementation(&mut self, tokens: &[Token]) -> usize {
        let header = tokens.iter().take_while(|token| token.group('{').is_none()).count();
        let own = own_type(&tokens[..header]);
        let outer = std::mem::replace(&mut self.own, own);
        if let Some(block) = tokens.get(header).and_then(|token| token.group('{')) {
            self.code(block, true);
        }
        self.own = outer;
        header + 1
    }

    fn ask(&mut self, line: usize, found: &'static str, member: Option<String>) {
        self.found.extend(member.map(|member| Ask { line, found, member }));
    }

    fn named(&self, pattern: &Pattern) -> Option<String> {
        pattern.named(&|path| self.member(path))
    }

    /// The member that a path names.
    fn member(&self, path: &[String]) -> Option<String> {
        match path {
            [] => None,
            [member] => self.imported.contains(member).then(|| member.clone()),
            [.., of, member] => {
                let of = if of == "Self" { self.own.as_ref()? } else { of };
                self.enums.has(of, member).then(|| format!("{of}::{member}"))
            }
        }
    }

    /// `matches!(value, pattern if guard)`
    fn matches(&mut self, line: usize, behind: &[Token]) {
        let [mark, group, ..] = behind else { return };
        let Some(inside) = group.group('(').filter(|_| mark.is_mark("!")) else { return };
        let Some(comma) = inside.iter().position(|token| token.is_mark(",")) else { return };
        let ends = |token: &Token| token.is_word("if") || token.is_mark(",");
        let pattern = inside[comma + 1..].split(ends).next().unwrap_or_default();
        self.ask(line, "`matches!`", self.named(&Pattern::read(pattern)));
    }

    /// `match value { … }`
    fn arms(&mut self, behind: &[Token]) {
        let Some(block) = behind.iter().find_map(|token| token.group('{')) else { return };
        let arms = arms(block);
        for arm in arms.iter().filter(|arm| !arm.is_guarded) {
            let member = |path: &[String]| self.member(path);
            let swallowed = arms.iter().find(|other| arm.pattern.swallows(&other.pattern, &member));
            let named = swallowed.and_then(|other| self.named(&other.pattern));
            self.ask(arm.line, "an arm for all others", named);
        }
    }

    /// `if let pattern = value`, `let pattern = value else { … }`
    fn binding(&mut self, line: usize, before: &[Token], behind: &[Token]) {
        let is_condition = before.last().is_some_and(|token| {
            token.is_word("if") || token.is_word("while") || token.is_mark("&&") || token.is_mark("||")
        });
        let end = behind.iter().position(|token| token.is_mark("=")).unwrap_or(behind.len());
        let pattern = behind[..end].split(|token| token.is_mark(":")).next().unwrap_or_default();
        let found = if is_condition {
            "`if let`"
        } else if has_else(&behind[end..]) {
            "`let … else`"
        } else {
            return;
        };
        self.ask(line, found, self.named(&Pattern::read(pattern)));
    }

    fn comparison(&mut self, line: usize, before: &[Token], behind: &[Token]) {
        let named = self.value_before(before).or_else(|| self.value(behind));
        self.ask(line, "`==` or `!=`", named);
    }

    /// A member of which the value at the start is made: `Kind::A`, `&Kind::A`, `Some(Kind::A)`, `(Kind::A, 1)`.
    fn value(&self, tokens: &[Token]) -> Option<String> {
        let [first, rest @ ..] = tokens else { return None };
        match &first.tree {
            Tree::Mark("&" | "&&" | "*") => self.value(rest),
            Tree::Group('(' | '[', inside) => self.any_value(inside),
            Tree::Word(_) => {
                let (path, rest) = path(tokens);
                let called = rest.first().and_then(|next| next.group('('));
                let rest = if called.is_some() { &rest[1..] } else { rest };
                if rest.first().is_some_and(|next| next.is_mark(".")) {
                    return None; // something is asked of it
                }
                self.made(&path, called)
            }
            Tree::Mark(_) | Tree::Literal | Tree::Group(..) => None,
        }
    }

    /// The same of the value at the end.
    fn value_before(&self, tokens: &[Token]) -> Option<String> {
        let [rest @ .., last] = tokens else { return None };
        let called = last.group('(');
        let words = if called.is_some() { rest } else { tokens };
        let is_part = |token: &&Token| token.word().is_some() || token.is_mark("::");
        let start = words.len() - words.iter().rev().take_while(is_part).count();
        if start > 0 && words[start - 1].is_mark(".") {
            return None;
        }
        let (path, behind) = path(&words[start..]);
        match (behind, called) {
            ([], Some(inside)) if path.is_empty() => self.any_value(inside),
            ([], called) => self.made(&path, called),
            _ => None,
        }
    }

    fn made(&self, path: &[String], called: Option<&[Token]>) -> Option<String> {
        let makes = path.last().is_some_and(|last| is_constructor(last));
        let inside = called.filter(|_| makes).and_then(|inside| self.any_value(inside));
        self.member(path).or(inside)
    }

    fn any_value(&self, tokens: &[Token]) -> Option<String> {
        split(tokens, ",").into_iter().find_map(|part| self.value(part))
    }

    /// `[Kind::A, Kind::B].contains(&kind)`
    fn contains(&mut self, before: &[Token], inside: &[Token], behind: &[Token]) {
        let is_list = before.last().is_none_or(|token| !token.is_mark("#") && !token.is_mark("!"));
        if let [dot, word, ..] = behind
            && is_list
            && dot.is_mark(".")
            && word.is_word("contains")
        {
            self.ask(word.line, "`contains`", self.any_value(inside));
        }
    }

    /// Members that `use` brings in by their names alone.
    fn imports(&mut self, tokens: &[Token]) {
        for (at, token) in tokens.iter().enumerate() {
            if token.is_word("use") {
                self.import(&tokens[at + 1..], "");
            }
            if let Tree::Group(_, inside) = &token.tree {
                self.imports(inside);
            }
        }
    }

    fn import(&mut self, tokens: &[Token], of: &str) {
        let (path, behind) = path(tokens);
        let of = match path.as_slice() {
            [.., of, last]
                if behind.first().is_none_or(|next| next.group('{').is_none()) && is_constructor(of) =>
            {
                self.imported.extend(self.enums.has(of, last).then(|| last.clone()));
                of
            }
            [.., last] => last,
            [] => of,
        };
        match behind.first().map(|next| &next.tree) {
            Some(Tree::Group('{', inside)) => {
                for part in split(inside, ",") {
                    if let [name] = part
                        && let Some(name) = name.word()
                        && self.enums.has(of, name)
                    {
                        self.imported.insert(name.to_owned());
                    } else {
                        self.import(part, of);
                    }
                }
            }
            Some(Tree::Mark("*")) => {
                self.imported.extend(self.enums.members_of(of).into_iter().flatten().cloned());
            }
            _ => {}
        }
    }
}

/// The arms of a `match`: pattern, guard, body.
fn arms(block: &[Token]) -> Vec<Arm> {
    let mut arms = Vec::new();
    let mut rest = block;
    while let Some(arrow) = rest.iter().position(|token| token.is_mark("=>")) {
        let head = without_attributes(&rest[..arrow]);
        let mut parts = head.splitn(2, |token| token.is_word("if"));
        let pattern = parts.next().unwrap_or_default();
        let line = pattern.first().map_or(0, |first| first.line);
        arms.push(Arm { line, pattern: Pattern::read(pattern), is_guarded: parts.next().is_some() });
        rest = &rest[arrow + 1..];
        rest = &rest[body_length(rest)..];
    }
    arms
}

fn without_attributes(tokens: &[Token]) -> &[Token] {
    match tokens {
        [mark, group, rest @ ..] if mark.is_mark("#") && group.group('[').is_some() => {
            without_attributes(rest)
        }
        _ => tokens,
    }
}

/// A block, or all up to the next comma; the comma with it. Commas between `<` and `>` are within it.
fn body_length(tokens: &[Token]) -> usize {
    if tokens.first().is_some_and(|first| first.group('{').is_some()) {
        return 1 + usize::from(tokens.get(1).is_some_and(|next| next.is_mark(",")));
    }
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        let opens = token.is_mark("<") && at > 0 && tokens[at - 1].is_mark("::");
        if opens || (depth > 0 && token.is_mark("<")) {
            depth += 1;
        } else if depth > 0 && token.is_mark(">") {
            depth -= 1;
        } else if depth == 0 && token.is_mark(",") {
            return at + 1;
        }
    }
    tokens.len()
}

/// Whether a statement ends in `else { … };` and not in an `if … { … } else { … };`
fn has_else(tokens: &[Token]) -> bool {
    let end = tokens.iter().position(|token| token.is_mark(";")).unwrap_or(tokens.len());
    match &tokens[..end] {
        [.., before, word, block] => {
            word.is_word("else") && block.group('{').is_some() && before.group('{').is_none()
        }
        _ => false,
    }
}

/// The type of an `impl`, by its last name: `Kind` of `<T> Read for spec::Kind<T> where …`.
fn own_type(header: &[Token]) -> Option<String> {
    let end = header.iter().position(|token| token.is_word("where")).unwrap_or(header.len());
    let header = &header[..end];
    let begin =
        header.iter().rposition(|token| token.is_word("for")).map_or_else(|| generics(header), |at| at + 1);
    let (path, _) = path(&header[begin..]);
    path.last().cloned()
}

/// How many tokens `<…>` at the start are.
fn generics(tokens: &[Token]) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match &token.tree {
            Tree::Mark("<") => depth += 1,
            Tree::Mark(">") => depth -= 1,
            Tree::Word(_) | Tree::Mark(_) | Tree::Literal | Tree::Group(..) => {}
        }
        if depth == 0 {
            return if at == 0 { 0 } else { at + 1 };
        }
    }
    0
}

/// Whether an item may begin behind it.
fn ends_item(token: &Token) -> bool {
    token.is_mark(";") || token.is_word("unsafe") || token.group('{').is_some() || token.group('[').is_some()
}

/// `[test]` or `[cfg(test)]`.
fn is_test(attribute: &Token) -> bool {
    match attribute.group('[') {
        Some([word]) => word.is_word("test"),
        Some([word, group]) => {
            word.is_word("cfg")
                && group.group('(').is_some_and(|inside| inside.len() == 1 && inside[0].is_word("test"))
        }
        Some(_) | None => false,
    }
}

/// An item behind the mark of its attribute: up to its block, or to `;` where it has none.
fn item_length(tokens: &[Token]) -> usize {
    let is_import = tokens.iter().take_while(|token| !token.is_mark(";")).any(|token| token.is_word("use"));
    let ends = |token: &Token| token.is_mark(";") || (!is_import && token.group('{').is_some());
    tokens.iter().position(ends).map_or(tokens.len(), |end| end + 1)
}
