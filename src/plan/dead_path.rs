//! Paths that lead through the list of records by a key: a list has none, so that they match nothing.

use super::extract::ExtractPlan;
use super::paginate::PaginatePlan;
use super::step::RecordsPlan;
use super::written::Written;
use crate::diagnostic::{Code, Diagnostic, Findings};
use crate::expr::jsonpath::{JsonPath, show_names};

/// Warns of every such path of a step. It is no error: a service may answer with one record in place of a list.
pub(super) fn warn(
    records: &RecordsPlan,
    extract: &[ExtractPlan],
    paginate: Option<&PaginatePlan>,
    findings: &mut Findings,
) {
    let extracted = extract.iter().filter_map(|value| value.source.path());
    let next = paginate.and_then(|paginate| paginate.next.as_ref()?.path());
    let total = paginate.and_then(|paginate| paginate.total.as_ref());
    for path in extracted.chain(next).chain(total) {
        if let Some(finding) = finding(&records.path, path) {
            findings.push(finding);
        }
    }
}

fn finding(records: &Written<JsonPath>, path: &Written<JsonPath>) -> Option<Diagnostic> {
    let list = &records.item.plain()?.names;
    let key = path.item.plain()?.names.strip_prefix(list.as_slice()).filter(|_| !list.is_empty())?.first()?;
    let message = format!(
        "this path matches nothing: `{}` is the list of records, and a list has no key `{key}`",
        show_names(list)
    );
    Some(
        Diagnostic::warning(Code::NeverMatches, message)
            .at(path.text.span, "")
            .at(records.text.span, "the records")
            .help(format!(
                "look at an answer: `{key}` is probably beside the list, for example at `$.{key}`"
            )),
    )
}
