//! Splits COQL into tokens with their positions.

use super::QueryError;

/// Where a token begins, in characters, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LineColumn {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    /// The text; of a quoted text, what is between the quotes.
    pub(super) text: String,
    pub(super) place: LineColumn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A keyword, a name, or a value without quotes.
    Word,
    /// A number or a time without quotes.
    Bare,
    Quoted,
    Symbol,
}

/// Words that cannot be names unless they are quoted.
const KEYWORDS: &[&str] = &[
    "select", "from", "where", "and", "or", "not", "in", "like", "between", "is", "null", "as", "group",
    "by", "order", "asc", "desc", "limit", "offset",
];

impl Token {
    pub(super) fn is_keyword(&self, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(word)
    }

    pub(super) fn is_symbol(&self, symbol: &str) -> bool {
        self.kind == TokenKind::Symbol && self.text == symbol
    }

    pub(super) fn is_name(&self) -> bool {
        match self.kind {
            TokenKind::Word => !KEYWORDS.iter().any(|word| self.is_keyword(word)),
            TokenKind::Quoted => true,
            TokenKind::Bare | TokenKind::Symbol => false,
        }
    }

    pub(super) fn unexpected(&self) -> QueryError {
        QueryError::Unexpected { place: self.place, near: self.text.clone() }
    }
}

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, QueryError> {
    let mut lexer = Lexer { rest: text, place: LineColumn { line: 1, column: 1 } };
    let mut tokens = Vec::new();
    while let Some(first) = lexer.after_space() {
        let place = lexer.place;
        let (kind, text) = match first {
            '\'' | '"' => (TokenKind::Quoted, lexer.quoted(first, place)?),
            '<' | '>' | '!' if lexer.rest[1..].starts_with('=') => (TokenKind::Symbol, lexer.take(2)),
            '<' if lexer.rest[1..].starts_with('>') => (TokenKind::Symbol, lexer.take(2)),
            ',' | '(' | ')' | '=' | '<' | '>' => (TokenKind::Symbol, lexer.take(1)),
            '0'..='9' | '+' | '-' => (TokenKind::Bare, lexer.take_while(is_in_number)),
            first if is_in_word(first) => (TokenKind::Word, lexer.take_while(is_in_word)),
            other => return Err(QueryError::Unexpected { place, near: other.to_string() }),
        };
        tokens.push(Token { kind, text, place });
    }
    Ok(tokens)
}

struct Lexer<'a> {
    rest: &'a str,
    place: LineColumn,
}

impl Lexer<'_> {
    fn after_space(&mut self) -> Option<char> {
        self.take_while(char::is_whitespace);
        self.rest.chars().next()
    }

    fn take_while(&mut self, belongs: fn(char) -> bool) -> String {
        let end = self.rest.find(|letter| !belongs(letter)).unwrap_or(self.rest.len());
        self.take(end)
    }

    fn take(&mut self, bytes: usize) -> String {
        let (taken, rest) = self.rest.split_at(bytes);
        for letter in taken.chars() {
            self.place.column += 1;
            if letter == '\n' {
                self.place = LineColumn { line: self.place.line + 1, column: 1 };
            }
        }
        self.rest = rest;
        taken.to_owned()
    }

    /// Zoho: a quote inside a quoted text is doubled.
    fn quoted(&mut self, quote: char, place: LineColumn) -> Result<String, QueryError> {
        let mut text = String::new();
        self.take(1);
        loop {
            let Some(end) = self.rest.find(quote) else {
                return Err(QueryError::Unexpected { place, near: format!("{quote}{text}{}", self.rest) });
            };
            text.push_str(&self.take(end));
            self.take(1);
            if !self.rest.starts_with(quote) {
                return Ok(text);
            }
            text.push_str(&self.take(1));
        }
    }
}

fn is_in_word(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | '$' | '.')
}

fn is_in_number(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '.' | ':' | '+' | '-')
}
