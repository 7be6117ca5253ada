//! What a test needs besides this tree: it goes without and says so, unless it is told that this is a failure.

use std::io::Write;

const REQUIRE: &str = "RIVER_TEST_REQUIRE";

/// Whether `name` is there; it belongs to what `word` of `RIVER_TEST_REQUIRE` demands.
pub(crate) fn found(word: &str, name: &str, is_there: bool) -> bool {
    let is_required = std::env::var(REQUIRE).is_ok_and(|words| words.split(',').any(|known| known == word));
    assert!(
        is_there || !is_required,
        "{name} is missing, which {REQUIRE} asks for; `scripts/test` fetches it"
    );
    if !is_there {
        // Past the harness, which keeps what a passing test prints to itself.
        let text = format!("skipped: {name} is missing; `scripts/test` fetches it\n");
        let _ = std::io::stderr().write_all(text.as_bytes());
    }
    is_there
}
