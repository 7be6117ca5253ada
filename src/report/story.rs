//! What a pipeline would do, to be read from top to bottom.

use crate::run::preview::{
    AuthPreview, BodyPreview, MASK, PaginatePreview, RetryPreview, RulePreview, StepPreview, WritePreview,
};

/// All steps; a last line explains the signs that were used.
pub fn story(pipeline: &str, steps: &[StepPreview]) -> String {
    let count = if steps.len() == 1 { "1 step".to_owned() } else { format!("{} steps", steps.len()) };
    let mut parts = vec![format!("{pipeline}: {count}, nothing is requested")];
    parts.extend(steps.iter().map(chapter));
    let signs = signs(&parts.join("\n"));
    parts.extend(signs);
    parts.join("\n\n")
}

fn chapter(step: &StepPreview) -> String {
    let mut lines = vec![format!("{}. {}", step.number, step.name)];
    lines.extend(step.when.iter().map(|when| line("when", when)));
    lines.push(format!("   {} {}", step.request.method, step.request.url));
    lines.extend(step.request.headers.iter().map(|header| format!("     {}: {}", header.name, header.value)));
    lines.extend(step.request.body.iter().flat_map(body));
    lines.extend(listed("auth", step.auth.iter().flat_map(AuthPreview::sentences)));
    lines.extend(listed("rules", step.rules.iter().map(rule)));
    lines.push(line("retry", &retry(&step.retry)));
    lines.extend(
        step.request.credits.iter().map(|credits| line("credits", &format!("{credits} for each request"))),
    );
    lines.extend(listed("expect", step.expect.iter().cloned()));
    lines.extend(listed(
        "extract",
        step.extract.iter().map(|value| {
            format!("{} = {}{}", value.name, value.from, if value.secret { ", a secret" } else { "" })
        }),
    ));
    lines.extend(step.reuse_for.iter().map(|time| line("reuse_for", time)));
    lines.extend(step.paginate.iter().map(|paging| line("paginate", &paginate(paging))));
    lines.extend(step.records.iter().map(|records| line("records", records)));
    lines.extend(listed("write", step.write.iter().map(write)));
    lines.extend(step.delete_when.iter().map(|condition| line("deletes", condition)));
    lines.join("\n")
}

fn line(label: &str, text: &str) -> String {
    let text = text.trim().replace('\n', &format!("\n{:14}", ""));
    format!("   {label:<9}  {text}")
}

/// The label before the first, the others below it.
fn listed<'a>(label: &'a str, texts: impl Iterator<Item = String> + 'a) -> impl Iterator<Item = String> + 'a {
    texts.enumerate().map(move |(index, text)| line(if index == 0 { label } else { "" }, &text))
}

/// A form one field a line, anything else as it is sent.
fn body(body: &BodyPreview) -> Vec<String> {
    let form = body.content_type == "application/x-www-form-urlencoded";
    let separator = if form { '&' } else { '\n' };
    let head = format!("     content-type: {}", body.content_type);
    std::iter::once(head).chain(body.text.split(separator).map(|part| format!("       {part}"))).collect()
}

fn rule(rule: &RulePreview) -> String {
    let after = rule.after.iter().map(|step| format!(" after {step}"));
    let most = rule.max_retries.iter().map(|count| format!(", at most {}", times(*count)));
    std::iter::once(format!("{} → {}", rule.when, rule.action)).chain(after).chain(most).collect()
}

fn retry(retry: &RetryPreview) -> String {
    if retry.max_retries == 0 {
        return "never".to_owned();
    }
    let which = if retry.idempotent {
        "may be sent twice"
    } else {
        "only when it was surely not received, or on 429"
    };
    format!(
        "up to {}, {which}; waits up to {} s, then twice as long each time, at most {} s",
        times(retry.max_retries),
        retry.first_seconds,
        retry.cap_seconds
    )
}

fn times(count: u32) -> String {
    if count == 1 { "1 time".to_owned() } else { format!("{count} times") }
}

fn paginate(paging: &PaginatePreview) -> String {
    let way = match (&paging.next, &paging.into) {
        (Some(next), Some(into)) => format!(": {next} goes into {into}"),
        (Some(next), None) => format!(": {next}"),
        (None, Some(into)) => format!(": counted in {into}"),
        (None, None) => String::new(),
    };
    let more = paging.more.iter().map(|condition| format!(", while {condition}"));
    let stop = paging.stop_when.iter().map(|condition| format!(", until {condition}"));
    let most = paging.max_pages.iter().map(|pages| format!(", at most {pages} pages"));
    let ahead = paging.prefetch.iter().map(|pages| format!(", {pages} asked for before their turn"));
    [paging.kind.to_owned(), way].into_iter().chain(more).chain(stop).chain(most).chain(ahead).collect()
}

fn write(write: &WritePreview) -> String {
    match &write.path {
        Some(path) => {
            let table = write.table.as_ref().map(|table| format!(", table {table}")).unwrap_or_default();
            let manner = write.manner().map(|manner| format!(", {manner}")).unwrap_or_default();
            format!("{path}{table} ({}{manner})", write.kind)
        }
        None => write.kind.to_owned(),
    }
}

fn signs(text: &str) -> Option<String> {
    let unset = "‹env:";
    let more = text.matches('‹').count() > text.matches(unset).count();
    let placeholder = more.then_some("‹…› is known only to a run");
    let unset = text.contains(unset).then_some("‹env:…› is not set");
    let mask = text.contains(MASK).then_some("*** is a secret");
    let signs: Vec<&str> = placeholder.into_iter().chain(unset).chain(mask).collect();
    (!signs.is_empty()).then(|| signs.join("; "))
}
