//! The known word that an unknown one was meant to be.

/// How like a name a word must be (1: the same) to be taken for a slip of it.
const NEAR: f64 = 0.6;

/// The name that looks most like the word, if one does.
pub(super) fn nearest(word: &str, names: impl IntoIterator<Item = &'static str>) -> Option<&'static str> {
    names
        .into_iter()
        .map(|name| (strsim::normalized_damerau_levenshtein(name, word), name))
        .filter(|(likeness, _)| *likeness >= NEAR)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, name)| name)
}
