//! `river new`: a copy of a kit with its connection, as the start of a pipeline of one's own; or of a ready connection.
//! Nothing that is there is overwritten, and nothing half written is left.

mod connection;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use connection::{ConnectionCopy, elsewhere, is_place_of_connections};

use super::args::NewArguments;
use super::exit::Exit;
use super::project::{root_of, shown};
use super::terminal::Terminal;
use crate::diagnostic::{Code, Diagnostic, Findings, Sources, nearest, quoted_list};
use crate::http::curl::quoted;
use crate::kit::{self, Connection, Kit};
use crate::spec;
use crate::spec::connection::ConnectionSpec;
use crate::spec::value::is_name;

/// Copies a kit, or a connection where the file is in `connections/`.
pub(super) fn new(arguments: &NewArguments, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    let is_kit = Kit::of(&arguments.from).is_some();
    if is_place_of_connections(&terminal.folder.join(&arguments.file)) && !is_kit {
        return new_connection(arguments, terminal);
    }
    let copy = match Copy::of(arguments, &terminal.folder) {
        Ok(copy) => copy,
        Err(finding) => return refuse(*finding, Exit::Usage, terminal),
    };
    match copy.write() {
        Ok(kept) => {
            write!(terminal.out, "{}", copy.told(kept))?;
            Ok(Exit::Success)
        }
        Err(finding) => refuse(*finding, Exit::Failed, terminal),
    }
}

fn new_connection(arguments: &NewArguments, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    let copy = match ConnectionCopy::of(arguments, &terminal.folder) {
        Ok(copy) => copy,
        Err(finding) => return refuse(*finding, Exit::Usage, terminal),
    };
    match copy.write() {
        Ok(()) => {
            write!(terminal.out, "{}", copy.told())?;
            Ok(Exit::Success)
        }
        Err(finding) => refuse(*finding, Exit::Failed, terminal),
    }
}

fn refuse(finding: Diagnostic, exit: Exit, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    terminal.findings(&[finding], &Sources::default())?;
    writeln!(terminal.err, "nothing was written")?;
    Ok(exit)
}

/// What is copied, and to where.
struct Copy<'a> {
    kit: &'static Kit,
    /// The pipeline's name; none: the file's cannot be one, and the kit's stays.
    name: Option<String>,
    pipeline: PathBuf,
    connection: PathBuf,
    environment: PathBuf,
    folder: &'a Path,
}

/// What became of the connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    New,
    WasThere,
}

impl Fate {
    fn is_new(self) -> bool {
        match self {
            Self::New => true,
            Self::WasThere => false,
        }
    }
}

impl<'a> Copy<'a> {
    fn of(arguments: &NewArguments, folder: &'a Path) -> Result<Self, Box<Diagnostic>> {
        let kit = Kit::of(&arguments.from).ok_or_else(|| Box::new(unknown(&arguments.from)))?;
        let pipeline = folder.join(&arguments.file);
        let place = Place { kit, given: &arguments.file, path: &pipeline };
        if let Some(finding) = place.unfit() {
            return Err(Box::new(finding));
        }
        let stem = pipeline.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let root = root_of(&pipeline);
        Ok(Self {
            kit,
            name: is_name(&stem).then_some(stem),
            connection: root.join("connections").join(format!("{}.yaml", kit.connection.name)),
            environment: root.join(".env"),
            pipeline,
            folder,
        })
    }

    /// Writes the connection and then the pipeline; what was written is taken back if the rest fails.
    fn write(&self) -> Result<Fate, Box<Diagnostic>> {
        let text = self.name.as_ref().map(|name| self.kit.named(name));
        let text = text.as_deref().unwrap_or(self.kit.pipeline);
        let connections = self.connection.parent().unwrap_or(self.folder);
        let made = self.make(connections)?;
        let connection = self.write_connection();
        let written = connection.and_then(|connection| {
            write_new(&self.pipeline, text).map(|()| connection).map_err(|error| {
                // Who was a moment faster with the pipeline may need the connection.
                if connection.is_new() && error.kind() != io::ErrorKind::AlreadyExists {
                    let _ = fs::remove_file(&self.connection);
                }
                Box::new(unwritable(&shown(&self.pipeline, self.folder), &error))
            })
        });
        if written.is_err() && made {
            let _ = fs::remove_dir(connections); // only if it is empty
        }
        written
    }

