//! Finding and reading what a command names: the pipeline, its project's root, its connections, `.env`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::run::STATE;
use super::{kept, masking, protection};
use crate::auth::store::Protection;
use crate::diagnostic::{Code, Diagnostic, FileId, Findings, Sources, nearest, quoted_list};
use crate::plan::connection::{self, ConnectionFiles, secret_in_clear};
use crate::plan::{self, Checked, clear_secret};
use crate::secret::Environment;
use crate::spec;
use crate::spec::connection::{ConnectionSpec, ConnectionUse, ConnectionValue};
use crate::spec::pipeline::PipelineSpec;
use crate::spec::table::SpecField;
use crate::state;

/// A pipeline with everything that was read for it.
#[derive(Debug)]
pub(super) struct Project {
    /// The folder to which relative paths belong.
    pub(super) root: PathBuf,
    /// The texts.
    pub(super) sources: Sources,
    /// The pipeline; none where nothing of it can be used.
    pub(super) pipeline: Option<PipelineSpec>,
    /// The connections it names.
    pub(super) connections: ConnectionFiles,
    /// The environment, with `.env` and what is kept under the names that the files have.
    pub(super) environment: Environment,
    /// How what is kept of sign-ins lies on the disk.
    pub(super) protection: Protection,
    /// What is wrong so far.
    pub(super) findings: Findings,
    /// A hash of the texts of the pipeline and its connections.
    pub(super) fingerprint: String,
}

/// What a plan is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To find what is wrong; params may still come.
    Check,
    /// To run.
    Run,
    /// To run against the stand-in; outputs stay apart.
    RunInSandbox,
}

impl Purpose {
    /// Whether all params must have their values.
    fn runs(self) -> bool {
        match self {
            Self::Run | Self::RunInSandbox => true,
            Self::Check => false,
        }
    }
}

impl Project {
    /// Makes the plan. Err: all findings, at least one of them an error.
    pub(super) fn plan(&self, params: &[(String, String)], purpose: Purpose) -> Result<Checked, Findings> {
        let Some(pipeline) = &self.pipeline else { return Err(self.findings.clone()) };
        let mut findings = self.findings.clone();
        let environment = self.environment_for(params, &mut findings);
        let output_root = match purpose {
            Purpose::RunInSandbox => self.root.join(super::run::SANDBOX_STATE),
            Purpose::Check | Purpose::Run => self.root.clone(),
        };
        let input = plan::Input {
            pipeline,
            connections: &self.connections,
            params,
            environment: &environment,
            root: self.root.clone(),
            output_root,
            complete: purpose.runs(),
        };
        plan::build(&input, findings)
    }

    /// The environment, also with what is kept under the names that `-p NAME=env:VARIABLE` has.
    fn environment_for(&self, params: &[(String, String)], findings: &mut Findings) -> Environment {
        let mut environment = self.environment.clone();
        let is_wanted = |name: &str| params.iter().any(|(_, value)| value.strip_prefix("env:") == Some(name));
        kept::add(&self.root.join(STATE), &self.protection, is_wanted, &mut environment, findings);
        environment
    }
}

/// Reads a pipeline and what it names. Err: it is not there; the finding says what is near.
pub(super) fn open(
    name: &str,
    folder: &Path,
    environment: &BTreeMap<String, String>,
) -> Result<Project, Box<Diagnostic>> {
    let path = find(name, folder)?;
    let text = std::fs::read_to_string(&path)
        .map_err(|error| Box::new(unreadable(&shown(&path, folder), &error)))?;
    let root = root_of(&path);
    let mut sources = Sources::default();
    let mut findings = Findings::default();
    let file = sources.add(shown(&path, folder), text);
    let pipeline = spec::read::<PipelineSpec>(&sources, file, &mut findings);
    let kind = if pipeline.is_none() { masking::Kind::Connection } else { masking::Kind::Pipeline };
    masking::mask_lines(&mut sources, file, kind);
    let mut reader = ConnectionReader {
        folder,
        sources: &mut sources,
        findings: &mut findings,
        files: ConnectionFiles::default(),
    };
    if let Some(pipeline) = &pipeline {
        reader.read_all(pipeline, &root.join("connections"));
    }
    let connections = reader.files;
    let fingerprint = fingerprint(&sources);
    let (environment, protection) = environment_of(&root, folder, environment, &mut sources, &mut findings);
    Ok(Project { root, sources, pipeline, connections, environment, protection, findings, fingerprint })
}

/// A connection by itself, with everything that was read for it.
#[derive(Debug)]
pub(super) struct ConnectionProject {
    /// What pipelines call the connection, however the command spells it.
    pub(super) name: String,
    /// The folder to which relative paths belong.
    pub(super) root: PathBuf,
    /// The texts.
    pub(super) sources: Sources,
    /// The connection; none where nothing of it can be used.
    pub(super) spec: Option<ConnectionSpec>,
    /// The environment, `.env` included.
    pub(super) environment: Environment,
    /// How the store is protected.
    pub(super) protection: Protection,
    /// What is wrong so far.
    pub(super) findings: Findings,
}

