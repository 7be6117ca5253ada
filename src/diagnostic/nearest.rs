//! "Did you mean": the nearest of the known words.

/// The known word nearest to `found`, if one is near enough to be a slip.
pub fn nearest<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = found.to_lowercase();
    known
        .into_iter()
        .map(|word| (similarity(&wanted, &word.to_lowercase()), word))
        .filter(|(score, word)| *score >= if word.len() <= 3 { 0.5 } else { 0.6 })
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, word)| word)
}

/// Words in backticks, separated by commas.
pub fn quoted_list<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// Edits weigh more than shared prefixes: `urll` is `url`, `header` is `headers`, `next` is not `text`.
fn similarity(left: &str, right: &str) -> f64 {
    let edits = strsim::normalized_damerau_levenshtein(left, right);
    let parts = left.len() > 3 && right.len() > 3 && (left.contains(right) || right.contains(left));
    if parts { edits.max(0.61) } else { edits }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_slips_and_nothing_else() {
        let known = ["url", "headers", "query", "timeout"];
        assert_eq!(nearest("urll", known), Some("url"));
        assert_eq!(nearest("header", known), Some("headers"));
        assert_eq!(nearest("TimeOut", known), Some("timeout"));
        assert_eq!(nearest("ue", ["us", "eu", "in"]), Some("eu"));
        assert_eq!(nearest("banana", known), None);
    }
}
