//! How to search for a part of a text. Both are in lower case.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextMatch {
    Start,
    End,
    Anywhere,
    /// Anywhere, as whole words.
    Words,
    /// Anywhere, comparing only the digits.
    Digits,
}

impl TextMatch {
    pub(super) fn holds(self, text: &str, part: &str) -> bool {
        match self {
            Self::Start => text.starts_with(part),
            Self::End => text.ends_with(part),
            Self::Anywhere => text.contains(part),
            Self::Words => has_words(text, part),
            Self::Digits => {
                let part = digits(part);
                !part.is_empty() && digits(text).contains(&part)
            }
        }
    }
}

fn has_words(text: &str, part: &str) -> bool {
    text == part
        || (!part.is_empty()
            && text.match_indices(part).any(|(place, _)| {
                let is_letter = |letter: char| letter.is_alphanumeric();
                !text[..place].ends_with(is_letter) && !text[place + part.len()..].starts_with(is_letter)
            }))
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found_where_they_are_looked_for() {
        for (kind, text, part, expected) in [
            (TextMatch::Start, "abc", "ab", true),
            (TextMatch::Start, "abc", "bc", false),
            (TextMatch::End, "abc", "bc", true),
            (TextMatch::Anywhere, "abc", "b", true),
            (TextMatch::Words, "abc inc", "abc", true),
            (TextMatch::Words, "great abc", "abc", true),
            (TextMatch::Words, "abcd abc", "abc", true),
            (TextMatch::Words, "abcd", "abc", false),
            (TextMatch::Words, "çabc", "abc", false),
            (TextMatch::Words, "", "", true),
            (TextMatch::Words, "abc", "", false),
            (TextMatch::Digits, "+1 200-555-0100", "(200) 555", true),
            (TextMatch::Digits, "+1 200-555-0100", "x", false),
        ] {
            assert_eq!(kind.holds(text, part), expected, "{kind:?} {text} {part}");
        }
    }
}
