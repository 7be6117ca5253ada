//! `river new`: a copy of a kit with its connection, as the start of a pipeline of one's own. Nothing that is there is
//! overwritten, and nothing half written is left.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::args::NewArguments;
use super::exit::Exit;
use super::project::{root_of, shown};
use super::terminal::Terminal;
use crate::diagnostic::{Code, Diagnostic, Findings, Sources, nearest, quoted_list};
use crate::http::curl::quoted;
use crate::kit::{self, Kit};
use crate::spec;
use crate::spec::connection::{ConnectionSpec, ConnectionValue};
use crate::spec::value::is_name;

/// Copies a kit.
pub(super) fn new(arguments: &NewArguments, terminal: &mut Terminal) -> anyhow::Result<Exit> {
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
enum Connection {
    New,
    WasThere,
}

impl<'a> Copy<'a> {
    fn of(arguments: &NewArguments, folder: &'a Path) -> Result<Self, Box<Diagnostic>> {
        let kit = Kit::of(&arguments.from).ok_or_else(|| Box::new(unknown(&arguments.from)))?;
        let pipeline = folder.join(&arguments.file);
        if let Some(finding) = unfit(kit, &arguments.file, &pipeline) {
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
    fn write(&self) -> Result<Connection, Box<Diagnostic>> {
        let connection = self.write_connection()?;
        let text = self.name.as_ref().map(|name| self.kit.named(name));
        write_new(&self.pipeline, text.as_deref().unwrap_or(self.kit.pipeline)).map_err(|error| {
            // Who was a moment faster with the pipeline may need the connection.
            if connection == Connection::New && error.kind() != io::ErrorKind::AlreadyExists {
                self.take_connection_back();
            }
            Box::new(unwritable(&shown(&self.pipeline, self.folder), &error))
        })?;
        Ok(connection)
    }

    /// A connection that is there is the user's own, with their data centre: it stays.
    fn write_connection(&self) -> Result<Connection, Box<Diagnostic>> {
        if self.connection.is_file() {
            return Ok(Connection::WasThere);
        }
        let folder = self.connection.parent().unwrap_or(self.folder);
        if folder.is_file() {
            let message = format!("`{}` is not a folder", shown(folder, self.folder));
            let help =
                format!("`{}` belongs there: move the file away", shown(&self.connection, self.folder));
            return Err(Box::new(Diagnostic::error(Code::BadFile, message).help(help)));
        }
        let written =
            fs::create_dir_all(folder).and_then(|()| write_new(&self.connection, self.kit.connection.text));
        match written {
            Ok(()) => Ok(Connection::New),
            // Another one was a moment faster.
            Err(_) if self.connection.is_file() => Ok(Connection::WasThere),
            Err(error) => {
                let _ = fs::remove_dir(folder); // only if it is empty
                Err(Box::new(unwritable(&shown(&self.connection, self.folder), &error)))
            }
        }
    }

    /// As far as that can be done: a first failure is what is told.
    fn take_connection_back(&self) {
        let _ = fs::remove_file(&self.connection);
        let _ = self.connection.parent().map(fs::remove_dir); // only if it is empty
    }

    fn told(&self, connection: Connection) -> String {
        let pipeline = shown(&self.pipeline, self.folder);
        let file = shown(&self.connection, self.folder);
        let mut lines = vec![format!("{pipeline}: new, from the kit `{}`", self.kit.name)];
        if self.name.is_none() {
            lines.push(format!("  its `name` stays `{}`, since the file's cannot be one", self.kit.name));
        }
        lines.push(match connection {
            Connection::New => format!("{file}: new"),
            Connection::WasThere => format!("{file}: was there, and is as it was"),
        });
        lines.push(String::new());
        lines.push(format!(
            "to fill in, in the environment or in `{}`; the first lines of `{file}` say more:",
            shown(&self.environment, self.folder)
        ));
        lines.extend(self.variables().into_iter().map(|(name, what)| format!("  {name}=…  {what}")));
        lines.push(format!("scopes: {}", self.kit.scopes.join(", ")));
        lines.push(String::new());
        lines.push("then:".to_owned());
        let word = quoted(&pipeline);
        lines.extend(
            [format!("check {word}"), format!("run {word} --sandbox"), format!("run {word}")]
                .map(|command| format!("  river {command}")),
        );
        lines.join("\n") + "\n"
    }

    /// What the connection takes from the environment, and what for.
    fn variables(&self) -> Vec<(String, String)> {
        let text = fs::read_to_string(&self.connection).unwrap_or_default();
        let mut sources = Sources::default();
        let file = sources.add(shown(&self.connection, self.folder), text);
        let spec = spec::read::<ConnectionSpec>(&sources, file, &mut Findings::default());
        let values = spec.into_iter().flat_map(|spec| spec.values.0);
        values
            .filter_map(|(_, value)| {
                let Some(ConnectionValue::Source(source)) = value.given() else { return None };
                let name = source.from.given()?.value.strip_prefix("env:")?.to_owned();
                let what = source.description.given().map(|text| text.value.clone());
                Some((name, what.unwrap_or_default()))
            })
            .collect()
    }
}

fn unknown(name: &str) -> Diagnostic {
    let names = || kit::ALL.iter().map(|kit| kit.name);
    let guess = nearest(name, names()).map(|near| format!("did you mean `{near}`?"));
    Diagnostic::error(Code::BadFile, format!("there is no kit `{name}`"))
        .help_if(guess)
        .help(format!("there are {}", quoted_list(names())))
}

/// Why a pipeline cannot be written there; none: it can be tried.
fn unfit(kit: &Kit, given: &Path, path: &Path) -> Option<Diagnostic> {
    let shown = given.display();
    let name = kit.name;
    let bad = |message: String, help: String| Some(Diagnostic::error(Code::BadFile, message).help(help));
    if path.is_dir() {
        let inner = given.join(format!("{name}.yaml")).display().to_string();
        return bad(
            format!("`{shown}` is a folder"),
            format!("name the file: `river new --from {name} {}`", quoted(&inner)),
        );
    }
    if path.extension().is_none_or(|ending| ending != "yaml") {
        let better = if path.file_stem().is_some_and(|stem| !stem.to_string_lossy().starts_with('.')) {
            given.with_extension("yaml")
        } else {
            given.with_file_name(format!("{name}.yaml"))
        };
        return bad(
            format!("the file of a pipeline ends in `.yaml`, `{shown}` does not"),
            format!("`river new --from {name} {}`", quoted(&better.display().to_string())),
        );
    }
    let folder = given.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|_| !path.parent().is_some_and(Path::is_dir)) {
        let is_file = path.parent().is_some_and(Path::exists);
        let folder = folder.display().to_string();
        if is_file {
            return bad(format!("`{folder}` is not a folder"), "choose another one".to_owned());
        }
        let help = format!("make it: `mkdir -p {}`", quoted(&folder));
        return bad(format!("there is no folder `{folder}`"), help);
    }
    if path.parent().and_then(Path::file_name).is_some_and(|folder| folder == "connections") {
        return bad(
            format!("`{shown}` would be taken for a connection: it is in a folder `connections`"),
            "put the pipeline beside that folder, or into `pipelines/`".to_owned(),
        );
    }
    // Also a link that leads nowhere.
    fs::symlink_metadata(path).is_ok().then(|| was_there(&shown.to_string()))
}

fn was_there(shown: &str) -> Diagnostic {
    Diagnostic::error(Code::BadFile, format!("`{shown}` is there already"))
        .help("nothing is overwritten: choose another name, or move the file away")
}

fn unwritable(shown: &str, error: &io::Error) -> Diagnostic {
    match error.kind() {
        io::ErrorKind::AlreadyExists => was_there(shown),
        io::ErrorKind::PermissionDenied => {
            Diagnostic::error(Code::BadFile, format!("cannot write `{shown}`: {error}"))
                .help("its folder must be writable for you: `ls -ld` shows whose it is")
        }
        _ => Diagnostic::error(Code::BadFile, format!("cannot write `{shown}`: {error}"))
            .help("check its folder"),
    }
}

/// Writes a file that must not be there yet; a part of it is not left behind.
fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).inspect_err(|_| {
        let _ = fs::remove_file(path);
    })
}
