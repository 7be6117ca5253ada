//! What may stand behind `river secrets`.

use std::ffi::OsString;

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub(in crate::cli) struct SecretsArguments {
    #[command(subcommand)]
    pub(in crate::cli) command: SecretsCommand,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum SecretsCommand {
    /// Keep a secret: it is asked for at a terminal, and read from standard input else.
    #[command(after_help = SET_HELP)]
    Set(SecretsSetArguments),
    /// List what is kept and what is wanted, and where each comes from; never a value.
    List,
    /// Forget a secret.
    Rm(SecretsRmArguments),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct SecretsSetArguments {
    /// The name by which `from: env:NAME` and `{{ env.NAME }}` find it, after the environment and `.env`.
    pub(in crate::cli) name: String,
    /// Here only to be refused, with the reason.
    #[arg(hide = true, allow_hyphen_values = true, num_args = 0..)]
    pub(in crate::cli) value: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct SecretsRmArguments {
    /// The name; `river secrets list` shows them.
    pub(in crate::cli) name: String,
}

const SET_HELP: &str = "\
One line break at the end is cut off:

  pass show shop/token | river secrets set SHOP_TOKEN

It is kept in .river/secrets, readable only for this user; encrypted with RIVER_STORE_KEY_FILE=path or
RIVER_STORE_PASSPHRASE. A key file: (umask 077 && head -c 32 /dev/urandom > KEY)";
