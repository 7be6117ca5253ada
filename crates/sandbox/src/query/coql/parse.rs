//! Parses tokens into a query.
//!
//! Zoho: `where` is mandatory, and more than two criteria need brackets around each pair.

use super::token::{LineColumn, Token, TokenKind, tokens};
use super::{Column, Function, OrderBy, Query, QueryError};
use crate::query::{Comparison, Criteria, Junction, Operator};

/// How deeply brackets may be nested, so that no query can exhaust the stack.
const MOST_OPEN: usize = 60;

pub(crate) fn parse(text: &str) -> Result<Query, QueryError> {
    let mut parser = Parser { tokens: tokens(text)?, next: 0, open: 0 };
    let query = parser.query()?;
    match parser.peek() {
        None => Ok(query),
        Some(token) => Err(token.unexpected()),
    }
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
    open: usize,
}

impl Parser {
    fn query(&mut self) -> Result<Query, QueryError> {
        if !self.skip_keyword("select") {
            return Err(QueryError::NotSupported);
        }
        let columns = self.list(Self::column)?;
        self.clause("from")?;
        let module = self.name()?;
        self.clause("where")?;
        let criteria = self.criteria()?;
        let group_by = if self.skip_two_keywords("group")? { self.list(Self::name)? } else { Vec::new() };
        let order_by = if self.skip_two_keywords("order")? { self.list(Self::order_by)? } else { Vec::new() };
        let (offset, limit) = self.limits()?;
        Ok(Query { columns, module, criteria, group_by, order_by, offset, limit })
    }

    fn column(&mut self) -> Result<Column, QueryError> {
        let name = self.name()?;
        let (function, field) = if self.skip_symbol("(") {
            let field = self.name()?;
            self.symbol(")")?;
            let Some(function) = Function::named(&name) else {
                return Err(QueryError::Function { name, field });
            };
            (Some(function), field)
        } else {
            (None, name)
        };
        let alias = if self.skip_keyword("as") { Some(self.name()?) } else { None };
        if alias.as_deref() == Some("") {
            return Err(QueryError::EmptyAlias { field });
        }
        Ok(Column { function, field, alias })
    }

    fn criteria(&mut self) -> Result<Criteria, QueryError> {
        let first = self.operand()?;
        let Some(junction) = self.junction() else {
            return Ok(first);
        };
        let criteria = Criteria::Group(junction, vec![first, self.operand()?]);
        let third = self.next;
        if self.junction().is_some() {
            return Err(self.tokens[third].unexpected());
        }
        Ok(criteria)
    }

    fn operand(&mut self) -> Result<Criteria, QueryError> {
        if !self.skip_symbol("(") {
            return self.comparison().map(Criteria::One);
        }
        self.open += 1;
        if self.open > MOST_OPEN {
            return Err(self.unexpected());
        }
        let criteria = self.criteria()?;
        self.open -= 1;
        self.symbol(")")?;
        Ok(criteria)
    }

    fn comparison(&mut self) -> Result<Comparison, QueryError> {
        let field = self.name()?;
        let negated = self.skip_keyword("not");
        let Some(token) = self.peek().cloned() else {
            return Err(self.unexpected());
        };
        self.next += 1;
        let plain = |operator, values| Comparison { field: field.clone(), negated, operator, values };
        match token.text.to_ascii_lowercase().as_str() {
            "in" if token.kind == TokenKind::Word => {
                self.symbol("(")?;
                let values = self.list(Self::value)?;
                self.symbol(")")?;
                Ok(plain(Operator::In, values))
            }
            "between" if token.kind == TokenKind::Word => {
                let least = self.value()?;
                self.clause("and")?;
                Ok(plain(Operator::Between, vec![least, self.value()?]))
            }
            "like" if token.kind == TokenKind::Word => {
                let (operator, value) = pattern(&field, &self.value()?)?;
                Ok(plain(operator, vec![value]))
            }
            "is" if token.kind == TokenKind::Word && !negated => {
                let negated = self.skip_keyword("not");
                if self.skip_keyword("null") {
                    return Ok(Comparison { negated, ..plain(Operator::Null, Vec::new()) });
                }
                Err(self.unexpected())
            }
            symbol if token.kind == TokenKind::Symbol && !negated => {
                let (operator, negated) = sign(symbol).ok_or_else(|| token.unexpected())?;
                Ok(Comparison { negated, ..plain(operator, vec![self.value()?]) })
            }
            _ if token.kind == TokenKind::Word => {
                Err(QueryError::Operator(if negated { "not".to_owned() } else { token.text }))
            }
            _ => Err(token.unexpected()),
        }
    }

    fn order_by(&mut self) -> Result<OrderBy, QueryError> {
        let field = self.name()?;
        let descending = self.skip_keyword("desc");
        if !descending {
            self.skip_keyword("asc");
        }
        Ok(OrderBy { field, descending })
    }

