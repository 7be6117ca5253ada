use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use super::command::Command;
use super::*;

/// A value, or a message and whether a default may hold.
type Expected<'a> = Result<&'a str, (&'a str, bool)>;

type Asked = fn(&str) -> Answer;

fn never(_: &str) -> Answer {
    panic!("nobody is to be asked")
}

struct Project {
    folder: tempfile::TempDir,
    environment: Environment,
    redactor: Redactor,
}

impl Project {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder, environment: Environment::default(), redactor: Redactor::default() }
    }

    fn file(&self, path: &str, bytes: &[u8]) {
        let path = self.folder.path().join(path);
        std::fs::write(&path, bytes).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn find_asking(&self, origin: &Origin, ask: &Ask) -> Result<Found, SourceError> {
        let places = Places {
            environment: &self.environment,
            root: self.folder.path(),
            ask,
            redactor: &self.redactor,
        };
        find(origin, "`key` of connection `shop`", places)
    }

    /// The value, or the message and whether a default may hold.
    fn find(&self, origin: &Origin) -> Result<String, (String, bool)> {
        let found = self.find_asking(origin, &never);
        found
            .map(|found| found.value.expose().to_owned())
            .map_err(|error| (error.to_string(), error.is_missing()))
    }
}

fn command(words: &[&str]) -> Origin {
    Origin::Command(words.iter().map(|word| (*word).to_owned()).collect())
}

fn file(path: &str) -> Origin {
    Origin::File(path.to_owned())
}

#[test]
fn what_a_file_holds() {
    let project = Project::new();
    let most = vec![b'x'; text::MOST];
    let cases: [(&[u8], Expected<'_>); 11] = [
        (b"secret", Ok("secret")),
        (b"secret\n", Ok("secret")),
        (b"secret\r\n", Ok("secret")),
        (b"\xef\xbb\xbfsecret\n", Ok("secret")),
        (b"two\nlines\n\n", Ok("two\nlines\n")),
        (b" blanks \n", Ok(" blanks ")),
        (b"", Err(("`key` is empty", true))),
        (b"\n", Err(("`key` is empty", true))),
        (b"\xff\xfe", Err(("`key` is not UTF-8 text", false))),
        (&most, Ok(std::str::from_utf8(&most).unwrap())),
        (&[&most[..], b"\n"].concat(), Err(("`key` has more than 64 KiB", false))),
    ];
    for (bytes, expected) in cases {
        project.file("key", bytes);
        let expected =
            expected.map(str::to_owned).map_err(|(message, missing)| (message.to_owned(), missing));
        assert_eq!(project.find(&file("key")), expected);
    }
}

#[test]
fn a_file_that_others_can_read_is_questionable() {
    let mut project = Project::new();
    project
        .environment
        .insert("CREDENTIALS_DIRECTORY".to_owned(), project.folder.path().to_str().unwrap().into());
    project.file("key", b"secret");
    for (mode, warns) in [(0o600, false), (0o400, false), (0o640, true), (0o604, true), (0o620, true)] {
        let path = project.folder.path().join("key");
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        let warning = project.find_asking(&file("key"), &never).unwrap().warning;
        assert_eq!(warning.is_some(), warns, "{mode:o}");
        let credential = project.find_asking(&file("$CREDENTIALS_DIRECTORY/key"), &never).unwrap();
        assert_eq!(credential.warning, None, "systemd keeps others out by the folder");
    }
}

#[test]
fn a_program_gets_its_arguments_as_they_are_and_the_projects_root() {
    let project = Project::new();
    project.file("key", b"in the root");
    assert_eq!(project.find(&command(&["printf", "%s", "$HOME *; x"])).as_deref(), Ok("$HOME *; x"));
    assert_eq!(project.find(&command(&["cat", "key"])).as_deref(), Ok("in the root"));
    // Its standard input ends at once.
    assert_eq!(project.find(&command(&["sh", "-c", "cat; echo end"])).as_deref(), Ok("end"));
}

#[test]
fn a_program_may_say_much() {
    let project = Project::new();
    let much = "head -c 300000 /dev/zero >&2; echo value";
    assert_eq!(project.find(&command(&["sh", "-c", much])).as_deref(), Ok("value"));
}

#[test]
fn what_a_program_says_is_redacted_and_cut() {
    let project = Project::new();
    project.redactor.learn("canary");
    let error = project.find_asking(&command(&["sh", "-c", "yes canary | head -n 200 >&2; exit 2"]), &never);
    let error = error.unwrap_err();
    let said = error.said().unwrap();
    assert!(said.starts_with("*** ***") && !said.contains("canary"), "{said}");
    assert!(said.chars().count() < 330, "{said}");
    assert_eq!(error.to_string(), "`sh -c 'yes canary | head -n 200 >&2; exit 2'` failed with exit status 2");
}

#[test]
fn a_program_that_takes_too_long_is_killed() {
    let project = Project::new();
    let words = ["sleep", "600"].map(str::to_owned);
    let command = Command { words: &words, folder: project.folder.path(), redactor: &project.redactor };
    let error = command.output(Duration::ZERO).unwrap_err();
    assert_eq!(error.to_string(), "`sleep 600` was stopped: it took longer than 0 s");
    assert!(!error.is_missing());
}

#[test]
fn what_a_program_leaves_behind_is_not_waited_for() {
    let project = Project::new();
    project.file("alive", b"");
    let left = "(while [ -e alive ]; do sleep 0.05; done) & echo value";
    let words = ["sh", "-c", left].map(str::to_owned);
    let command = Command { words: &words, folder: project.folder.path(), redactor: &project.redactor };
    let error = command.output(Duration::from_millis(300)).unwrap_err();
    assert!(matches!(error, SourceError::TooSlow { .. }), "{error:?}");
}

#[test]
fn answers() {
    let project = Project::new();
    let given = project.find_asking(&Origin::Prompt, &|question| {
        assert_eq!(question, "`key` of connection `shop`: ");
        Answer::Given("typed".into())
    });
    assert_eq!(given.unwrap().value.expose(), "typed");
    let cases: [(Asked, &str, bool); 4] = [
        (|_| Answer::Given("".into()), "nothing was entered", true),
        (
            |_| Answer::NoTerminal,
            "nobody can be asked: standard input or standard error is no terminal",
            true,
        ),
        (|_| Answer::Stopped, "the question was not answered", false),
        (
            |_| Answer::Failed(std::io::Error::other("it is gone")),
            "cannot ask at the terminal: it is gone",
            false,
        ),
    ];
    for (ask, message, missing) in cases {
        let error = project.find_asking(&Origin::Prompt, &ask).unwrap_err();
        assert_eq!((error.to_string().as_str(), error.is_missing()), (message, missing));
    }
}
