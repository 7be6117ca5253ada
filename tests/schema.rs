//! `river schema`, judged from outside: an independent validator reads what editors will read.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use river::cli::{Exit, Output, Terminal, run_with};
use serde_json::Value;

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(text)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn schema(kind: &str) -> Value {
    let out = Captured::default();
    let terminal = Terminal {
        out: Output::new(out.clone()),
        err: Output::new(std::io::sink()),
        environment: [].into(),
        folder: PathBuf::from("/"),
        interactive: false,
        style: river::diagnostic::Style::Plain,
        clock: None,
    };
    let exit = run_with(["river", "schema", kind].map(OsString::from), || terminal);
    assert_eq!(exit, Exit::Success);
    let text = out.0.lock().unwrap().clone();
    serde_json::from_slice(&text).unwrap()
}

fn validator(kind: &str) -> jsonschema::Validator {
    jsonschema::draft202012::new(&schema(kind)).unwrap()
}

fn json(yaml: &str) -> Value {
    serde_yaml::from_str(yaml).unwrap_or_else(|error| panic!("{error}\n{yaml}"))
}

/// The YAML files of a folder of this repository; none where there is no such folder.
fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect();
    files.sort();
    files
}

fn assert_valid(validator: &jsonschema::Validator, file: &Path) {
    let instance = json(&std::fs::read_to_string(file).unwrap());
    let errors: Vec<String> =
        validator.iter_errors(&instance).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{}: {errors:#?}", file.display());
}

#[test]
fn the_schemas_are_schemas() {
    for kind in ["pipeline", "connection"] {
        let schema = schema(kind);
        assert!(jsonschema::meta::is_valid(&schema), "{kind}");
    }
}

#[test]
fn what_we_ship_is_valid() {
    let pipeline = validator("pipeline");
    let stand_in = Path::new("stand-in.yaml");
    let all = [files("pipelines"), files("examples")].concat();
    assert!(!all.is_empty());
    for file in all.iter().filter(|file| !file.ends_with(stand_in)) {
        assert_valid(&pipeline, file);
    }
    let connection = validator("connection");
    for file in files("connections") {
        assert_valid(&connection, &file);
    }
}

#[test]
fn every_key_is_explained() {
    fn explained(of: &str, table: &Value) {
        for (key, property) in table["properties"].as_object().unwrap() {
            let text = property["description"].as_str().unwrap_or_default();
            assert!(text.len() > 3, "`{key}` of `{of}` is not explained");
        }
    }
    let schema = schema("pipeline");
    explained("pipeline", &schema);
    let definitions = schema["$defs"].as_object().unwrap();
    definitions.iter().for_each(|(name, table)| explained(name, table));
}

/// Each key of `auth` has its place in the guides.
#[test]
fn every_key_of_auth_is_in_the_guide() {
    let guide = |name: &str| {
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name)).unwrap()
    };
    let (tokens, others) = (guide("sign-in.md"), guide("sign-in-kinds.md"));
    let schema = schema("connection");
    let tables = schema["$defs"].as_object().unwrap().iter().filter(|(name, _)| name.starts_with("auth."));
    let mut missing = vec![];
    for (name, table) in tables {
        let text = if name.starts_with("auth.oauth2") { &tokens } else { &others };
        let keys = table["properties"].as_object().unwrap().keys();
        let forms =
            |key: &str| [format!("`{key}"), format!(".{key}`"), format!("{{ {key}: "), format!(", {key}: ")];
        let told = |key: &&String| forms(key).iter().any(|form| text.contains(form));
        missing.extend(keys.filter(|key| !told(key)).map(|key| format!("{name}.{key}")));
    }
    assert!(missing.is_empty(), "not in docs/sign-in.md or docs/sign-in-kinds.md: {missing:?}");
}

