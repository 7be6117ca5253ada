//! Two texts side by side, for a person.

/// Lines that are only expected (`-`), only found (`+`) or in both; long runs of the last are shortened.
pub(crate) fn lines(expected: &str, found: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), found.lines().collect());
    if old == new {
        return "they differ only in their line ends\n".to_owned();
    }
    let same_start = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let most = old.len().min(new.len()) - same_start;
    let same_end =
        old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(old, new)| old == new).count();
    let context = 3;
    let mut text = String::new();
    let mut push = |mark: &str, line: &str| text.extend([mark, line, "\n"]);
    old[same_start.saturating_sub(context)..same_start].iter().for_each(|line| push("    ", line));
    old[same_start..old.len() - same_end].iter().for_each(|line| push("  - ", line));
    new[same_start..new.len() - same_end].iter().for_each(|line| push("  + ", line));
    new[new.len() - same_end..].iter().take(context).for_each(|line| push("    ", line));
    text
}