    /// `limit 200`, `limit 400, 200` or `limit 200 offset 400`.
    fn limits(&mut self) -> Result<(Option<u64>, Option<u64>), QueryError> {
        let (mut offset, mut limit) = (None, None);
        if self.skip_keyword("limit") {
            limit = Some(self.number()?);
            if self.skip_symbol(",") {
                offset = limit.replace(self.number()?);
            }
        }
        if offset.is_none() && self.skip_keyword("offset") {
            offset = Some(self.number()?);
        }
        if limit == Some(0) { Err(QueryError::ZeroLimit) } else { Ok((offset, limit)) }
    }

    fn number(&mut self) -> Result<u64, QueryError> {
        let token = self.take()?;
        match token.text.parse() {
            Ok(number) if token.kind == TokenKind::Bare => Ok(number),
            _ => Err(QueryError::Limit(token.text)),
        }
    }

    fn value(&mut self) -> Result<String, QueryError> {
        let token = self.take()?;
        if token.kind == TokenKind::Bare || token.is_name() {
            Ok(token.text)
        } else {
            Err(token.unexpected())
        }
    }

    fn name(&mut self) -> Result<String, QueryError> {
        let token = self.take()?;
        if token.is_name() { Ok(token.text) } else { Err(token.unexpected()) }
    }

    fn list<T>(&mut self, item: fn(&mut Self) -> Result<T, QueryError>) -> Result<Vec<T>, QueryError> {
        let mut items = vec![item(self)?];
        while self.skip_symbol(",") {
            items.push(item(self)?);
        }
        Ok(items)
    }

    fn junction(&mut self) -> Option<Junction> {
        if self.skip_keyword("and") {
            Some(Junction::And)
        } else {
            self.skip_keyword("or").then_some(Junction::Or)
        }
    }

    /// A mandatory clause. It is missing if the query ends here or another clause begins.
    fn clause(&mut self, word: &'static str) -> Result<(), QueryError> {
        let others = ["from", "where", "group", "order", "limit", "offset"];
        if self.skip_keyword(word) {
            return Ok(());
        }
        match self.peek() {
            Some(token) if !others.iter().any(|other| token.is_keyword(other)) => Err(token.unexpected()),
            _ => Err(QueryError::MissingClause(word)),
        }
    }

    fn skip_two_keywords(&mut self, first: &str) -> Result<bool, QueryError> {
        if !self.skip_keyword(first) {
            return Ok(false);
        }
        if self.skip_keyword("by") { Ok(true) } else { Err(self.unexpected()) }
    }

    fn skip_keyword(&mut self, word: &str) -> bool {
        let is_next = self.peek().is_some_and(|token| token.is_keyword(word));
        self.next += usize::from(is_next);
        is_next
    }

    fn skip_symbol(&mut self, symbol: &str) -> bool {
        let is_next = self.peek().is_some_and(|token| token.is_symbol(symbol));
        self.next += usize::from(is_next);
        is_next
    }

    fn symbol(&mut self, symbol: &str) -> Result<(), QueryError> {
        if self.skip_symbol(symbol) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn take(&mut self) -> Result<Token, QueryError> {
        let token = self.peek().cloned().ok_or_else(|| self.unexpected())?;
        self.next += 1;
        Ok(token)
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next)
    }

    /// The error for the next token. If there is none, it names the last one.
    fn unexpected(&self) -> QueryError {
        let start = QueryError::Unexpected { place: LineColumn { line: 1, column: 1 }, near: String::new() };
        self.peek().or(self.tokens.last()).map_or(start, Token::unexpected)
    }
}

fn sign(symbol: &str) -> Option<(Operator, bool)> {
    Some(match symbol {
        "=" => (Operator::Equal, false),
        "!=" | "<>" => (Operator::Equal, true),
        "<" => (Operator::Less, false),
        "<=" => (Operator::LessEqual, false),
        ">" => (Operator::Greater, false),
        ">=" => (Operator::GreaterEqual, false),
        _ => return None,
    })
}

/// Zoho: `like` is only for "starts with", "ends with" and "contains". Guess: a pattern without `%` is rejected.
fn pattern(field: &str, value: &str) -> Result<(Operator, String), QueryError> {
    let (without_first, without_last) = (value.strip_prefix('%'), value.strip_suffix('%'));
    let (operator, part) = match (without_first, without_last) {
        (Some(rest), Some(_)) => (Operator::Contains, rest.strip_suffix('%')),
        (Some(rest), None) => (Operator::EndsWith, Some(rest)),
        (None, part) => (Operator::StartsWith, part),
    };
    match part {
        Some(part) if !part.contains('%') => Ok((operator, part.to_owned())),
        _ => Err(QueryError::Pattern { field: field.to_owned(), value: value.to_owned() }),
    }
}
