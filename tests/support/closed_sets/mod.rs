//! Facts about members of closed sets are methods with an exhaustive `match`, read from the sources.
//!
//! A fact that is asked in passing (`kind == Kind::A`, `matches!(kind, Kind::A)`, `_ =>`) takes a new member for "all
//! others" without a word. Two of three changes that merely compiled called a run complete with records missing. So every
//! enum of ours is asked by methods beside it, in which a new member has to be answered for.
//!
//! Enums of others (`StatusCode`, `io::ErrorKind`, `serde_json::Value`) are not ours to keep exhaustive.

mod asks;
mod members;
mod patterns;
mod tokens;

use std::collections::BTreeSet;
use std::path::Path;

use libtest_mimic::Trial;

use self::asks::{Ask, asks};
use self::members::Enums;
use self::tokens::Token;
use super::architecture::is_test;
use super::project;

/// Where a member may be named so, and why: a part of the path, and the member.
const ALLOWED: [(&str, &str, &str); 1] = [(
    "src/run/watermark.rs",
    "Order::Instant",
    "two values whose forms differ cannot be compared: an error, whatever the two are",
)];

/// Sources that are not read: a part of the path, and why.
const LEFT_OUT: [(&str, &str); 1] =
    [("crates/sandbox/", "its sets are those of the service that it stands in for, and no run ends by them")];

/// Sources that still ask in passing. Only fewer: one that asks no more must leave the list.
const WAITING: [&str; 0] = [];

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("closed_sets/are_asked_by_methods", || Ok(are_asked_by_methods()?)),
        Trial::test("closed_sets/what_counts_as_asking", || Ok(what_counts_as_asking()?)),
    ]
}

fn are_asked_by_methods() -> Result<(), String> {
    let sources = sources()?;
    let enums = Enums::of(sources.iter().map(|(_, source)| source.as_slice()));
    let mut wrong = BTreeSet::new();
    let mut asking = BTreeSet::new();
    for (shown, source) in sources.iter().filter(|(shown, _)| left_out(shown).is_none()) {
        let found: Vec<Ask> =
            asks(source, &enums).into_iter().filter(|ask| !is_allowed(shown, ask)).collect();
        if WAITING.contains(&shown.as_str()) {
            asking.extend((!found.is_empty()).then(|| shown.clone()));
        } else {
            wrong.extend(found.iter().map(|ask| format!("{shown}:{ask}")));
        }
    }
    wrong.extend(WAITING.iter().filter(|shown| !asking.contains(**shown)).map(|shown| {
        format!("{shown} asks no more: take it out of `WAITING` in tests/support/closed_sets/mod.rs")
    }));
    if wrong.is_empty() {
        return Ok(());
    }
    Err(format!(
        "facts of closed sets that are asked in passing:\n  {}",
        wrong.into_iter().collect::<Vec<_>>().join("\n  ")
    ))
}

fn is_allowed(shown: &str, ask: &Ask) -> bool {
    ALLOWED.iter().any(|(path, member, _)| *path == shown && *member == ask.member)
}

fn left_out(shown: &str) -> Option<&'static str> {
    LEFT_OUT.iter().find(|(path, _)| shown.starts_with(path)).map(|(_, why)| *why)
}

/// The sources of all crates here but tests, by their paths in the repository.
fn sources() -> Result<Vec<(String, Vec<Token>)>, String> {
    let root = project::repository();
    let own = [root.join("src")].into_iter();
    let members = std::fs::read_dir(root.join("crates")).into_iter().flatten().flatten();
    let roots = own.chain(members.map(|member| member.path().join("src")));
    let read = |(shown, bytes): (String, Vec<u8>)| {
        let source = tokens::read(&String::from_utf8_lossy(&bytes));
        source.map(|source| (shown.clone(), source)).map_err(|error| format!("{shown}: {error}"))
    };
    roots.flat_map(|folder| sources_in(&folder, root)).map(read).collect()
}

fn sources_in(folder: &Path, root: &Path) -> Vec<(String, Vec<u8>)> {
    let shown = folder.strip_prefix(root).unwrap_or(folder).display().to_string();
    let files = project::tree(folder).into_iter();
    let files = files.filter(|(path, _)| path.extension().is_some_and(|end| end == "rs") && !is_test(path));
    files.map(|(path, bytes)| (format!("{shown}/{}", path.display()), bytes)).collect()
}