    /// Makes the folder of the connections. False: it was there.
    fn make(&self, connections: &Path) -> Result<bool, Box<Diagnostic>> {
        let name = shown(connections, self.folder);
        match fs::create_dir(connections) {
            Ok(()) => Ok(true),
            Err(_) if connections.is_dir() => Ok(false),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let file = shown(&self.connection, self.folder);
                let help = format!("`{file}` belongs there: move the file away");
                Err(Box::new(bad(format!("`{name}` is not a folder")).help(help)))
            }
            Err(error) => Err(Box::new(unwritable(&name, &error))),
        }
    }

    /// A connection that is there is the user's own, with their data centre: it stays.
    fn write_connection(&self) -> Result<Fate, Box<Diagnostic>> {
        match write_new(&self.connection, self.kit.connection.text) {
            Ok(()) => Ok(Fate::New),
            Err(_) if self.connection.is_file() => Ok(Fate::WasThere),
            Err(error) => Err(Box::new(unwritable(&shown(&self.connection, self.folder), &error))),
        }
    }

    fn told(&self, connection: Fate) -> String {
        let pipeline = shown(&self.pipeline, self.folder);
        let file = shown(&self.connection, self.folder);
        let mut lines = vec![format!("{pipeline}: new, from the kit `{}`", self.kit.name)];
        if self.name.is_none() {
            lines.push(format!("  its `name` stays `{}`, since the file's cannot be one", self.kit.name));
        }
        let spec = self.spec();
        let has_auth = spec.as_ref().is_some_and(|spec| spec.auth.given().is_some());
        lines.push(match connection {
            Fate::New => format!("{file}: new"),
            Fate::WasThere => format!("{file}: was there, and is as it was"),
        });
        if self.kit.signs_in() && !has_auth {
            lines.push(
                "  it has no `auth`, which this kit needs: without that file `river new` writes one that has"
                    .to_owned(),
            );
        }
        lines.push(String::new());
        lines.push(format!(
            "to fill in, in the environment or in `{}`; the first lines of `{file}` say more:",
            shown(&self.environment, self.folder)
        ));
        let signs_in = self.kit.signs_in() && has_auth;
        lines.extend(variables(spec, signs_in).into_iter().map(|(name, what)| format!("  {name}=…  {what}")));
        lines.push(format!("scopes: {}", self.kit.scopes.join(", ")));
        lines.push(String::new());
        lines.push("then:".to_owned());
        let word = quoted(&pipeline);
        let sign_in = signs_in.then(|| format!("auth login {}", self.kit.connection.name));
        let commands = [format!("check {word}"), format!("run {word} --sandbox")];
        let commands = commands.into_iter().chain(sign_in).chain([format!("run {word}")]);
        lines.extend(commands.map(|command| format!("  river {command}")));
        lines.join("\n") + "\n"
    }

    /// The connection as it is now.
    fn spec(&self) -> Option<ConnectionSpec> {
        let text = fs::read_to_string(&self.connection).unwrap_or_default();
        spec_of(&shown(&self.connection, self.folder), text)
    }
}

/// A connection by its text.
fn spec_of(shown: &str, text: String) -> Option<ConnectionSpec> {
    let mut sources = Sources::default();
    let file = sources.add(shown.to_owned(), text);
    spec::read::<ConnectionSpec>(&sources, file, &mut Findings::default())
}

/// A path as it is typed, from where the user stands.
fn quoted_path(path: &Path, folder: &Path) -> String {
    quoted(&shown(path, folder))
}

/// What a connection takes from the environment, and what for. A refresh token comes with a sign-in.
fn variables(spec: Option<ConnectionSpec>, signs_in: bool) -> Vec<(String, String)> {
    let values = spec.into_iter().flat_map(|spec| spec.values.0);
    let values = values.filter(|(key, _)| !(signs_in && key.name == "refresh_token"));
    values
        .filter_map(|(_, value)| {
            let source = value.given()?.source()?;
            let name = source.from.given()?.word()?.value.strip_prefix("env:")?.to_owned();
            let what = source.description.given().map(|text| text.value.clone());
            Some((name, what.unwrap_or_default()))
        })
        .collect()
}

