//! The criteria of a search as text: `((Last_Name:equals:Quispe)and(City:in:Boston,Galway))`.
//!
//! Zoho: parentheses and commas in a value are escaped with a backslash, and so is a backslash at its end. A single
//! comparison needs no parentheses. Guess: `and` and `or` on the same level are evaluated from left to right.

use super::{Comparison, Criteria, Dialect, Junction, Operator};

/// How deeply parentheses may be nested, so that no criteria can exhaust the stack.
const MOST_OPEN: usize = 40;

/// Why a text is not valid criteria.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CriteriaError {
    Form,
    TooMany,
    Operator { field: String, word: String },
}

/// Parses criteria with at most this many comparisons.
pub(crate) fn read(text: &str, most: usize) -> Result<Criteria, CriteriaError> {
    let mut reader = CriteriaParser { rest: text.trim(), open: 0, left: most };
    if !reader.rest.starts_with('(') {
        return match reader.comparison_text() {
            whole if reader.rest.is_empty() => comparison(whole),
            _ => Err(CriteriaError::Form),
        };
    }
    let criteria = reader.expression()?;
    if reader.rest.is_empty() { Ok(criteria) } else { Err(CriteriaError::Form) }
}

struct CriteriaParser<'a> {
    rest: &'a str,
    open: usize,
    /// How many more comparisons are allowed.
    left: usize,
}

impl<'a> CriteriaParser<'a> {
    fn expression(&mut self) -> Result<Criteria, CriteriaError> {
        let mut criteria = self.term()?;
        while let Some(junction) = self.junction() {
            criteria = Criteria::Group(junction, vec![criteria, self.term()?]);
        }
        Ok(criteria)
    }

    fn term(&mut self) -> Result<Criteria, CriteriaError> {
        self.expect('(')?;
        self.open += 1;
        if self.open > MOST_OPEN {
            return Err(CriteriaError::Form);
        }
        let term = if self.rest.starts_with('(') {
            self.expression()?
        } else {
            self.left = self.left.checked_sub(1).ok_or(CriteriaError::TooMany)?;
            comparison(self.comparison_text())?
        };
        self.open -= 1;
        self.expect(')')?;
        Ok(term)
    }

    /// The text up to the next parenthesis that is not escaped.
    fn comparison_text(&mut self) -> &'a str {
        let mut escaped = false;
        let end = self.rest.find(|letter| {
            let is_end = !escaped && matches!(letter, '(' | ')');
            escaped = !escaped && letter == '\\';
            is_end
        });
        let (text, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        text
    }

    fn junction(&mut self) -> Option<Junction> {
        let (junction, length) = match self.rest.as_bytes() {
            [b'a' | b'A', b'n' | b'N', b'd' | b'D', ..] => (Junction::And, 3),
            [b'o' | b'O', b'r' | b'R', ..] => (Junction::Or, 2),
            _ => return None,
        };
        self.rest = self.rest[length..].trim_start();
        Some(junction)
    }

    fn expect(&mut self, letter: char) -> Result<(), CriteriaError> {
        let rest = self.rest.strip_prefix(letter).ok_or(CriteriaError::Form)?;
        self.rest = rest.trim_start();
        Ok(())
    }
}

/// Parses `FIELD:OPERATOR:VALUE`.
fn comparison(text: &str) -> Result<Criteria, CriteriaError> {
    let mut parts = text.splitn(3, ':').map(str::trim);
    let (Some(field), Some(word), Some(value)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(CriteriaError::Form);
    };
    let Some((operator, negated)) = Dialect::Search.operator(word) else {
        return Err(CriteriaError::Operator { field: field.to_owned(), word: word.to_owned() });
    };
    let has_several = matches!(operator, Operator::In | Operator::Between);
    let mut values = values(value);
    if !has_several {
        // Guess: a comma that is not escaped belongs to the value.
        values = vec![values.join(",")];
    }
    Ok(Criteria::One(Comparison { field: field.to_owned(), negated, operator, values }))
}

/// Splits at the commas that are not escaped.
fn values(text: &str) -> Vec<String> {
    let mut values = vec![String::new()];
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let escaped = letters.next_if(|next| letter == '\\' && matches!(next, '(' | ')' | ',' | '\\'));
        match (letter, escaped) {
            (',', None) => values.push(String::new()),
            (letter, escaped) => {
                if let Some(value) = values.last_mut() {
                    value.push(escaped.unwrap_or(letter));
                }
            }
        }
    }
    values
}

#[cfg(test)]
#[path = "criteria_text_tests.rs"]
mod tests;
