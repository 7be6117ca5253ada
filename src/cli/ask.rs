//! Asking a person for a secret: the question stands on standard error, what is typed is not shown.

use std::io::{self, IsTerminal, Write};

use super::terminal::{Output, Terminal};
use crate::auth::source::{Answer, Ask};

/// Asks at the terminal that standard input and standard error are.
pub(super) fn at(terminal: &Terminal) -> Box<Ask> {
    let there = terminal.interactive && io::stdin().is_terminal();
    let err = terminal.err.clone();
    Box::new(move |question| if there { ask(question, err.clone()) } else { Answer::NoTerminal })
}

fn ask(question: &str, mut err: Output) -> Answer {
    let answer = hidden::line(|| write!(err, "{question}").and_then(|()| err.flush()));
    let _ = writeln!(err);
    match answer {
        Ok(Some(text)) => Answer::Given(text.into()),
        Ok(None) => Answer::Stopped,
        Err(error) if error.kind() == io::ErrorKind::Unsupported => Answer::NoTerminal,
        Err(error) => Answer::Failed(error),
    }
}

/// What is typed up to a line break.
#[derive(Default)]
struct Line(Vec<u8>);

const CTRL_C: u8 = 0x03;
const CTRL_D: u8 = 0x04;
const CTRL_U: u8 = 0x15;

/// How a line ends.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Complete,
    Stopped,
}

impl Line {
    /// Takes a key. The terminal does not do this, or it would act on Ctrl-C itself and stay as it is: without echo.
    fn take(&mut self, key: u8) -> Option<End> {
        match key {
            CTRL_C => return Some(End::Stopped),
            CTRL_D if self.0.is_empty() => return Some(End::Stopped),
            b'\r' | b'\n' | CTRL_D => return Some(End::Complete),
            0x08 | 0x7f => self.remove_last(),
            CTRL_U => self.0.clear(),
            _ => self.0.push(key),
        }
        None
    }

    /// A character may have several bytes.
    fn remove_last(&mut self) {
        while self.0.pop().is_some_and(|byte| byte & 0b1100_0000 == 0b1000_0000) {}
    }

    fn text(self) -> io::Result<String> {
        String::from_utf8(self.0)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "what was typed is not UTF-8"))
    }
}

#[cfg(unix)]
mod hidden {
    use std::io;

    use rustix::io::Errno;
    use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

    use super::{End, Line};

    /// The terminal as it was, which it becomes again whatever happens.
    struct Before(Termios);

    impl Drop for Before {
        fn drop(&mut self) {
            let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.0);
        }
    }

    /// Asks for a line, which is not shown while it is typed; none if the person does not want to go on.
    pub(super) fn line(ask: impl FnOnce() -> io::Result<()>) -> io::Result<Option<String>> {
        let before = tcgetattr(io::stdin())?;
        let mut hidden = before.clone();
        hidden.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG | LocalModes::IEXTEN;
        hidden.special_codes[SpecialCodeIndex::VMIN] = 1;
        hidden.special_codes[SpecialCodeIndex::VTIME] = 0;
        let _before = Before(before);
        // What was typed before the question is no answer to it.
        tcsetattr(io::stdin(), OptionalActions::Flush, &hidden)?;
        ask()?;
        let mut line = Line::default();
        loop {
            let mut key = [0];
            match rustix::io::read(io::stdin(), &mut key) {
                Ok(0) => return Ok(None),
                Ok(_) => match line.take(key[0]) {
                    None => {}
                    Some(End::Complete) => return line.text().map(Some),
                    Some(End::Stopped) => return Ok(None),
                },
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Not built for other systems.
#[cfg(not(unix))]
mod hidden {
    pub(super) fn line(_: impl FnOnce() -> std::io::Result<()>) -> std::io::Result<Option<String>> {
        Err(std::io::ErrorKind::Unsupported.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &[u8]) -> Result<String, Option<End>> {
        let mut line = Line::default();
        let end = keys.iter().find_map(|key| line.take(*key));
        if end == Some(End::Complete) { Ok(line.text().unwrap()) } else { Err(end) }
    }

    #[test]
    fn keys() {
        let complete: [(&[u8], &str); 7] = [
            (b"abc\r", "abc"),
            (b"abc\nd", "abc"),
            (b"abx\x7fc\n", "abc"),
            ("a\u{e4}\u{8}b\n".as_bytes(), "ab"),
            (b"\x7fabc\x04", "abc"),
            (b"wrong\x15right\n", "right"),
            (b"\n", ""),
        ];
        for (keys, expected) in complete {
            assert_eq!(typed(keys).as_deref(), Ok(expected), "{keys:?}");
        }
        assert_eq!(typed(b"ab\x03"), Err(Some(End::Stopped)));
        assert_eq!(typed(b"\x04"), Err(Some(End::Stopped)));
        assert_eq!(typed(b"ab"), Err(None));
    }

    #[test]
    fn what_is_no_text_is_refused() {
        let mut line = Line::default();
        assert!([0xff].iter().all(|key| line.take(*key).is_none()));
        assert_eq!(line.text().unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
