//! Queries that are parsed, that are rejected, and that are written and parsed again.

use std::fmt::Write;

use proptest::prelude::*;

use super::*;
use crate::query::{Comparison, Dialect, Junction, Operator};

fn unexpected(line: usize, column: usize, near: &str) -> QueryError {
    QueryError::Unexpected { place: LineColumn { line, column }, near: near.to_owned() }
}

#[test]
fn ways_of_writing_the_same_are_the_same() {
    for (one, other) in [
        ("select a from B where c = 1", "SELECT a\n FROM B\n\tWhere c=1"),
        ("select a from B where c = 1", "select 'a' from 'B' where \"c\" = '1'"),
        ("select a from B where c = 1", "select a from B where ((c = 1))"),
        ("select a from B where c != 1", "select a from B where c <> 1"),
        ("select a from B where c = 1 limit 20, 10", "select a from B where c = 1 limit 10 offset 20"),
        ("select a from B where c = 1 order by d", "select a from B where c = 1 order by d asc"),
        ("select count(id) from B where c = 1", "select COUNT(id) from B where c = 1"),
        ("select a from B where c = 'it''s'", "select a from B where c = \"it's\""),
        ("select a from B where c = Boston", "select a from B where c = 'Boston'"),
        (
            "select a from B where c > 2024-01-01T00:00:00+05:30",
            "select a from B where c > '2024-01-01T00:00:00+05:30'",
        ),
        ("select 'limit' from B where 'and' = 1", "select \"limit\" from B where \"and\" = 1"),
    ] {
        assert_eq!(parse(one), parse(other), "{other}");
        assert!(parse(one).is_ok(), "{one}");
    }
}

#[test]
fn other_texts_are_refused_at_their_place() {
    let deep = format!("select a from B where {}c = 1{}", "(".repeat(61), ")".repeat(61));
    let operator = |word: &str| QueryError::Operator(word.to_owned());
    let pattern = |value: &str| QueryError::Pattern { field: "c".to_owned(), value: value.to_owned() };
    for (text, expected) in [
        ("", QueryError::NotSupported),
        ("update Leads", QueryError::NotSupported),
        ("select", unexpected(1, 1, "select")),
        ("select from B", unexpected(1, 8, "from")),
        ("select a", QueryError::MissingClause("from")),
        ("select a where c = 1", QueryError::MissingClause("from")),
        ("select a from B", QueryError::MissingClause("where")),
        ("select a from B limit 10", QueryError::MissingClause("where")),
        ("select a b from B", unexpected(1, 10, "b")),
        ("select * from B where c = 1", unexpected(1, 8, "*")),
        ("select a from B where", unexpected(1, 17, "where")),
        ("select a,\n  from B where c = 1", unexpected(2, 3, "from")),
        ("select é from\nB where c ; 1", unexpected(2, 11, ";")),
        ("select a from B where c = 'x", unexpected(1, 27, "'x")),
        ("select a from B where c = ", unexpected(1, 25, "=")),
        ("select a from B where (c = 1", unexpected(1, 28, "1")),
        ("select a from B where c = 1)", unexpected(1, 28, ")")),
        ("select a from B where c in (1, )", unexpected(1, 32, ")")),
        ("select a from B where c in 1", unexpected(1, 28, "1")),
        ("select a from B where c between 1, 2", unexpected(1, 34, ",")),
        ("select a from B where c is 1", unexpected(1, 28, "1")),
        ("select a from B where c = null", unexpected(1, 27, "null")),
        ("select a from B where c not = 1", unexpected(1, 29, "=")),
        ("select a from B where 1 = 1", unexpected(1, 23, "1")),
        ("select a from B where c = 1 order c", unexpected(1, 35, "c")),
        ("select a from B where c = 1 and d = 1 and e = 1", unexpected(1, 39, "and")),
        ("select a from B where (c = 1 or d = 1 or e = 1)", unexpected(1, 39, "or")),
        ("select a from B where c contains 1", operator("contains")),
        ("select a from B where c not is null", operator("not")),
        ("select a from B where c like 'x'", pattern("x")),
        ("select a from B where c like 'a%b'", pattern("a%b")),
        ("select a from B where c like '%'", pattern("%")),
        ("select a from B where c = 1 limit x", QueryError::Limit("x".to_owned())),
        ("select a from B where c = 1 limit -1", QueryError::Limit("-1".to_owned())),
        ("select a from B where c = 1 limit 0", QueryError::ZeroLimit),
        ("select a from B where c = 1 limit 1, 2 offset 3", unexpected(1, 40, "offset")),
        ("select a as '' from B where c = 1", QueryError::EmptyAlias { field: "a".to_owned() }),
        (
            "select twice(a) from B where c = 1",
            QueryError::Function { name: "twice".to_owned(), field: "a".to_owned() },
        ),
        (deep.as_str(), unexpected(1, 84, "c")),
    ] {
        assert_eq!(parse(text), Err(expected), "{text}");
    }
    let bracketed = "select a from B where ((c = 1 and d = 1) and (e = 1 or f is not null))";
    assert!(parse(bracketed).is_ok());
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,80}") {
        let _ = parse(&text);
    }

    #[test]
    fn no_order_of_tokens_makes_the_parser_panic(
        words in proptest::collection::vec(
            proptest::sample::select(vec![
                "select", "from", "where", "a", "B", "(", ")", ",", "and", "or", "not", "in", "like", "'%x'", "between",
                "is", "null", "as", "group", "order", "by", "limit", "offset", "10", "=", "<>", "é", "'", "count",
            ]),
            0..40,
        ),
    ) {
        let _ = parse(&words.join(" "));
        let _ = parse(&format!("select a from B where {}", words.join(" ")));
    }

    #[test]
    fn what_is_written_is_read_again(query in query()) {
        let text = written(&query);
        prop_assert_eq!(parse(&text), Ok(query), "{}", text);
    }
}

