//! Every member of a closed set, through the whole program.
//!
//! Each set is gone through by its list of members, and what a member has to show is a `match` over all of them: whoever
//! adds a kind of paging, of `auth` or of target says here how it goes, or the tests do not compile.

mod auth;
mod paging;
mod targets;

use libtest_mimic::Trial;
use tempfile::TempDir;

use super::process::{Ended, Run};
use super::server::FakeServer;

pub(crate) fn trials() -> Vec<Trial> {
    auth::trials().into_iter().chain(paging::trials()).chain(targets::trials()).collect()
}

/// A pipeline against a server that answers by a script.
struct Project {
    folder: TempDir,
    server: FakeServer,
}

impl Project {
    fn new(pipeline: &str, exchanges: &[serde_json::Value]) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let path = folder.path();
        std::fs::write(path.join("demo.yaml"), pipeline).map_err(|error| error.to_string())?;
        // JSON is YAML.
        let script = serde_json::Value::from(exchanges.to_vec()).to_string();
        let server = FakeServer::start(&script, path, path)?;
        Ok(Self { folder, server })
    }

    fn run(&self) -> Result<Ended, String> {
        let mut run = Run::new(self.folder.path().to_owned(), &["run", "demo.yaml"]);
        run.environment = vec![
            ("BASE".to_owned(), self.server.base_url()),
            ("SECRET".to_owned(), "correct-horse".to_owned()),
        ];
        run.finish()
    }

    /// What landed at a path below `out/`; none: nothing did.
    fn landed(&self, name: &str) -> Option<Vec<u8>> {
        std::fs::read(self.folder.path().join("out").join(name)).ok()
    }

    /// Nothing was asked that the script does not know.
    fn no_surprises(&self) -> Result<(), String> {
        let (unknown, _) = self.server.surprises();
        if unknown.is_empty() { Ok(()) } else { Err(format!("nobody expects {}", unknown.join(", "))) }
    }
}

/// The exit code that was due, or what was said instead.
fn ended_with(ended: &Ended, due: river::cli::Exit) -> Result<(), String> {
    if ended.exit == Some(i32::from(due.code())) {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&ended.stderr);
    Err(format!("{due:?} is due, it ended with {:?}:\n{said}", ended.exit))
}
