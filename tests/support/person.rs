//! A person who is asked for consent: takes the address that river shows, and brings back what a service would have sent.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::ChildStdin;

use serde::Deserialize;
use url::Url;

/// What the person does.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Person {
    /// Where the service sends the browser; `{redirect}` and `{state}` stand for what the address has.
    pub(crate) answers: String,
    /// A browser goes there, and the page that it shows is kept here, below the project. Without it the person pastes it.
    pub(crate) page: Option<PathBuf>,
}

impl Person {
    /// Reads what river says up to the end, and answers the first address of a consent.
    pub(crate) fn attend(&self, stderr: impl Read, stdin: ChildStdin, folder: &std::path::Path) -> Vec<u8> {
        let mut stderr = BufReader::new(stderr);
        let mut said = Vec::new();
        let mut stdin = Some(stdin);
        loop {
            let start = said.len();
            if !matches!(stderr.read_until(b'\n', &mut said), Ok(1..)) {
                return said;
            }
            let line = String::from_utf8_lossy(&said[start..]).trim().to_owned();
            let Some(answer) = Url::parse(&line).ok().and_then(|address| self.answer(&address)) else {
                continue;
            };
            if let Some(mut stdin) = stdin.take() {
                match &self.page {
                    // Who does not listen misses it.
                    None => drop(stdin.write_all(format!("{answer}\n").as_bytes())),
                    Some(page) => drop(std::fs::write(folder.join(page), browse(&answer))),
                }
            }
        }
    }

    /// None: the address asks for no consent.
    fn answer(&self, address: &Url) -> Option<String> {
        let get = |name: &str| {
            let mut pairs = address.query_pairs();
            pairs.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
        };
        Some(self.answers.replace("{redirect}", &get("redirect_uri")?).replace("{state}", &get("state")?))
    }
}

/// The answer of a server, as it came.
fn browse(address: &str) -> String {
    let get = || -> Option<String> {
        let url = Url::parse(address).ok()?;
        let mut stream = TcpStream::connect((url.host_str()?, url.port_or_known_default()?)).ok()?;
        let target = &address[address.find(url.path())?..];
        write!(stream, "GET {target} HTTP/1.1\r\nHost: {}\r\n\r\n", url.authority()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let lines: Vec<&str> = answer.lines().filter(|line| !line.starts_with("date: ")).collect();
        Some(lines.join("\n") + "\n")
    };
    get().unwrap_or_else(|| "nobody answers".to_owned())
}