/// A name or value, with quotes, spaces and keywords in it.
fn text() -> impl Strategy<Value = String> {
    "[A-Za-z_][A-Za-z_.]{0,8}|select|it's \"so\"|\\PC{1,10}"
        .prop_filter("no pattern", |text| !text.contains('%'))
}

fn comparison() -> impl Strategy<Value = Criteria> {
    let operator = proptest::sample::select(vec![
        (Operator::Equal, 1),
        (Operator::In, 3),
        (Operator::Less, 1),
        (Operator::LessEqual, 1),
        (Operator::Greater, 1),
        (Operator::GreaterEqual, 1),
        (Operator::Between, 2),
        (Operator::StartsWith, 1),
        (Operator::EndsWith, 1),
        (Operator::Contains, 1),
        (Operator::Null, 0),
    ]);
    let values = proptest::collection::vec(text(), 3);
    (text(), operator, any::<bool>(), values).prop_map(|(field, (operator, count), negated, mut values)| {
        values.truncate(count);
        let negated = negated && Dialect::Coql.word(operator, true).is_some();
        Criteria::One(Comparison { field, negated, operator, values })
    })
}

fn criteria() -> impl Strategy<Value = Criteria> {
    comparison().prop_recursive(4, 16, 2, |inner| {
        let junction = prop_oneof![Just(Junction::And), Just(Junction::Or)];
        (junction, proptest::collection::vec(inner, 2))
            .prop_map(|(junction, parts)| Criteria::Group(junction, parts))
    })
}

fn query() -> impl Strategy<Value = Query> {
    let function = proptest::option::of(proptest::sample::select(Function::ALL.to_vec()));
    let column = (function, text(), proptest::option::of(text()))
        .prop_map(|(function, field, alias)| Column { function, field, alias });
    let order_by = (text(), any::<bool>()).prop_map(|(field, descending)| OrderBy { field, descending });
    let columns = proptest::collection::vec(column, 1..4);
    let names = proptest::collection::vec(text(), 0..3);
    let orders = proptest::collection::vec(order_by, 0..3);
    let limits = (any::<Option<u64>>(), proptest::option::of(1_u64..));
    (columns, text(), criteria(), names, orders, limits).prop_map(
        |(columns, module, criteria, group_by, order_by, (offset, limit))| Query {
            columns,
            module,
            criteria,
            group_by,
            order_by,
            offset,
            limit,
        },
    )
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn written(query: &Query) -> String {
    let mut text = format!("select {} from {} where ", list(&query.columns, column), quoted(&query.module));
    text.push_str(&criteria_text(&query.criteria));
    if !query.group_by.is_empty() {
        write!(text, " group by {}", list(&query.group_by, |name| quoted(name))).unwrap();
    }
    if !query.order_by.is_empty() {
        let order = |order: &OrderBy| {
            format!("{} {}", quoted(&order.field), if order.descending { "desc" } else { "asc" })
        };
        write!(text, " order by {}", list(&query.order_by, order)).unwrap();
    }
    for (word, number) in [("limit", query.limit), ("offset", query.offset)] {
        if let Some(number) = number {
            write!(text, " {word} {number}").unwrap();
        }
    }
    text
}

fn list<T>(items: &[T], write: impl Fn(&T) -> String) -> String {
    items.iter().map(write).collect::<Vec<_>>().join(", ")
}

fn column(column: &Column) -> String {
    let field = quoted(&column.field);
    let column_text = match column.function {
        Some(function) => format!("{}({field})", function.as_str()),
        None => field,
    };
    column.alias.as_deref().map_or(column_text.clone(), |alias| format!("{column_text} as {}", quoted(alias)))
}

fn criteria_text(criteria: &Criteria) -> String {
    match criteria {
        Criteria::One(comparison) => comparison_text(comparison),
        Criteria::Group(junction, parts) => {
            let word = if *junction == Junction::And { "and" } else { "or" };
            format!("({} {word} {})", criteria_text(&parts[0]), criteria_text(&parts[1]))
        }
    }
}

fn comparison_text(comparison: &Comparison) -> String {
    let field = quoted(&comparison.field);
    let word = Dialect::Coql.word(comparison.operator, comparison.negated).unwrap();
    let values: Vec<_> = comparison.values.iter().map(|value| quoted(value)).collect();
    match comparison.operator {
        Operator::In => format!("{field} {word} ({})", values.join(", ")),
        Operator::Between => format!("{field} {word} {} and {}", values[0], values[1]),
        Operator::StartsWith => format!("{field} {word} {}", quoted(&format!("{}%", comparison.values[0]))),
        Operator::EndsWith => format!("{field} {word} {}", quoted(&format!("%{}", comparison.values[0]))),
        Operator::Contains => format!("{field} {word} {}", quoted(&format!("%{}%", comparison.values[0]))),
        Operator::Null => format!("{field} {word}"),
        _ => format!("{field} {word} {}", values[0]),
    }
}