/// Reads a connection of the project in which the user stands. Err: it is not there; the finding says what is near.
pub(super) fn open_connection(
    name: &str,
    folder: &Path,
    environment: &BTreeMap<String, String>,
) -> Result<ConnectionProject, Box<Diagnostic>> {
    let root = root_here(folder);
    let connections = root.join("connections");
    let there = yaml_names(&connections);
    let name = name.strip_suffix(".yaml").unwrap_or(name);
    let name = name.strip_prefix("connections/").unwrap_or(name);
    if !there.iter().any(|known| known == name) {
        return Err(Box::new(no_connection(name, there)));
    }
    let mut sources = Sources::default();
    let mut findings = Findings::default();
    let mut reader = ConnectionReader {
        folder,
        sources: &mut sources,
        findings: &mut findings,
        files: ConnectionFiles::default(),
    };
    let spec = reader.read(&connections.join(format!("{name}.yaml")));
    let (environment, protection) = environment_of(&root, folder, environment, &mut sources, &mut findings);
    let name = name.to_owned();
    Ok(ConnectionProject { name, root, sources, spec, environment, protection, findings })
}

/// The names of the connections of the project in which the user stands.
pub(super) fn connection_names(folder: &Path) -> Vec<String> {
    let mut names = yaml_names(&root_here(folder).join("connections"));
    names.sort();
    names
}

/// The root of the project in which the user stands.
pub(super) fn root_here(folder: &Path) -> PathBuf {
    let own = |folder: &&Path| folder.join("connections").is_dir();
    let marked = root_of(&folder.join("pipeline.yaml"));
    if marked.join("connections").is_dir() {
        return marked;
    }
    folder.ancestors().find(own).map_or(marked, Path::to_path_buf)
}

fn no_connection(name: &str, mut there: Vec<String>) -> Diagnostic {
    there.sort();
    let guess = nearest(name, there.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
    let list = if there.is_empty() {
        "there is no folder `connections/` with files here; `river connections --ready` lists what river brings along".to_owned()
    } else {
        format!("in `connections/` there are {}", quoted_list(there.iter().map(String::as_str)))
    };
    Diagnostic::error(Code::BadConnection, format!("there is no connection `{name}`"))
        .help_if(guess)
        .help(list)
}

/// A hash of what was read so far, and of the river that reads it: another one may understand it differently.
fn fingerprint(sources: &Sources) -> String {
    let parts = std::iter::once(env!("CARGO_PKG_VERSION")).chain(sources.texts());
    state::fingerprint(parts.map(str::as_bytes))
}

/// Reads a connection and finds what is wrong in it by itself.
pub(super) fn check_connection(path: &Path, folder: &Path) -> (Sources, Findings) {
    let mut sources = Sources::default();
    let mut findings = Findings::default();
    let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let mut reader = ConnectionReader {
        folder,
        sources: &mut sources,
        findings: &mut findings,
        files: ConnectionFiles::default(),
    };
    if let Some(spec) = reader.read(path) {
        connection::alone(&name, &spec, &[], &mut findings);
    }
    (sources, findings)
}

/// The file as given, with `.yaml`, then both under `pipelines/`.
fn find(name: &str, folder: &Path) -> Result<PathBuf, Box<Diagnostic>> {
    let given = Path::new(name);
    let spellings = [
        given.to_path_buf(),
        with_yaml(given),
        Path::new("pipelines").join(given),
        with_yaml(&Path::new("pipelines").join(given)),
    ];
    let found = spellings.iter().map(|spelling| folder.join(spelling)).find(|path| path.is_file());
    found.ok_or_else(|| Box::new(not_there(name, folder)))
}

fn with_yaml(path: &Path) -> PathBuf {
    let mut text = path.as_os_str().to_owned();
    text.push(".yaml");
    PathBuf::from(text)
}

fn not_there(name: &str, folder: &Path) -> Diagnostic {
    let stem =
        Path::new(name).file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let mut there = yaml_names(&folder.join("pipelines"));
    if let Some(parent) = Path::new(name).parent() {
        there.extend(yaml_names(&folder.join(parent)));
    }
    there.sort();
    there.dedup();
    let guess =
        nearest(&stem, there.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
    let list = if there.is_empty() {
        "there are no pipelines here and none under `pipelines/`".to_owned()
    } else {
        format!("there are {}", quoted_list(there.iter().map(String::as_str)))
    };
    Diagnostic::error(Code::BadFile, format!("there is no pipeline `{name}`")).help_if(guess).help(list)
}

/// The names of the YAML files of a folder, without their ending.
fn yaml_names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let paths =
        entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "yaml"));
    paths.filter_map(|path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned())).collect()
}

fn unreadable(shown: &str, error: &std::io::Error) -> Diagnostic {
    let help = match error.kind() {
        std::io::ErrorKind::PermissionDenied => "make it readable for the user that runs river",
        std::io::ErrorKind::InvalidData => "save it as UTF-8",
        _ => "check the file",
    };
    Diagnostic::error(Code::BadFile, format!("cannot read `{shown}`: {error}")).help(help)
}

