//! What may stand behind `river auth`.

use clap::{Args, Subcommand};

use crate::cli::args::Format;

#[derive(Debug, Args)]
pub(in crate::cli) struct AuthArguments {
    #[command(subcommand)]
    pub(in crate::cli) command: AuthCommand,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum AuthCommand {
    /// Sign in once, with a person's consent; from then on runs renew the token by themselves.
    Login(LoginArguments),
    /// Show what is signed in, until when, and where each secret comes from; never a secret.
    Status(StatusArguments),
    /// Renew a token now.
    Refresh(NamedArguments),
    /// Tell the service that a sign-in is over, and forget it.
    Revoke(NamedArguments),
    /// Forget a sign-in here; the service is not told.
    Logout(NamedArguments),
    /// Keep a refresh token that was got elsewhere: it is read from standard input, bare or in a token answer.
    Import(NamedArguments),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct LoginArguments {
    /// The connection: a file in `connections/`, without `.yaml`.
    pub(in crate::cli) connection: String,
    /// Open no browser and wait for none: paste the address that any browser shows at the end.
    #[arg(long, conflicts_with = "code")]
    pub(in crate::cli) no_browser: bool,
    /// Exchange a code that the service's console gave (Zoho: Self Client).
    #[arg(long, value_name = "CODE", allow_hyphen_values = true)]
    pub(in crate::cli) code: Option<String>,
    /// For how long a browser is waited for.
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = crate::cli::args::period)]
    pub(in crate::cli) timeout: std::time::Duration,
    /// Sign in at the stand-in for Zoho, which is started for it; kept apart from real sign-ins.
    #[arg(long)]
    pub(in crate::cli) sandbox: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct StatusArguments {
    /// One connection; by default all that sign in.
    pub(in crate::cli) connection: Option<String>,
    /// How it is printed.
    #[arg(long, default_value = "text")]
    pub(in crate::cli) format: Format,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct NamedArguments {
    /// The connection: a file in `connections/`, without `.yaml`.
    pub(in crate::cli) connection: String,
}
