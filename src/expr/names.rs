//! Which names a template or expression uses, where, and whether it guards against their absence.
//!
//! It walks minijinja's own syntax tree, so that it sees exactly what will be evaluated.

use std::collections::BTreeSet;
use std::ops::Range;

use minijinja::machinery::ast::{CallArg, Expr, Stmt};
use minijinja::machinery::{Span, parse, parse_expr};

/// One use of a name, with the attributes that follow it: `response.json.code`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameUse {
    /// The name and the attributes, as far as they are constant.
    pub path: Vec<String>,
    /// Where in the text.
    pub range: Range<usize>,
    /// Whether it stands under `is defined`, `is undefined` or `default()`.
    pub guarded: bool,
}

/// What a walk over a text finds.
#[derive(Debug, Default)]
pub(super) struct NamesUsed {
    pub(super) uses: Vec<NameUse>,
    /// Guarded chains of two and more links: `a.b.c` that must not fail when `a.b` is missing.
    pub(super) guarded_chains: Vec<GuardedChain>,
    /// Filters, tests and functions.
    pub(super) words: Vec<WordUse>,
}

/// A filter, test or function that a text uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WordUse {
    pub(super) kind: WordKind,
    pub(super) name: String,
    pub(super) range: Range<usize>,
}

/// What a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WordKind {
    Filter,
    Test,
    Function,
}

/// A chain whose links may all be missing.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct GuardedChain {
    pub(super) root: String,
    pub(super) links: Vec<String>,
    pub(super) range: Range<usize>,
}

/// The names in a bare expression.
pub(super) fn in_expression(text: &str) -> Result<NamesUsed, minijinja::Error> {
    let expression = parse_expr(text)?;
    let mut walk = NameCollector::over(text);
    walk.expression(&expression, false);
    Ok(walk.names)
}

/// The names in a template, and the range of its expression if it is exactly one `{{ … }}`.
pub(super) fn in_template(text: &str) -> Result<(NamesUsed, Option<Range<usize>>), minijinja::Error> {
    let statement = parse(text, "template", super::environment::syntax())?;
    let mut walk = NameCollector::over(text);
    walk.statement(&statement);
    Ok((walk.names, lone_expression(&statement, text)))
}

fn lone_expression(statement: &Stmt<'_>, text: &str) -> Option<Range<usize>> {
    let Stmt::Template(template) = statement else { return None };
    let [Stmt::EmitExpr(_)] = template.children.as_slice() else { return None };
    let inner = text.strip_prefix("{{")?.strip_suffix("}}")?;
    let inner = inner.trim_start_matches(['-', '+']).trim_end_matches(['-', '+']);
    let start = inner.as_ptr() as usize - text.as_ptr() as usize;
    Some(start..start + inner.len())
}

struct NameCollector<'t> {
    text: &'t str,
    names: NamesUsed,
    bound: BTreeSet<String>,
}

impl<'t> NameCollector<'t> {
    fn over(text: &'t str) -> Self {
        Self { text, names: NamesUsed::default(), bound: BTreeSet::new() }
    }

    fn statement(&mut self, statement: &Stmt<'_>) {
        match statement {
            Stmt::Template(node) => self.statements(&node.children),
            Stmt::EmitExpr(node) => self.expression(&node.expr, false),
            Stmt::ForLoop(node) => {
                self.expression(&node.iter, false);
                self.bind(&node.target);
                self.bound.insert("loop".to_owned());
                if let Some(filter) = &node.filter_expr {
                    self.expression(filter, false);
                }
                self.statements(&node.body);
                self.statements(&node.else_body);
            }
            Stmt::IfCond(node) => {
                self.expression(&node.expr, false);
                self.statements(&node.true_body);
                self.statements(&node.false_body);
            }
            Stmt::WithBlock(node) => {
                for (target, value) in &node.assignments {
                    self.expression(value, false);
                    self.bind(target);
                }
                self.statements(&node.body);
            }
            Stmt::Set(node) => {
                self.expression(&node.expr, false);
                self.bind(&node.target);
            }
            Stmt::SetBlock(node) => {
                self.statements(&node.body);
                self.bind(&node.target);
            }
            Stmt::AutoEscape(node) => self.statements(&node.body),
            Stmt::FilterBlock(node) => self.statements(&node.body),
            _ => {}
        }
    }