fn unknown(name: &str) -> Diagnostic {
    if let Some(connection) = Connection::of(name) {
        return elsewhere(connection);
    }
    let names = || kit::ALL.iter().map(|kit| kit.name);
    let guess = nearest(name, names()).map(|near| format!("did you mean `{near}`?"));
    bad(format!("there is no kit `{name}`"))
        .help_if(guess)
        .help(format!("there are {}", quoted_list(names())))
}

/// Where a pipeline is to be.
struct Place<'a> {
    kit: &'static Kit,
    /// As the user wrote it.
    given: &'a Path,
    path: &'a Path,
}

impl Place<'_> {
    /// Why a pipeline cannot be written there; none: it can be tried.
    fn unfit(&self) -> Option<Diagnostic> {
        self.is_a_folder()
            .or_else(|| self.other_ending())
            .or_else(|| self.no_folder())
            .or_else(|| self.among_connections())
            .or_else(|| self.taken())
    }

    fn is_a_folder(&self) -> Option<Diagnostic> {
        let inner = || self.given.join(format!("{}.yaml", self.kit.name));
        self.path.is_dir().then(|| {
            bad(format!("`{}` is a folder", self.given.display()))
                .help(format!("name the file: {}", self.command(&inner())))
        })
    }

    fn other_ending(&self) -> Option<Diagnostic> {
        if self.path.extension().is_some_and(|ending| ending == "yaml") {
            return None;
        }
        let has_stem = self.path.file_stem().is_some_and(|stem| !stem.to_string_lossy().starts_with('.'));
        let better = if has_stem {
            self.given.with_extension("yaml")
        } else {
            self.given.with_file_name(format!("{}.yaml", self.kit.name))
        };
        let message = format!("the file of a pipeline ends in `.yaml`, `{}` does not", self.given.display());
        Some(bad(message).help(self.command(&better)))
    }

    fn no_folder(&self) -> Option<Diagnostic> {
        let folder = self.path.parent().filter(|folder| !folder.is_dir())?;
        let shown = self.given.parent().unwrap_or(folder).display().to_string();
        if folder.exists() {
            return Some(bad(format!("`{shown}` is not a folder")).help("choose another one"));
        }
        let help = format!("make it: `mkdir -p {}`", quoted(&shown));
        Some(bad(format!("there is no folder `{shown}`")).help(help))
    }

    /// `river check` would read it as a connection.
    fn among_connections(&self) -> Option<Diagnostic> {
        let folder = self.path.parent().and_then(Path::file_name)?;
        (folder == "connections").then(|| {
            let shown = self.given.display();
            bad(format!("`{shown}` would be taken for a connection: it is in a folder `connections`"))
                .help("put the pipeline beside that folder, or into `pipelines/`")
        })
    }

    /// Also by a link that leads nowhere.
    fn taken(&self) -> Option<Diagnostic> {
        fs::symlink_metadata(self.path).is_ok().then(|| was_there(&self.given.display().to_string()))
    }

    fn command(&self, file: &Path) -> String {
        format!("`river new --from {} {}`", self.kit.name, quoted(&file.display().to_string()))
    }
}

fn bad(message: String) -> Diagnostic {
    Diagnostic::error(Code::BadFile, message)
}

fn was_there(shown: &str) -> Diagnostic {
    bad(format!("`{shown}` is there already"))
        .help("nothing is overwritten: choose another name, or move the file away")
}

fn unwritable(shown: &str, error: &io::Error) -> Diagnostic {
    let help = match error.kind() {
        io::ErrorKind::AlreadyExists => return was_there(shown),
        io::ErrorKind::PermissionDenied => "its folder must be writable for you: `ls -ld` shows whose it is",
        _ => "check its folder",
    };
    bad(format!("cannot write `{shown}`: {error}")).help(help)
}

/// Writes a file that must not be there yet; a part of it is not left behind.
fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).inspect_err(|_| {
        let _ = fs::remove_file(path);
    })
}
