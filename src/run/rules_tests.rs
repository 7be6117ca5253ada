use std::path::PathBuf;

use http::StatusCode;
use minijinja::value::Serde;
use serde_json::json;

use super::*;
use crate::diagnostic::{Findings, Sources};
use crate::http::Reached;
use crate::plan::connection::ConnectionFiles;
use crate::plan::{Input, build};
use crate::secret::Environment;
use crate::spec;
use crate::spec::pipeline::PipelineSpec;

/// A step with these rules and `max_retries: 2` of its own.
fn step(rules: &[&str]) -> StepPlan {
    let rules: Vec<String> = rules.iter().map(|rule| format!("\n      - {{ {rule} }}")).collect();
    let text = format!(
        "name: demo\nsteps:\n  - name: one\n    request: {{ url: 'https://a.example/' }}\n    records: $.data\n    retry: {{ max_retries: 2 }}\n    rules: {}\n",
        if rules.is_empty() { "[]".to_owned() } else { rules.concat() }
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
    let checked = build(&input, findings).unwrap_or_else(|findings| panic!("{rules:?}: {findings:?}"));
    checked.plan.steps.into_iter().next().unwrap()
}

fn answered(status: u16) -> Outcome {
    Outcome::Answered(StatusCode::from_u16(status).unwrap())
}

fn context(outcome: Outcome) -> Value {
    let Outcome::Answered(status) = outcome else { return Value::from(Serde(&json!({ "response": {} }))) };
    let body = json!({ "code": "E", "error": { "why": "busy" } });
    Value::from(Serde(&json!({ "response": { "status": status.as_u16(), "json": body } })))
}

/// What is decided, for an idempotent request and for any other.
fn decisions(rules: &[&str], outcome: Outcome, counts: &Counts) -> [Result<Decision, String>; 2] {
    let (step, context) = (step(rules), context(outcome));
    [true, false]
        .map(|idempotent| decide(&step, &context, outcome, idempotent, counts).map_err(|error| error.message))
}

#[test]
fn every_action_is_a_decision_of_its_own() {
    let cases = [
        ("do: ok", Decision::Accept),
        ("do: empty", Decision::Empty),
        ("do: stop", Decision::Stop),
        ("do: skip", Decision::Skip),
        ("do: retry", Decision::RetryByRule(0)),
        ("do: fail", Decision::FailByRule(0)),
    ];
    for (action, expected) in cases {
        let rule = format!("when: response.status == 409, {action}");
        let decided = decisions(&[&rule], answered(409), &Counts::default());
        assert_eq!(decided, [Ok(expected), Ok(expected)], "{action}");
    }
}

#[test]
fn without_a_rule_that_matches_the_built_in_ones_decide() {
    use Decision::{Accept, FailBuiltIn, RetryBuiltIn};
    let broken = Outcome::Failed { transient: true, reached: Reached::Maybe };
    let cases = [
        (answered(200), Accept, Accept),
        (answered(429), RetryBuiltIn, RetryBuiltIn),
        (answered(503), RetryBuiltIn, FailBuiltIn),
        (answered(404), FailBuiltIn, FailBuiltIn),
        (broken, RetryBuiltIn, FailBuiltIn),
    ];
    let rules: [&[&str]; 3] =
        [&[], &["when: response.status == 409, do: ok"], &["when: response.json.nothing == 1, do: ok"]];
    for rules in rules {
        for (outcome, idempotent, otherwise) in cases {
            let decided = decisions(rules, outcome, &Counts::default());
            assert_eq!(decided, [Ok(idempotent), Ok(otherwise)], "{rules:?} {outcome:?}");
        }
    }
}

#[test]
fn the_first_rule_that_matches_decides() {
    let rules = [
        "when: response.json.error.missing == 'x', do: stop",
        "when: response.status == 200, do: stop",
        "when: response.json.error.why == 'busy', do: retry",
        "when: response.status == 409, do: fail",
    ];
    let decided = decisions(&rules, answered(409), &Counts::default());
    assert_eq!(decided, [Ok(Decision::RetryByRule(2)), Ok(Decision::RetryByRule(2))]);
}

#[test]
fn a_condition_that_fails_is_an_error() {
    let rules = ["when: response.json.code, do: ok"];
    let said = "a condition must be `true` or `false`, this one is a string".to_owned();
    let decided = decisions(&rules, answered(200), &Counts::default());
    assert_eq!(decided, [Err(said.clone()), Err(said)]);
}

/// Retries that were made: by which rule and whether that has a limit of its own, or by the built-in rules.
#[derive(Debug, Clone, Copy)]
enum Made {
    By(usize, bool),
    BuiltIn,
}

fn counts(made: &[Made]) -> Counts {
    let mut counts = Counts::default();
    for retry in made {
        match retry {
            Made::By(rule, limited) => counts.used(*rule, *limited),
            Made::BuiltIn => counts.used_built_in(),
        }
    }
    counts
}

#[test]
fn a_retry_rule_that_is_used_up_no_longer_matches() {
    use Decision::{FailBuiltIn, RetryByRule};
    use Made::{BuiltIn, By};
    let rules = [
        "when: response.json.code == 'E', do: retry, max_retries: 3",
        "when: response.status == 409, do: retry",
    ];
    let own = By(0, true);
    let cases: [(&[Made], Decision); 8] = [
        (&[], RetryByRule(0)),
        (&[own, own], RetryByRule(0)),
        (&[own, own, own], RetryByRule(1)),
        // Retries that a rule limits itself leave those of the step alone, and the other way round.
        (&[BuiltIn, BuiltIn], RetryByRule(0)),
        (&[own, own, own, By(1, false)], RetryByRule(1)),
        (&[own, own, own, By(1, false), By(1, false)], FailBuiltIn),
        (&[own, own, own, By(1, false), BuiltIn], FailBuiltIn),
        (&[By(1, false), own, BuiltIn, own, own], FailBuiltIn),
    ];
    for (made, expected) in cases {
        let decided = decisions(&rules, answered(409), &counts(made));
        assert_eq!(decided, [Ok(expected), Ok(expected)], "{made:?}");
    }
}

#[test]
fn only_retries_are_used_up() {
    let many = counts(&[Made::By(0, false); 9]);
    for (action, expected) in [("ok", Decision::Accept), ("fail", Decision::FailByRule(0))] {
        let rule = format!("when: response.status == 409, do: {action}");
        assert_eq!(decisions(&[&rule], answered(409), &many), [Ok(expected), Ok(expected)]);
    }
}

#[test]
fn retries_are_counted() {
    let counts = counts(&[Made::By(3, true), Made::By(1, false), Made::BuiltIn, Made::By(3, true)]);
    assert_eq!((counts.total, counts.limited), (4, 2));
    assert_eq!(counts.rules, [0, 1, 0, 2]);
}
