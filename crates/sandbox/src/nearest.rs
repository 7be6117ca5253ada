//! Suggests a known word for an unknown one.

/// How similar a word must be to a name (1: the same) to be taken for a misspelling of it.
const NEAR: f64 = 0.6;

/// The name that is most similar to the word, if any is similar enough.
pub(super) fn nearest(word: &str, names: impl IntoIterator<Item = &'static str>) -> Option<&'static str> {
    names
        .into_iter()
        .map(|name| (strsim::normalized_damerau_levenshtein(name, word), name))
        .filter(|(likeness, _)| *likeness >= NEAR)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, name)| name)
}
