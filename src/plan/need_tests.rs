//! A connection, what a step reads of it, and what is needed then.

use std::path::PathBuf;

use super::Need::{Optional, Required, Unused};
use super::*;
use crate::diagnostic::{Findings, Sources};
use crate::plan::connection::ConnectionFiles;
use crate::plan::{Input, build};
use crate::secret::Environment;
use crate::spec;
use crate::spec::pipeline::PipelineSpec;

const CONNECTION: &str = "
  base_url: { from: env:BASE }
  url: https://api.example.com
  key: { from: env:KEY }
  spare: { from: env:SPARE }
  kinds: { a: \"{{ connection.key }}\", b: x }
  joined: \"{{ connection.key }}-{{ connection.spare | default('') }}\"";

/// The needs of a connection's values by their names, if one step has these keys beside its name.
fn needs(step: &str) -> Vec<(String, Need)> {
    let text = format!(
        "name: demo\nconnection:{CONNECTION}\nparams: {{ x: a }}\nsteps:\n  - {{ name: one, {step} }}\n"
    );
    let (mut sources, mut findings) = (Sources::default(), Findings::default());
    let file = sources.add("pipeline.yaml", text.as_str());
    let pipeline = spec::read::<PipelineSpec>(&sources, file, &mut findings).unwrap();
    let input = Input {
        pipeline: &pipeline,
        connections: &ConnectionFiles::default(),
        params: &[],
        environment: &Environment::default(),
        root: PathBuf::new(),
        output_root: PathBuf::new(),
        complete: true,
    };
    let checked = build(&input, findings).unwrap_or_else(|findings| panic!("{step}: {findings:?}"));
    let values = &checked.plan.connections[0].values;
    values.iter().map(|entry| (entry.name.clone(), entry.need)).collect()
}

fn request(template: &str) -> String {
    format!("request: {{ url: 'https://api.example.com', headers: {{ X-A: \"{template}\" }} }}")
}

#[test]
fn uses_and_what_they_need() {
    let cases: [(String, &[(&str, Need)]); 12] = [
        (request("x"), &[]),
        (request("{{ connection.key }}"), &[("key", Required)]),
        (request("{{ connection.key | default('') }}"), &[("key", Optional)]),
        (request("{{ connection.key if connection.key is defined else '' }}"), &[("key", Optional)]),
        (request("{{ connection['key'] }}"), &[("key", Required)]),
        (request("{{ connection.kinds.a }}"), &[("kinds", Required), ("key", Required)]),
        (request("{{ connection.joined }}"), &[("joined", Required), ("key", Required), ("spare", Optional)]),
        (
            request("{{ connection.joined | default('') }}"),
            &[("joined", Optional), ("key", Optional), ("spare", Optional)],
        ),
        ("request: { url: /x }".to_owned(), &[("base_url", Required)]),
        ("request: { url: '{{ connection.url }}/x' }".to_owned(), &[("url", Required), ("base_url", Optional)]),
        (
            "when: connection.key is defined, request: { url: 'https://api.example.com' }".to_owned(),
            &[("key", Optional)],
        ),
        (
            "when: connection.key is defined, request: { url: 'https://api.example.com/{{ connection.key }}' }"
                .to_owned(),
            &[("key", Required)],
        ),
    ];
    for (step, expected) in cases {
        for (name, need) in needs(&step) {
            let wanted = expected.iter().find(|(known, _)| *known == name).map_or(Unused, |(_, need)| *need);
            assert_eq!(need, wanted, "`{name}` of `{step}`");
        }
    }
}

#[test]
fn a_name_that_only_a_run_knows_may_be_any() {
    for (template, need) in [
        ("{{ connection[params.x] }}", Required),
        ("{{ connection[params.x] | default('') }}", Optional),
        ("{{ connection | tojson }}", Required),
    ] {
        let found = needs(&request(template));
        assert_eq!(found.len(), 6);
        // `key` and `spare` are named by others as well, and never with less.
        assert!(found.iter().all(|(_, found)| *found == need), "{template}: {found:?}");
    }
}
