//! `river secrets rm`: a secret is forgotten, also one that cannot be read any more.

use std::io::Write;

use super::arguments::SecretsRmArguments;
use super::{Place, misuse, name, unusable_secret, warn};
use crate::auth::store::{SecretName, SecretStore};
use crate::cli::problem::Problem;
use crate::cli::terminal::Terminal;
use crate::diagnostic::{nearest, quoted_list};

/// Forgets a secret.
pub(super) fn remove(arguments: &SecretsRmArguments, terminal: &mut Terminal) -> Result<(), Problem> {
    let name = name(&arguments.name)?;
    let place = Place::here(terminal)?;
    let names = SecretStore::names(&place.state).map_err(|trouble| unusable_secret(&trouble, &name))?;
    if !names.contains(&name) {
        let known = || names.iter().map(SecretName::as_str);
        let help = match nearest(name.as_str(), known()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if names.is_empty() => "nothing is kept: `river secrets list`".to_owned(),
            None => format!("there are {}", quoted_list(known())),
        };
        return Err(misuse(format!("no `{}` is kept", name.as_str()), help));
    }
    let opened = SecretStore::open(&place.state, place.protection);
    let (store, troubles) = opened.map_err(|trouble| unusable_secret(&trouble, &name))?;
    warn(&troubles, terminal)?;
    store.remove(&name).map_err(|trouble| unusable_secret(&trouble, &name))?;
    writeln!(terminal.out, "`{}` is forgotten", name.as_str())?;
    Ok(())
}
