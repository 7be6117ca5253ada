//! No byte of a secret on either stream, whatever happens.
//!
//! Secrets of the cases have `canary` in their values too, and neither what they expect on the streams nor a page that they
//! expect in a browser may hold that word.

use libtest_mimic::Trial;
use serde_json::json;

use river_sandbox::wire::{Reply, Server};

use super::process::Run;
use super::project;

/// With characters that look different in a URL, in JSON and in a form.
const SECRET: &str = "canary\"1/ä+=&x";

/// What stands for the secret in the ways it can be written, so that a half masked one is found too.
const TRACES: [&str; 3] = ["canary", "Y2FuYXJ5", "Nhbmfye"];

/// What the server answers, by name; each makes the run end differently.
const ANSWERS: [&str; 8] = ["echo", "html", "status", "token", "reset", "redirect", "next", "good"];

const PIPELINE: &str = r#"
name: canary
connection:
  base_url: { from: env:BASE, secret: false }
  key: { from: env:KEY }
params:
  given: ""
steps:
  - name: login
    request:
      method: POST
      url: "/login/{{ connection.key }}"
      query: { key: "{{ connection.key }}", given: "{{ params.given }}" }
      headers: { Authorization: "Basic {{ ('user:' ~ connection.key) }}", X-Env: "{{ env.KEY | urlencode }}" }
      json: { key: "{{ connection.key }}", deep: ["{{ env.KEY }}"] }
    retry: { max_retries: 1, first: 10ms, idempotent: true }
    expect:
      - that: response.json.ok
        message: "refused: {{ response.json.error }}"
    extract: { token: { jsonpath: $.token, secret: true } }
  - name: items
    request: { url: /items, headers: { Authorization: "Bearer {{ token }}" }, query: { t: "{{ token }}" } }
    paginate: { kind: next_url, next: $.next }
    records: $.data
"#;

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |answer: &'static str| {
        Trial::test(format!("secrets/never_shown_when_the_server_answers_{answer}"), move || Ok(run(answer)?))
    };
    let cases = Trial::test("secrets/no_case_expects_one", || Ok(no_case_expects_one()?));
    ANSWERS.into_iter().map(trial).chain([cases]).collect()
}

fn no_case_expects_one() -> Result<(), String> {
    let files = project::tree(&project::repository().join("tests/cases"));
    let seen = ["stderr.txt", "stdout.txt", "page.html"];
    let texts = files.iter().filter(|(path, _)| seen.iter().any(|name| path.ends_with(name)));
    let shown = texts.filter(|(_, bytes)| String::from_utf8_lossy(bytes).contains(TRACES[0]));
    let shown: Vec<String> = shown.map(|(path, _)| path.display().to_string()).collect();
    if shown.is_empty() { Ok(()) } else { Err(format!("secrets are expected in {}", shown.join(", "))) }
}

fn run(answer: &'static str) -> Result<(), String> {
    let server =
        Server::start(0, move |request| reply(answer, &request.path)).map_err(|error| error.to_string())?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let file = folder.path().join("canary.yaml");
    std::fs::write(&file, PIPELINE.trim_start()).map_err(|error| error.to_string())?;
    for verbosity in ["-vv", "-q"] {
        let mut run =
            Run::new(folder.path().to_owned(), &["run", "canary.yaml", verbosity, "-p", "given=env:KEY"]);
        run.environment = vec![("BASE".to_owned(), server.base_url()), ("KEY".to_owned(), SECRET.to_owned())];
        let ended = run.finish()?;
        let said = [ended.stdout, ended.stderr].concat();
        let said =
            String::from_utf8_lossy(&said).replace("canary.yaml", "FILE").replace("canary: ", "NAME: ");
        if (ended.exit == Some(0)) != (answer == "good") {
            return Err(format!("ended with {:?}:\n{said}", ended.exit));
        }
        if let Some(trace) = TRACES.iter().find(|trace| said.contains(**trace)) {
            return Err(format!("`{trace}` is shown at {verbosity}:\n{said}"));
        }
    }
    Ok(())
}

fn reply(answer: &str, path: &str) -> Reply {
    let login = path.starts_with("/login");
    match answer {
        "echo" if login => Reply::json(200, &json!({ "ok": false, "error": format!("bad key {SECRET}") })),
        "html" if login => {
            Reply::text(200, "text/html", format!("<html><p>{}</p></html>", SECRET.replace('"', "&quot;")))
        }
        "status" if login => Reply::text(400, "text/plain", SECRET),
        // The token is not where it was expected, so nobody has learned yet that it is one.
        "token" if login => Reply::json(200, &json!({ "ok": true, "access_token": "canary-of-the-token" })),
        "reset" if login => Reply::empty(200).cut(river_sandbox::wire::Cut::ResetBefore),
        "redirect" if login => Reply::empty(307).header("location", "http://127.0.0.1:1/elsewhere"),
        _ if login => Reply::json(200, &json!({ "ok": true, "token": "canary-of-the-token" })),
        "next" => {
            Reply::json(200, &json!({ "data": [1], "next": "http://127.0.0.1:1/?t=canary-of-the-token" }))
        }
        _ => Reply::json(200, &json!({ "data": [1] })),
    }
}