/// The folder to which relative paths belong: the nearest ancestor with `river.yaml`; else the folder above the nearest
/// `pipelines/` (or `examples/`) that the file is in; else the nearest ancestor with `.river`; else the file's
/// own. A stray `.river` above a project does not draw it away.
pub(super) fn root_of(pipeline: &Path) -> PathBuf {
    let absolute = std::path::absolute(pipeline).unwrap_or_else(|_| pipeline.to_path_buf());
    let own = absolute.parent().unwrap_or(Path::new("/"));
    let holds = |found: fn(&Path) -> bool| own.ancestors().find(|folder| found(folder));
    let holder = || {
        let named =
            |folder: &&Path| folder.file_name().is_some_and(|name| name == "pipelines" || name == "examples");
        own.ancestors().find(named).and_then(Path::parent)
    };
    holds(|folder| folder.join("river.yaml").is_file())
        .or_else(holder)
        .or_else(|| holds(|folder| folder.join(".river").is_dir()))
        .unwrap_or(own)
        .to_path_buf()
}

/// How messages call a file: relative to where the user stands, if it is below.
pub(super) fn shown(path: &Path, folder: &Path) -> String {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let relative = absolute.strip_prefix(folder).map_or(path, |relative| relative);
    relative.display().to_string()
}

struct ConnectionReader<'a> {
    folder: &'a Path,
    sources: &'a mut Sources,
    findings: &'a mut Findings,
    files: ConnectionFiles,
}

impl ConnectionReader<'_> {
    fn read_all(&mut self, pipeline: &PipelineSpec, connections: &Path) {
        // A secret that stands in the file is never shown with its line.
        for secret in clear_secret::of_pipeline(pipeline) {
            self.sources.mask(secret.span);
        }
        self.files.there = yaml_names(connections);
        let steps = pipeline.steps.given().into_iter().flatten().map(|step| &step.connection);
        let uses: Vec<&ConnectionUse> =
            std::iter::once(&pipeline.connection).chain(steps).filter_map(SpecField::given).collect();
        let mut names = BTreeSet::new();
        for used in uses {
            match used {
                ConnectionUse::Named(name) => drop(names.insert(name.text.clone())),
                ConnectionUse::Inline(spec) => self.mask(spec),
            }
        }
        for name in names.into_iter().filter(|name| self.files.there.contains(name)).collect::<Vec<_>>() {
            let spec = self.read(&connections.join(format!("{name}.yaml")));
            self.files.read.insert(name, spec);
        }
    }

    fn read(&mut self, path: &Path) -> Option<ConnectionSpec> {
        let shown = shown(path, self.folder);
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                self.findings.push(unreadable(&shown, &error));
                return None;
            }
        };
        let file: FileId = self.sources.add(shown, text);
        let spec = spec::read::<ConnectionSpec>(self.sources, file, self.findings);
        masking::mask_lines(self.sources, file, masking::Kind::Connection);
        if let Some(spec) = &spec {
            self.mask(spec);
        }
        spec
    }

    /// A secret that stands in the file is never shown with its line.
    fn mask(&mut self, spec: &ConnectionSpec) {
        for (key, value) in &spec.values.0 {
            if let Some(node) = value.given().and_then(ConnectionValue::literal)
                && secret_in_clear(&key.name, node)
            {
                self.sources.mask(node.span);
            }
        }
    }
}

/// The environment, with `.env` and what is kept of what these texts name; and how the store is protected.
fn environment_of(
    root: &Path,
    folder: &Path,
    environment: &BTreeMap<String, String>,
    sources: &mut Sources,
    findings: &mut Findings,
) -> (Environment, Protection) {
    let protection =
        protection::of_process(environment, folder).map_err(|finding| findings.push(*finding)).ok();
    let mut environment = with_dot_env(root, folder, environment, sources, findings);
    if let Some(protection) = &protection {
        let is_wanted = |name: &str| sources.texts().any(|text| kept::mentions(text, name));
        kept::add(&root.join(STATE), protection, is_wanted, &mut environment, findings);
    }
    (environment, protection.unwrap_or_default())
}

/// `.env` at the root, under what the environment says itself.
fn with_dot_env(
    root: &Path,
    folder: &Path,
    environment: &BTreeMap<String, String>,
    sources: &mut Sources,
    findings: &mut Findings,
) -> Environment {
    let path = root.join(".env");
    let mut all = match std::fs::read_to_string(&path) {
        Ok(text) => super::dot_env::read(&shown(&path, folder), &text, sources, findings),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
        Err(error) => {
            findings.push(unreadable(&shown(&path, folder), &error));
            BTreeMap::new()
        }
    };
    for name in [protection::KEY_FILE, protection::PASSPHRASE] {
        if all.remove(name).is_some() && !environment.contains_key(name) {
            findings.push(protection::not_from_dot_env(name, &shown(&path, folder)));
        }
    }
    all.extend(environment.clone());
    all.into_iter().map(|(name, value)| (name, value.into())).collect()
}