/// What the reader must find, and what it must leave alone, each with the lines on which it asks.
fn what_counts_as_asking() -> Result<(), String> {
    const SETS: &str = "
        mod made { words! { pub enum Kind(\"kind\") { /// One.
            A = \"a\", /// Another.
            B = \"b\", } } }
        pub enum Way { To(Kind), At { kind: Kind }, Nowhere }
        pub use made::Kind as Other;
        const X: u8 = 0;";
    let cases: [(&str, &[usize]); 29] = [
        ("fn f(k: Kind) -> bool { k == Kind::A }", &[1]),
        ("fn f(k: Kind) -> bool { Kind::A != k }", &[1]),
        ("fn f(k: Other) -> bool { k == Other::A }", &[1]),
        ("fn f(k: Option<&Kind>) -> bool { k == Some(&made::Kind::A) }", &[1]),
        ("fn f(k: Kind) -> bool {\n matches!(k, Kind::A | Kind::B if true) }", &[2]),
        ("fn f(w: Way) -> bool { matches!(w, Way::At { kind: Kind::A }) }", &[1]),
        ("fn f(k: Kind) { println!(\"{}\", k == Kind::A) }", &[1]),
        ("fn f(k: Kind) { select! { x = k == Kind::A => {} } }", &[1]),
        ("fn f(k: Kind) -> bool { [Kind::A, Kind::B].contains(&k) }", &[1]),
        ("fn f(k: Kind) -> u8 { match k {\n Kind::A => 1,\n _ => 2 } }", &[3]),
        ("fn f(k: Kind) -> u8 { match k {\n Kind::A => 1,\n other => g(other) } }", &[3]),
        ("fn f(k: Option<Kind>) -> u8 { match k { Some(Kind::A) => 1,\n Some(_) => 2,\n None => 3 } }", &[2]),
        (
            "fn f(k: Kind, b: bool) -> u8 { match (k, b) { (Kind::A, true) => 1,\n (_, true) | (_, false) => 2 } }",
            &[2],
        ),
        (
            "fn f(w: Way) -> u8 { match w { Way::To(Kind::A) => 1,\n Way::To(_) => 2, Way::At { .. } | Way::Nowhere => 3 } }",
            &[2],
        ),
        ("fn f(w: Way) { if let Way::To(kind) = w { g(kind) } }", &[1]),
        ("fn f(w: Way) { let Way::To(kind) = w else { return }; g(kind) }", &[1]),
        ("fn f(w: Way) { while let Some(Way::Nowhere) = w {} }", &[1]),
        ("use Kind::{A, B}; fn f(k: Kind) -> u8 { match k { A => 1,\n _ => 2 } }", &[2]),
        ("use Kind::*; fn f(k: Kind) -> bool { k == A }", &[1]),
        ("impl Kind { fn f(self) -> bool { matches!(self, Self::A) } }", &[1]),
        ("#[cfg(test)] mod tests { fn f(k: Kind) -> bool { k == Kind::A } }", &[]),
        ("#[test] fn f() { assert!(k == Kind::A) }", &[]),
        ("impl Kind { fn f(self) -> bool { match self { Self::A => true, Self::B => false } } }", &[]),
        (
            "fn f(k: Kind, b: bool) -> u8 { match (k, b) { (Kind::A, _) => 1, (Kind::B, true) => 2, (Kind::B, false) => 3 } }",
            &[],
        ),
        (
            "fn f(k: Kind, n: u8) -> u8 { match k { Kind::A if n > 3 => 1, _ if n > 4 => 3, Kind::A | Kind::B => 2 } }",
            &[],
        ),
        ("fn f(k: Option<Kind>) -> u8 { match k { Some(Kind::A | Kind::B) => 1, None => 2 } }", &[]),
        (
            "fn f(s: &str) -> bool { matches!(s, \"a\" | \"b\") && s != Kind::A.word() && g(Kind::A) == X }",
            &[],
        ),
        (
            "fn f(e: io::ErrorKind) -> bool { e == io::ErrorKind::NotFound || matches!(e, io::ErrorKind::A) }",
            &[],
        ),
        ("fn f(v: Value) -> u8 { match v { Value::Null => 1, _ => 2 } }", &[]),
    ];
    let sets = tokens::read(SETS)?;
    let mut wrong = Vec::new();
    for (text, expected) in cases {
        let source = tokens::read(text)?;
        let enums = Enums::of([sets.as_slice(), source.as_slice()]);
        let lines: Vec<usize> = asks(&source, &enums).iter().map(|ask| ask.line).collect();
        if lines != expected {
            wrong.push(format!("{text}\n    expected lines {expected:?}, found {lines:?}"));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}
