//! A copy of a connection that river brings along.

use std::fs;
use std::path::{Path, PathBuf};

use super::{bad, quoted_path, spec_of, unwritable, variables, was_there, write_new};
use crate::cli::args::NewArguments;
use crate::cli::project::shown;
use crate::diagnostic::{Diagnostic, nearest, quoted_list};
use crate::kit::connection::{self, Connection};
use crate::spec::value::is_name;

/// What is copied, and to where.
pub(super) struct ConnectionCopy<'a> {
    connection: &'static Connection,
    name: String,
    file: PathBuf,
    folder: &'a Path,
}

/// Whether a path is one of a connection: `river check` goes by the folder.
pub(super) fn is_place_of_connections(path: &Path) -> bool {
    path.parent().and_then(Path::file_name).is_some_and(|folder| folder == "connections")
}

/// What to say where a connection is to be written among pipelines.
pub(super) fn elsewhere(connection: &Connection) -> Diagnostic {
    let name = connection.name;
    bad(format!("`{name}` is a connection, and connections are in `connections/`"))
        .help(format!("`river new --from {name} connections/{name}.yaml`"))
}

impl<'a> ConnectionCopy<'a> {
    /// Err: it cannot be copied there.
    pub(super) fn of(arguments: &NewArguments, folder: &'a Path) -> Result<Self, Box<Diagnostic>> {
        let connection = Connection::of(&arguments.from).ok_or_else(|| Box::new(unknown(&arguments.from)))?;
        let file = folder.join(&arguments.file);
        let given = arguments.file.display();
        let name = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let is_yaml = file.extension().is_some_and(|ending| ending == "yaml");
        let example =
            format!("`river new --from {} connections/my_{}.yaml`", connection.name, connection.name);
        if !is_yaml || !is_name(&name) {
            let message = format!(
                "`{given}` cannot be the file of a connection: it is `NAME.yaml`, with small letters, digits and `_` in the name"
            );
            return Err(Box::new(bad(message).help(example)));
        }
        if fs::symlink_metadata(&file).is_ok() {
            return Err(Box::new(was_there(&given.to_string())));
        }
        Ok(Self { connection, name, file, folder })
    }

    /// Writes it, and the folder if there is none.
    pub(super) fn write(&self) -> Result<(), Box<Diagnostic>> {
        let connections = self.file.parent().unwrap_or(self.folder);
        let made = fs::create_dir(connections).is_ok();
        write_new(&self.file, &self.connection.named(&self.name)).map_err(|error| {
            if made {
                let _ = fs::remove_dir(connections); // only if it is empty
            }
            Box::new(unwritable(&shown(&self.file, self.folder), &error))
        })
    }

    /// What there is now, and what to do next.
    pub(super) fn told(&self) -> String {
        let file = shown(&self.file, self.folder);
        let text = self.connection.named(&self.name);
        let variables = variables(spec_of(&file, text.clone()), false);
        let mut lines = vec![
            format!("{file}: new, from the connection `{}`", self.connection.name),
            format!("  {}", self.connection.description()),
            String::new(),
            format!(
                "the first lines of `{file}` say where to click; to set, in the environment, in `.env`, or kept:"
            ),
        ];
        lines.extend(variables.into_iter().map(|(name, what)| format!("  river secrets set {name}  {what}")));
        let by_hand = ["grant: authorization_code", "grant: device_code"];
        let is_by_hand = by_hand.iter().any(|grant| text.contains(grant));
        let word = quoted_path(&self.file, self.folder);
        let sign_in = if is_by_hand { "login" } else { "status" };
        lines.extend([
            String::new(),
            "then:".to_owned(),
            format!("  river check {word}"),
            format!("  river auth {sign_in} {}", self.name),
        ]);
        lines.join("\n") + "\n"
    }
}

fn unknown(name: &str) -> Diagnostic {
    let names = || connection::ALL.iter().map(|connection| connection.name);
    let guess = nearest(name, names()).map(|near| format!("did you mean `{near}`?"));
    bad(format!("there is no ready connection `{name}`"))
        .help_if(guess)
        .help(format!("`river connections --ready` says more of {}", quoted_list(names())))
}
