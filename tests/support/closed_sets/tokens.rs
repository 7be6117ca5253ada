//! Rust text as trees of tokens, as far as a reader of patterns needs them.
//!
//! No crate does it here: `syn` among the dependencies of tests makes Cargo build every derive macro twice.

use std::iter::Peekable;
use std::str::CharIndices;

/// A token, and the line on which it begins, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) line: usize,
    pub(super) tree: Tree,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tree {
    /// A name or keyword.
    Word(String),
    /// An operator: `::`, `==`, `|`.
    Mark(&'static str),
    /// A text, character, number or lifetime.
    Literal,
    /// What stands between brackets, by the opening one.
    Group(char, Vec<Token>),
}

/// Longer ones first.
const MARKS: [&str; 41] = [
    "..=", "...", "::", "=>", "->", "==", "!=", "<=", ">=", "&&", "||", "..", "+=", "-=", "*=", "/=", "%=",
    "^=", "&=", "|=", "=", "!", "<", ">", "&", "|", ".", ",", ";", ":", "#", "$", "?", "@", "+", "-", "*",
    "/", "%", "^", "~",
];

impl Token {
    pub(super) fn word(&self) -> Option<&str> {
        match &self.tree {
            Tree::Word(word) => Some(word),
            Tree::Mark(_) | Tree::Literal | Tree::Group(..) => None,
        }
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        self.word() == Some(word)
    }

    pub(super) fn is_mark(&self, mark: &str) -> bool {
        match &self.tree {
            Tree::Mark(found) => *found == mark,
            Tree::Word(_) | Tree::Literal | Tree::Group(..) => false,
        }
    }

    /// What stands in it, if it is a group with this opening bracket.
    pub(super) fn group(&self, opening: char) -> Option<&[Token]> {
        match &self.tree {
            Tree::Group(found, inside) if *found == opening => Some(inside),
            Tree::Group(..) | Tree::Word(_) | Tree::Mark(_) | Tree::Literal => None,
        }
    }
}

/// The parts of a list between marks of one kind.
pub(super) fn split<'t>(tokens: &'t [Token], mark: &str) -> Vec<&'t [Token]> {
    let mut parts: Vec<&[Token]> = tokens.split(|token| token.is_mark(mark)).collect();
    if parts.last().is_some_and(|last| last.is_empty()) {
        parts.pop();
    }
    parts
}

/// Reads a source.
pub(super) fn read(text: &str) -> Result<Vec<Token>, String> {
    let mut lexer = Lexer { text, letters: text.char_indices().peekable(), line: 1 };
    let mut open: Vec<(usize, char, Vec<Token>)> = Vec::new();
    let mut here = Vec::new();
    while let Some((at, letter)) = lexer.letters.peek().copied() {
        let line = lexer.line;
        let tree = match letter {
            '(' | '[' | '{' => {
                lexer.next();
                open.push((line, letter, std::mem::take(&mut here)));
                continue;
            }
            ')' | ']' | '}' => {
                lexer.next();
                let (line, opening, around) =
                    open.pop().ok_or_else(|| format!("line {line}: `{letter}` closes nothing"))?;
                let inside = std::mem::replace(&mut here, around);
                here.push(Token { line, tree: Tree::Group(opening, inside) });
                continue;
            }
            _ if letter.is_whitespace() || lexer.skips_comment(at) => {
                lexer.next();
                continue;
            }
            _ => lexer.token(at, letter).ok_or_else(|| format!("line {line}: `{letter}` begins no token"))?,
        };
        here.push(Token { line, tree });
    }
    if let Some((line, opening, _)) = open.pop() {
        return Err(format!("line {line}: `{opening}` is not closed"));
    }
    Ok(here)
}

struct Lexer<'t> {
    text: &'t str,
    letters: Peekable<CharIndices<'t>>,
    line: usize,
}

