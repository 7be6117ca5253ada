//! Source texts and places in them.

use std::ops::Range;

/// Which of the source files a span is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(u16);

/// A range of bytes in one source file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The bytes as a range.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// A span in the same file.
    #[must_use]
    pub fn with_range(self, range: Range<usize>) -> Self {
        Self { file: self.file, start: clamp(range.start), end: clamp(range.end) }
    }
}

/// A place as a person counts: lines and columns from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceLocation {
    /// The file's name as shown to the user.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl std::fmt::Display for SourceLocation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// The texts that were read, by which findings show source lines.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
}

#[derive(Debug, Clone)]
struct SourceFile {
    name: String,
    text: String,
    shown: String,
}

impl Sources {
    /// Adds a file; `name` is how messages call it.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> FileId {
        let text = text.into();
        self.files.push(SourceFile { name: name.into(), shown: text.clone(), text });
        FileId(u16::try_from(self.files.len() - 1).unwrap_or(u16::MAX))
    }

    /// An empty span at the start of a file, for findings about the whole file.
    pub fn start_of(&self, file: FileId) -> Span {
        Span { file, start: 0, end: 0 }
    }

    /// The name of a file.
    pub fn name(&self, file: FileId) -> &str {
        &self.files[file.0 as usize].name
    }

    /// The whole texts of all files, in the order in which they were added.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|file| file.text.as_str())
    }

    /// The whole text of a file.
    pub fn text(&self, file: FileId) -> &str {
        &self.files[file.0 as usize].text
    }

    /// The source text at a span.
    pub fn slice(&self, span: Span) -> &str {
        self.text(span.file).get(span.range()).unwrap_or_default()
    }

    /// The text as it may be shown: secrets written in clear are masked, byte for byte.
    pub fn shown(&self, file: FileId) -> &str {
        &self.files[file.0 as usize].shown
    }

    /// Masks a span (a secret written in clear) in everything that is shown from now on.
    pub fn mask(&mut self, span: Span) {
        let file = &mut self.files[span.file.0 as usize];
        let masked: String =
            file.shown.char_indices().flat_map(|(at, character)| mask_at(span, at, character)).collect();
        file.shown = masked;
    }

    /// Where a span starts.
    pub fn location(&self, span: Span) -> SourceLocation {
        let text = self.text(span.file);
        let before = text.get(..span.start as usize).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        SourceLocation {
            file: self.name(span.file).to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

/// Masked text keeps the length in bytes and the line breaks, so that spans stay true.
fn mask_at(span: Span, at: usize, character: char) -> impl Iterator<Item = char> {
    let hide = span.range().contains(&at) && character != '\n';
    let (character, times) = if hide { ('*', character.len_utf8()) } else { (character, 1) };
    std::iter::repeat_n(character, times)
}

fn clamp(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters() {
        let mut sources = Sources::default();
        let file = sources.add("a.yaml", "x: é\ny: öz\n");
        let span = Span { file, start: 11, end: 12 };
        assert_eq!(sources.slice(span), "z");
        assert_eq!(sources.location(span).to_string(), "a.yaml:2:5");
    }

    #[test]
    fn masks_keep_offsets() {
        let mut sources = Sources::default();
        let file = sources.add("a.yaml", "k: sécret # c\n");
        sources.mask(Span { file, start: 3, end: 10 });
        assert_eq!(sources.shown(file), "k: ******* # c\n");
        assert_eq!(sources.text(file), "k: sécret # c\n");
    }
}
