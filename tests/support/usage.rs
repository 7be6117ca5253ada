//! The command line itself: what clap says is not compared whole, since it is clap's to say.

use libtest_mimic::Trial;

use super::process::{Ended, Run};

/// Arguments, exit code, and words that must be on the stream that belongs to the code.
const TABLE: [(&str, &[&str], i32, &[&str]); 55] = [
    ("help", &["--help"], 0, &["Usage: river", "run", "check", "Exit codes: 0 complete"]),
    ("short_help", &["-h"], 0, &["Usage: river"]),
    ("version", &["--version"], 0, &[concat!("river ", env!("CARGO_PKG_VERSION"))]),
    ("help_of_run", &["run", "--help"], 0, &["--sandbox", "--fault", "NAME=VALUE"]),
    ("help_of_check", &["check", "--help"], 0, &["--format"]),
    ("help_of_plan", &["plan", "--help"], 0, &["--json", "--curl", "without a request"]),
    ("help_of_schema", &["schema", "--help"], 0, &["# yaml-language-server: $schema=../.river/schema.json"]),
    ("schema", &["schema"], 0, &["\"$schema\": \"https://json-schema.org/", "\"paginate\"", "\"prefetch\""]),
    ("schema_of_what", &["schema", "pipline"], 2, &["pipline", "pipeline, connection"]),
    ("plan_in_two_forms", &["plan", "x", "--json", "--curl"], 2, &["cannot be used with"]),
    ("help_of_state", &["state", "--help"], 0, &["show", "set", "reset", "export", "import"]),
    ("help_of_state_set", &["state", "set", "--help"], 0, &["STEP.NAME", "--per <VALUE>", "`type:`"]),
    ("state_without_command", &["state"], 2, &["Usage: river state"]),
    ("state_unknown_command", &["state", "sow"], 2, &["sow", "show"]),
    ("state_set_without_name", &["state", "set", "x", "items", "1"], 2, &["`leads.modified_since`"]),
    ("state_set_without_value", &["state", "set", "x", "items.since"], 2, &["<VALUE>"]),
    ("state_reset_without_pipeline", &["state", "reset"], 2, &["<PIPELINE>"]),
    ("state_import_without_file", &["state", "import"], 2, &["<FILE>"]),
    ("state_in_unknown_format", &["state", "show", "--format", "xml"], 2, &["xml", "json"]),
    ("help_of_secrets", &["secrets", "--help"], 0, &["set", "list", "rm"]),
    (
        "help_of_secrets_set",
        &["secrets", "set", "--help"],
        0,
        &["<NAME>", "pass show", "head -c 32 /dev/urandom", "RIVER_STORE_PASSPHRASE"],
    ),
    ("secrets_without_command", &["secrets"], 2, &["Usage: river secrets"]),
    ("secrets_set_without_name", &["secrets", "set"], 2, &["<NAME>"]),
    ("secrets_set_with_a_value", &["secrets", "set", "A", "x"], 2, &["the list of processes"]),
    ("secrets_rm_without_name", &["secrets", "rm"], 2, &["<NAME>"]),
    ("help_of_preview", &["preview", "--help"], 0, &["--records <N>", "--step <NAME>", "nothing is written"]),
    ("preview_of_no_records", &["preview", "x", "--records", "0"], 2, &["--records", "1.."]),
    ("preview_long_json", &["preview", "x", "--long", "--format", "json"], 2, &["cannot be used with"]),
    ("preview_fault_without_sandbox", &["preview", "x", "--fault", "reset"], 2, &["--sandbox"]),
    ("help_of_connections", &["connections", "--help"], 0, &["--ready", "--format"]),
    ("help_of_kits", &["kits", "--help"], 0, &["--format"]),
    ("help_of_new", &["new", "--help"], 0, &["--from <NAME>", "`river kits`"]),
    ("new_without_kit", &["new", "a.yaml"], 2, &["--from <NAME>"]),
    ("new_without_file", &["new", "--from", "zoho_leads"], 2, &["<FILE>"]),
    ("kits_in_unknown_format", &["kits", "--format", "yaml"], 2, &["yaml", "json"]),
    ("nothing", &[], 2, &["Usage: river"]),
    ("unknown_command", &["chek"], 2, &["chek", "check"]),
    ("unknown_option", &["run", "x", "--sandbx"], 2, &["--sandbx", "--sandbox"]),
    ("no_pipeline", &["run"], 2, &["<PIPELINE>"]),
    ("check_nothing", &["check"], 2, &["no folder `pipelines`"]),
    ("param_without_value", &["run", "x", "-p", "module"], 2, &["write it as NAME=VALUE"]),
    ("param_without_name", &["run", "x", "-p", "=a"], 2, &["write it as NAME=VALUE"]),
    ("fault_without_sandbox", &["run", "x", "--fault", "reset"], 2, &["--sandbox"]),
    ("unknown_fault", &["run", "x", "--sandbox", "--fault", "rest@2"], 2, &["unknown fault `rest`", "reset"]),
    ("help_of_sandbox", &["sandbox", "--help"], 0, &["--port", "--json", "--churn", "--guess"]),
    ("churn_without_sandbox", &["run", "x", "--churn", "3"], 2, &["--sandbox"]),
    ("limit_without_sandbox", &["run", "x", "--credits", "3"], 2, &["--sandbox"]),
    ("port_out_of_range", &["sandbox", "--port", "70000"], 2, &["70000", "from 0 to 65535"]),
    ("leads_below_zero", &["sandbox", "--leads=-1"], 2, &["-1", "a whole number from 0 to 200000000"]),
    ("no_calls_at_once", &["sandbox", "--concurrency", "0"], 2, &["a whole number from 1 to 10000"]),
    ("life_without_unit", &["sandbox", "--token-life", "60"], 2, &["not a length of time", "`60s`"]),
    ("life_of_no_time", &["sandbox", "--token-life", "0s"], 2, &["whole seconds from `1s` to `24h`"]),
    ("life_in_fractions", &["sandbox", "--token-life", "1500ms"], 2, &["whole seconds from `1s` to `24h`"]),
    ("redirect_to_a_path", &["sandbox", "--redirect-uri", "/back"], 2, &["/back", "begins with http://"]),
    ("unknown_format", &["check", "x", "--format", "xml"], 2, &["xml", "json"]),
];

pub(crate) fn trials() -> Vec<Trial> {
    TABLE
        .into_iter()
        .map(|(name, arguments, exit, words)| {
            Trial::test(format!("usage/{name}"), move || Ok(says(arguments, exit, words)?))
        })
        .collect()
}

fn says(arguments: &[&str], exit: i32, words: &[&str]) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let ended: Ended = Run::new(folder.path().to_owned(), arguments).finish()?;
    let (said, silent) =
        if exit == 0 { (&ended.stdout, &ended.stderr) } else { (&ended.stderr, &ended.stdout) };
    let text = String::from_utf8_lossy(said);
    let missing: Vec<&&str> = words.iter().filter(|word| !text.contains(**word)).collect();
    if ended.exit == Some(exit) && missing.is_empty() && silent.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{arguments:?} ended with {:?}, {exit} expected; missing words {missing:?}\n{ended:?}",
        ended.exit
    ))
}
