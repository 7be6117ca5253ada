//! Which variables the files of a project name, and which of two places has them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

use crate::cli::files;
use crate::cli::project::shown;
use crate::diagnostic::{Findings, Sources};
use crate::spec::node::{Node, NodeKind};
use crate::spec::yaml;

/// A variable in a template or expression.
static VARIABLE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?:^|[^\w./:@-])env\.([A-Za-z_][A-Za-z0-9_]*)").expect("it is one"));

/// Who wants a variable.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// The files.
    pub(super) by: BTreeSet<String>,
    /// Whether each of them can do without it.
    pub(super) has_default: bool,
}

/// What stands before a kept secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Environment,
    DotEnv,
    Neither,
}

/// Where a variable comes from, kept secrets aside.
pub(super) fn origin(name: &str, root: &Path, environment: &BTreeMap<String, String>) -> Origin {
    if environment.contains_key(name) {
        return Origin::Environment;
    }
    // What is wrong in it is said by `river check`.
    let text = std::fs::read_to_string(root.join(".env")).unwrap_or_default();
    let lines = crate::cli::dot_env::read(".env", &text, &mut Sources::default(), &mut Findings::default());
    if lines.contains_key(name) { Origin::DotEnv } else { Origin::Neither }
}

/// The variables that the project's connections and pipelines name. A file that is no YAML names none: what is wrong
/// with it is said by `river check`.
pub(super) fn wanted(root: &Path, folder: &Path) -> BTreeMap<String, Wanted> {
    let mut all = BTreeMap::new();
    for path in paths(root) {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let shown = shown(&path, folder);
        let mut sources = Sources::default();
        let file = sources.add(shown.clone(), text);
        if let Some(node) = yaml::read(&sources, file, &mut Findings::default()) {
            visit(&node, &mut |name, has_default| {
                let wanted = all
                    .entry(name.to_owned())
                    .or_insert_with(|| Wanted { by: BTreeSet::new(), has_default: true });
                wanted.by.insert(shown.clone());
                wanted.has_default &= has_default;
            });
        }
    }
    all
}

/// The connections, what is below `pipelines/`, and what lies in the root itself.
fn paths(root: &Path) -> Vec<PathBuf> {
    let mut paths = files::beside(&root.join("connections"));
    files::collect(&root.join("pipelines"), &mut paths);
    paths.extend(files::beside(root));
    paths
}

fn visit(node: &Node, found: &mut impl FnMut(&str, bool)) {
    match &node.kind {
        NodeKind::Text(text) => {
            for name in VARIABLE.captures_iter(&text.value).filter_map(|found| found.get(1)) {
                found(name.as_str(), false);
            }
        }
        NodeKind::List(items) => items.iter().for_each(|item| visit(item, found)),
        NodeKind::Map(entries) => {
            let from = node.get("from").and_then(Node::as_text);
            if let Some(name) = from.and_then(|text| text.value.strip_prefix("env:")) {
                found(name, node.get("default").is_some());
            }
            for (_, node) in entries {
                visit(node, found);
            }
        }
        NodeKind::Null | NodeKind::Bool(_) | NodeKind::Integer(_) | NodeKind::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_names_is_found_where_it_means_something() {
        let text = "# from: env:COMMENT\n\
            a: { from: env:A }\n\
            b: { from: env:B, default: 1 }\n\
            auth: { deep: [{ from: env:C, secret: false }] }\n\
            d: \"{{ env.D ~ env.E | default(env.F) }}\"\n\
            when: env.G == 'x'\n\
            url: https://env.example.com/env.html\n\
            file: { from: file:env.H }\n";
        let mut sources = Sources::default();
        let file = sources.add("test", text);
        let node = yaml::read(&sources, file, &mut Findings::default()).unwrap();
        let mut all = vec![];
        visit(&node, &mut |name, has_default| all.push(format!("{name} {has_default}")));
        assert_eq!(all, ["A false", "B true", "C false", "D false", "E false", "F false", "G false"]);
    }
}