impl Lexer<'_> {
    fn next(&mut self) -> Option<char> {
        let (_, letter) = self.letters.next()?;
        self.line += usize::from(letter == '\n');
        Some(letter)
    }

    fn at(&mut self) -> usize {
        self.letters.peek().map_or(self.text.len(), |(at, _)| *at)
    }

    fn skip(&mut self, bytes: usize) {
        let end = self.at() + bytes;
        while self.at() < end && self.next().is_some() {}
    }

    /// Leaves the last character of a comment to the caller.
    fn skips_comment(&mut self, at: usize) -> bool {
        let rest = &self.text[at..];
        if rest.starts_with("//") {
            self.skip(rest.find('\n').unwrap_or(rest.len()).saturating_sub(1));
            return true;
        }
        if !rest.starts_with("/*") {
            return false;
        }
        let (mut depth, mut end) = (0_usize, 0);
        while end < rest.len() {
            let step = &rest.as_bytes()[end..];
            if step.starts_with(b"/*") {
                depth += 1;
                end += 2;
            } else if step.starts_with(b"*/") {
                depth -= 1;
                end += 2;
                if depth == 0 {
                    break;
                }
            } else {
                end += 1;
            }
        }
        self.skip(end - 1);
        true
    }

    fn token(&mut self, at: usize, letter: char) -> Option<Tree> {
        let rest = &self.text[at..];
        if let Some(length) = text_length(rest) {
            self.skip(length);
            return Some(Tree::Literal);
        }
        if letter.is_alphanumeric() || letter == '_' {
            let length = word_length(rest);
            self.skip(length);
            let word = rest[..length].trim_start_matches("r#");
            let is_number = letter.is_ascii_digit();
            return Some(if is_number { Tree::Literal } else { Tree::Word(word.to_owned()) });
        }
        let mark = MARKS.into_iter().find(|mark| rest.starts_with(mark))?;
        self.skip(mark.len());
        Some(Tree::Mark(mark))
    }
}

/// The length of a text, a character or a lifetime at the start.
fn text_length(rest: &str) -> Option<usize> {
    if rest.starts_with('\'') {
        return Some(quoted_character(rest));
    }
    let prefix = rest.find(|letter: char| !matches!(letter, 'b' | 'c' | 'r')).unwrap_or(rest.len());
    let behind = &rest[prefix..];
    if prefix > 2 {
        return None;
    }
    if behind.starts_with('\'') && &rest[..prefix] == "b" {
        return Some(prefix + quoted_character(behind));
    }
    if rest[..prefix].ends_with('r') {
        let hashes = behind.len() - behind.trim_start_matches('#').len();
        let inside = behind[hashes..].strip_prefix('"')?;
        let end = format!("\"{}", "#".repeat(hashes));
        return Some(prefix + hashes + 1 + inside.find(&end)? + end.len());
    }
    let inside = behind.strip_prefix('"')?;
    let mut escaped = false;
    let end = inside.find(|letter: char| {
        let ends = letter == '"' && !escaped;
        escaped = letter == '\\' && !escaped;
        ends
    })?;
    Some(prefix + 1 + end + 1)
}

/// `'a'`, `'\n'` or `'static`.
fn quoted_character(rest: &str) -> usize {
    let inside = &rest[1..];
    if let Some(escape) = inside.strip_prefix('\\') {
        // What is escaped may be a quote itself.
        let first = escape.chars().next().map_or(0, char::len_utf8);
        return 2 + first + escape[first..].find('\'').map_or(0, |end| end + 1);
    }
    let first = inside.chars().next().map_or(0, char::len_utf8);
    if inside[first..].starts_with('\'') { 1 + first + 1 } else { 1 + word_length(inside) }
}

/// A name, or a number with its fraction and unit.
fn word_length(rest: &str) -> usize {
    let start = if rest.starts_with("r#") { 2 } else { 0 };
    let is_number = rest.starts_with(|first: char| first.is_ascii_digit());
    let ends = |(at, letter): (usize, char)| {
        let next = rest.as_bytes().get(start + at + 1);
        let is_point = is_number && letter == '.' && next.is_some_and(u8::is_ascii_digit);
        (!letter.is_alphanumeric() && letter != '_' && !is_point).then_some(start + at)
    };
    rest[start..].char_indices().find_map(ends).unwrap_or(rest.len())
}
