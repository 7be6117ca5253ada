//! The clients of others and how they are run, and the one that they are held against.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use river_sandbox::Sandbox;
use serde_json::Value;

use crate::requirement::found;

/// How long a client may take; they need seconds.
const PATIENCE: Duration = Duration::from_secs(120);

/// A program that reads all there is and prints what it got.
pub(crate) struct Client {
    program: PathBuf,
    script: PathBuf,
}

/// What a client printed.
pub(crate) struct Got {
    pub(crate) json: Value,
    pub(crate) stderr: String,
}

impl Client {
    pub(crate) fn python() -> Option<Self> {
        let program = tools().join("python/bin/python");
        let is_there = program.exists();
        let script = scripts().join("python/read_all.py");
        found("sdk", "the SDK for Python", is_there).then_some(Self { program, script })
    }

    /// The script is run from where the SDK is, since programs of Node look for packages beside themselves.
    pub(crate) fn node() -> Option<Self> {
        let script = tools().join("node/read_all.mjs");
        let is_there = tools().join("node/node_modules/@zohocrm").exists();
        if !found("sdk", "the SDK for Node", is_there) {
            return None;
        }
        std::fs::copy(scripts().join("node/read_all.mjs"), &script).unwrap();
        Some(Self { program: "node".into(), script })
    }

    /// Runs it in a folder of its own.
    pub(crate) fn read_all(&self, sandbox: &Sandbox) -> Got {
        let folder = tempfile::tempdir().unwrap();
        let connection = sandbox.connection();
        let value = |key| connection.iter().find(|value| value.key == key).unwrap().value.clone();
        let child = Command::new(&self.program)
            .arg(&self.script)
            .args([sandbox.base_url(), value("client_id"), value("client_secret"), value("refresh_token")])
            .current_dir(folder.path())
            .env("NO_PROXY", "127.0.0.1")
            .env("no_proxy", "127.0.0.1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (succeeded, stdout, stderr) = finish(child);
        assert!(succeeded, "{stdout}\n{stderr}\n{:#?}", last_requests(sandbox));
        Got { json: serde_json::from_str(&stdout).unwrap(), stderr }
    }
}

/// A plain client to compare with.
pub(crate) struct Reader {
    base_url: String,
    authorization: String,
    http: reqwest::Client,
    runtime: tokio::runtime::Runtime,
}

impl Reader {
    pub(crate) fn of(sandbox: &Sandbox) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut reader = Self { base_url: sandbox.base_url(), authorization: String::new(), http, runtime };
        let mut parameters = vec![("grant_type", "refresh_token".to_owned())];
        parameters.extend(sandbox.connection().into_iter().map(|value| (value.key, value.value)));
        let url = reqwest::Url::parse_with_params(&format!("{}/oauth/v2/token", reader.base_url), parameters);
        let token = reader.answer(reader.http.post(url.unwrap()));
        reader.authorization = format!("Zoho-oauthtoken {}", token["access_token"].as_str().unwrap());
        reader
    }

    pub(crate) fn get(&self, target: &str) -> Value {
        let request = self.http.get(format!("{}{target}", self.base_url));
        self.answer(request.header("authorization", &self.authorization))
    }

    /// The ids in all pages.
    pub(crate) fn ids(&self, list: &str, target: &str) -> Vec<String> {
        let mut ids = Vec::new();
        for page in 1.. {
            let body = self.get(&format!("{target}&page={page}"));
            ids.extend(
                body[list].as_array().unwrap().iter().map(|value| value["id"].as_str().unwrap().to_owned()),
            );
            if body["info"]["more_records"] == false {
                break;
            }
        }
        ids
    }

    fn answer(&self, request: reqwest::RequestBuilder) -> Value {
        let text = self.runtime.block_on(async { request.send().await?.text().await }).unwrap();
        serde_json::from_str(&text).unwrap()
    }
}

/// Where `scripts/test` puts what it fetches.
fn tools() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/sdk")
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk")
}

fn finish(mut child: Child) -> (bool, String, String) {
    let process = child.id();
    let (done, is_done) = mpsc::channel::<()>();
    let watch = std::thread::spawn(move || {
        let hangs = is_done.recv_timeout(PATIENCE).is_err();
        if hangs {
            let _ = Command::new("kill").args(["-KILL", &process.to_string()]).status();
        }
        hangs
    });
    let stderr = child.stderr.take().unwrap();
    let reader = std::thread::spawn(move || read(stderr));
    let stdout = read(child.stdout.take().unwrap());
    let stderr = reader.join().unwrap();
    let status = child.wait().unwrap();
    let _ = done.send(());
    assert!(!watch.join().unwrap(), "it hangs: {stdout}\n{stderr}");
    (status.success(), stdout, stderr)
}

fn read(mut stream: impl Read) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

fn last_requests(sandbox: &Sandbox) -> Vec<String> {
    let requests = sandbox.requests();
    let last = requests.iter().rev().take(5).rev();
    last.map(|request| format!("{} {}: {:?}", request.method, request.path_and_query, request.status))
        .collect()
}