/// What the readers take, the schema takes; each case is one step's lines.
#[test]
fn what_the_language_takes_is_valid() {
    let validator = validator("pipeline");
    let cases = [
        "request: { url: https://a.example }",
        "request: { url: 5 }",
        "request: { url: /x, timeout: 1h 30m }\n    when: true",
        "request: { url: /x, query: { a: [1, two], b: null }, json: [{ a: \"{{ x }}\" }] }",
        "request: { url: /x }\n    retry: { max_retries: 0, first: 0.5s, cap: .5m }",
        "request: { url: /x }\n    connection: { base_url: https://a.example, key: { from: env:KEY } }",
        "request: { url: /x }\n    connection: { a: { from: prompt }, b: { from: { command: [pass, show, 1] }, secret: false } }",
        "request: { url: /x }\n    extract: { a: $.a, b: { header: X-B, default: { c: 1 } } }",
        "request: { url: /x }\n    records: { jsonpath: $, default: [] }\n    write: [a, { kind: stdout }]",
    ];
    for case in cases {
        let pipeline = json(&format!("name: a\nsteps:\n  - name: s\n    {case}\n"));
        let errors: Vec<String> = validator.iter_errors(&pipeline).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{case}: {errors:?}");
    }
    let params = json(
        "name: a\nparams: { a: 1, b: [x], c: null, d: { type: date, one_of: [{ e: 1 }] } }\nsteps: []\n",
    );
    assert!(validator.is_valid(&params));
}

#[test]
fn wrong_pipelines_are_not_valid() {
    let validator = validator("pipeline");
    let right = "name: a\nsteps:\n  - name: s\n    request: { url: https://a.example }\n";
    assert!(validator.is_valid(&json(right)));
    let wrong = [
        ("a missing key", "name: a\n"),
        ("an unknown key", "name: a\nstep: []\nsteps: []\n"),
        ("a key of later", "name: a\nschedule: daily\nsteps: []\n"),
        ("a name with a capital", "name: A\nsteps: []\n"),
        ("a list that is none", "name: a\nsteps: {}\n"),
        ("a param with a misspelt key", "name: a\nparams: { m: { defualt: 1 } }\nsteps: []\n"),
        ("a target of no kind", "name: a\nsteps: []\ntargets: { t: { path: x } }\n"),
        ("a target of an unknown kind", "name: a\nsteps: []\ntargets: { t: { kind: excel } }\n"),
    ];
    for (what, yaml) in wrong {
        assert!(!validator.is_valid(&json(yaml)), "{what}");
    }
    let steps = [
        ("no request", "when: true"),
        ("no url", "request: { method: GET }"),
        ("an unknown method", "request: { url: /x, method: FETCH }"),
        ("a misspelt key", "request: { url: /x, querry: { a: 1 } }"),
        ("a number where a time is", "request: { url: /x, timeout: 5 }"),
        ("a time without its unit", "request: { url: /x, timeout: \"5\" }"),
        ("a negative count", "request: { url: /x }\n    retry: { max_retries: -1 }"),
        ("a quoted count", "request: { url: /x }\n    retry: { max_retries: \"3\" }"),
        ("text for a boolean", "request: { url: /x, follow_redirects: \"yes\" }"),
        ("an expression in braces", "request: { url: /x }\n    when: \"{{ true }}\""),
        ("a path without its start", "request: { url: /x }\n    records: data"),
        ("a misspelt extract", "request: { url: /x }\n    extract: { a: { jsonpat: $.a } }"),
        ("an unknown rule action", "request: { url: /x }\n    rules: [{ when: true, do: again }]"),
        ("a paging without its kind", "request: { url: /x }\n    paginate: { next: $.next }"),
        (
            "a connection's value without its source",
            "request: { url: /x }\n    connection: { k: { secret: true } }",
        ),
        ("hints that are no text", "request: { url: /x }\n    connection: { hints: { a: [1] } }"),
    ];
    for (what, step) in steps {
        let pipeline = json(&format!("name: a\nsteps:\n  - name: s\n    {step}\n"));
        assert!(!validator.is_valid(&pipeline), "{what}");
    }
}