    fn statements(&mut self, statements: &[Stmt<'_>]) {
        for statement in statements {
            self.statement(statement);
        }
    }

    fn bind(&mut self, target: &Expr<'_>) {
        match target {
            Expr::Var(node) => {
                self.bound.insert(node.id.to_owned());
            }
            Expr::List(node) => node.items.iter().for_each(|item| self.bind(item)),
            Expr::Tuple(node) => node.items.iter().for_each(|item| self.bind(item)),
            _ => {}
        }
    }

    fn expression(&mut self, expression: &Expr<'_>, guarded: bool) {
        if let Some(chain) = chain(expression) {
            return self.chain(chain, expression, guarded);
        }

        match expression {
            Expr::Var(_) | Expr::Const(_) => {}
            Expr::Slice(node) => {
                self.expression(&node.expr, guarded);
                for part in [&node.start, &node.stop, &node.step].into_iter().flatten() {
                    self.expression(part, false);
                }
            }
            Expr::UnaryOp(node) => self.expression(&node.expr, false),
            Expr::BinOp(node) => {
                self.expression(&node.left, false);
                self.expression(&node.right, false);
            }
            Expr::Compare(node) => {
                self.expression(&node.expr, false);
                node.ops.iter().for_each(|operation| self.expression(&operation.expr, false));
            }
            Expr::IfExpr(node) => {
                self.expression(&node.test_expr, false);
                self.expression(&node.true_expr, false);
                if let Some(other) = &node.false_expr {
                    self.expression(other, false);
                }
            }
            Expr::Filter(node) => {
                if let Some(inner) = &node.expr {
                    self.expression(inner, matches!(node.name, "default" | "d"));
                }
                self.word(WordKind::Filter, node.name, node.span());
                self.arguments(&node.args);
            }
            Expr::Test(node) => {
                self.expression(&node.expr, matches!(node.name, "defined" | "undefined"));
                self.word(WordKind::Test, node.name, node.span());
                self.arguments(&node.args);
            }
            Expr::GetAttr(node) => self.expression(&node.expr, guarded),
            Expr::GetItem(node) => {
                self.expression(&node.expr, guarded);
                self.expression(&node.subscript_expr, false);
            }
            Expr::Call(node) => {
                match &node.expr {
                    Expr::Var(name) if !self.bound.contains(name.id) => {
                        self.word(WordKind::Function, name.id, name.span());
                    }
                    other => self.expression(other, false),
                }
                self.arguments(&node.args);
            }
            Expr::List(node) => node.items.iter().for_each(|item| self.expression(item, false)),
            Expr::Tuple(node) => node.items.iter().for_each(|item| self.expression(item, false)),
            Expr::Map(node) => {
                node.keys.iter().chain(&node.values).for_each(|item| self.expression(item, false));
            }
        }
    }

    /// The engine's span is that of the whole operation; the word stands in it, after what it is applied to.
    fn word(&mut self, kind: WordKind, name: &str, span: Span) {
        let whole = span.start_offset as usize..span.end_offset as usize;
        let inside = self.text.get(whole.clone()).unwrap_or_default();
        let start = whole.start + inside.find(name).unwrap_or(0);
        self.names.words.push(WordUse { kind, name: name.to_owned(), range: start..start + name.len() });
    }

    fn arguments(&mut self, arguments: &[CallArg<'_>]) {
        for argument in arguments {
            match argument {
                CallArg::Pos(value)
                | CallArg::Kwarg(_, value)
                | CallArg::PosSplat(value)
                | CallArg::KwargSplat(value) => {
                    self.expression(value, false);
                }
            }
        }
    }

    /// From the root name to the last link. Behind a parenthesis the engine's span starts too early: the name itself is
    /// then looked for.
    fn range_of(&self, expression: &Expr<'_>, root: &str) -> Range<usize> {
        let range = root_start(expression)..expression.span().end_offset as usize;
        let slice = self.text.get(range.clone()).unwrap_or_default();
        let start = if slice.starts_with(root) { 0 } else { slice.rfind(root).unwrap_or(0) };
        range.start + start..range.end
    }

    fn chain(&mut self, path: Vec<String>, expression: &Expr<'_>, guarded: bool) {
        if self.bound.contains(&path[0]) {
            return;
        }
        let range = self.range_of(expression, &path[0]);
        if guarded && path.len() > 2 {
            let (root, links) = (path[0].clone(), path[1..].to_vec());
            self.names.guarded_chains.push(GuardedChain { root, links, range: range.clone() });
        }
        self.names.uses.push(NameUse { path, range, guarded });
    }
}

/// The path of `a.b['c']`; none for anything that is not a name with constant attributes.
fn chain(expression: &Expr<'_>) -> Option<Vec<String>> {
    match expression {
        Expr::Var(node) => Some(vec![node.id.to_owned()]),
        Expr::GetAttr(node) => {
            let mut path = chain(&node.expr)?;
            path.push(node.name.to_owned());
            Some(path)
        }
        Expr::GetItem(node) => {
            let Expr::Const(key) = &node.subscript_expr else { return None };
            let mut path = chain(&node.expr)?;
            path.push(key.value.as_str()?.to_owned());
            Some(path)
        }
        _ => None,
    }
}

fn root_start(expression: &Expr<'_>) -> usize {
    match expression {
        Expr::GetAttr(node) => root_start(&node.expr),
        Expr::GetItem(node) => root_start(&node.expr),
        other => other.span().start_offset as usize,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uses(text: &str) -> Vec<(String, String, bool)> {
        let names = in_template(text).unwrap().0;
        names
            .uses
            .into_iter()
            .map(|found| (found.path.join("."), text[found.range].to_owned(), found.guarded))
            .collect()
    }

    #[test]
    fn finds_uses_with_their_places() {
        let found =
            uses("x{{ a.b | join(c) }}{% for i in d %}{{ i.x ~ e['f'] }}{% endfor %}{{ g.h is defined }}");
        let expected = [
            ("a.b", "a.b", false),
            ("c", "c", false),
            ("d", "d", false),
            ("e.f", "e['f']", false),
            ("g.h", "g.h", true),
        ];
        let expected: Vec<_> =
            expected.map(|(path, text, guarded)| (path.to_owned(), text.to_owned(), guarded)).to_vec();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_lone_expression_keeps_its_type() {
        assert_eq!(in_template("{{ a + 1 }}").unwrap().1, Some(2..9));
        assert_eq!(in_template("{{ a }}s").unwrap().1, None);
        assert_eq!(in_template("{{ a }}{{ b }}").unwrap().1, None);
    }
}
