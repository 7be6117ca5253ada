//! OAuth servers that are not ours, on loopback, a browser and a keyring: what they do (`*_tests.rs` that are named after
//! them), and that the real river signs in there (`login_*`).
//!
//! `scripts/test` fetches them. Where they are missing a test prints that it is skipped; `RIVER_TEST_REQUIRE=oauth`
//! makes that a failure.
#![cfg(unix)]

#[path = "oauth/authorization.rs"]
mod authorization;
#[path = "oauth/browser.rs"]
mod browser;
#[path = "oauth/callback.rs"]
mod callback;
#[path = "oauth/consent_tests.rs"]
mod consent_tests;
#[path = "oauth/device_tests.rs"]
mod device_tests;
#[path = "oauth/django_tests.rs"]
mod django_tests;
#[path = "oauth/keyring.rs"]
mod keyring;
#[path = "oauth/login_device_tests.rs"]
mod login_device_tests;
#[path = "oauth/login_django_tests.rs"]
mod login_django_tests;
#[path = "oauth/login_failed_tests.rs"]
mod login_failed_tests;
#[path = "oauth/login_listener_tests.rs"]
mod login_listener_tests;
#[path = "oauth/login_sandbox_tests.rs"]
mod login_sandbox_tests;
#[path = "oauth/login_tests.rs"]
mod login_tests;
#[path = "oauth/oidc_tests.rs"]
mod oidc_tests;
#[path = "oauth/project.rs"]
mod project;
#[path = "oauth/registered.rs"]
mod registered;
#[path = "support/requirement.rs"]
mod requirement;
#[path = "oauth/server.rs"]
mod server;
#[path = "oauth/visitor.rs"]
mod visitor;
