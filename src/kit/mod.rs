//! The pipelines that river brings along, with their connections: what `pipelines/` and `connections/` of this
//! repository hold, as text inside the binary. It reads and writes no files.

pub mod connection;

pub use connection::Connection;

/// A pipeline that is ready to be copied and run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kit {
    /// Its name.
    pub name: &'static str,
    /// What its token must be allowed to do.
    pub scopes: &'static [&'static str],
    /// The pipeline.
    pub pipeline: &'static str,
    /// The connection that it needs.
    pub connection: &'static Connection,
}

/// Names a pipeline of `pipelines/` and the scopes it needs.
macro_rules! zoho {
    ($name:literal, $($scope:literal),+) => {
        Kit {
            name: $name,
            scopes: &[$($scope),+],
            pipeline: include_str!(concat!("../../pipelines/", $name, ".yaml")),
            connection: &connection::ZOHO,
        }
    };
}

/// Every kit.
pub const ALL: &[Kit] = &[
    zoho!("zoho_leads", "ZohoCRM.modules.READ"),
    zoho!("zoho_incremental", "ZohoCRM.modules.READ"),
    zoho!("zoho_records", "ZohoCRM.modules.READ"),
    zoho!("zoho_notes", "ZohoCRM.modules.notes.READ"),
    zoho!("zoho_deleted", "ZohoCRM.modules.READ"),
    zoho!("zoho_coql", "ZohoCRM.coql.READ", "ZohoCRM.modules.READ"),
    zoho!("zoho_users", "ZohoCRM.users.READ"),
    zoho!("zoho_org", "ZohoCRM.org.READ"),
    zoho!("zoho_modules", "ZohoCRM.settings.modules.READ"),
    zoho!("zoho_fields", "ZohoCRM.settings.fields.READ"),
];

impl Kit {
    /// The kit of a name.
    pub fn of(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|kit| kit.name == name)
    }

    /// Whether its connection signs in for it; else it asks for a token itself.
    pub fn signs_in(&self) -> bool {
        !self.pipeline.contains("{{ connection.refresh_token }}")
    }

    /// What it is for, in a sentence.
    pub fn description(&self) -> &'static str {
        self.pipeline.lines().find_map(|line| line.strip_prefix("description: ")).unwrap_or_default()
    }

    /// The pipeline under another name; comments that name it follow.
    pub fn named(&self, name: &str) -> String {
        self.pipeline.replace(self.name, name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kit_says_what_it_needs() {
        for kit in ALL {
            let head: Vec<&str> = kit.pipeline.lines().take_while(|line| !line.is_empty()).collect();
            assert_eq!(head[0], format!("name: {}", kit.name));
            assert!(!kit.description().is_empty(), "{}", kit.name);
            for word in ["# lands: ", "# scopes: ", "# limits: ", "# credits: "] {
                assert!(head.iter().any(|line| line.starts_with(word)), "{} lacks `{word}`", kit.name);
            }
            let scopes = head.iter().find(|line| line.starts_with("# scopes: ")).unwrap();
            assert!(kit.scopes.iter().all(|scope| scopes.contains(scope)), "{}: {scopes}", kit.name);
            assert!(
                head.contains(&format!("connection: {}", kit.connection.name).as_str())
                    || head
                        .iter()
                        .any(|line| line.starts_with(&format!("connection: {} ", kit.connection.name))),
                "{}",
                kit.name
            );
        }
    }

    /// One kit shows how a token is asked for by hand; in all others the connection signs in and knows the address.
    #[test]
    fn the_connection_signs_in() {
        assert!(connection::ZOHO.text.contains("\nauth:\n"));
        for kit in ALL {
            assert_eq!(kit.signs_in(), kit.name != "zoho_leads", "{}", kit.name);
        }
        for kit in ALL.iter().filter(|kit| kit.signs_in()) {
            for own in ["oauth", "Authorization", "api_domain", "INVALID_TOKEN"] {
                assert!(!kit.pipeline.contains(own), "{} has `{own}` of its own", kit.name);
            }
        }
        assert!(Kit::of("zoho_leads").unwrap().pipeline.contains("- name: refresh_token"));
    }

    #[test]
    fn a_kit_under_another_name_does_not_tell_its_own() {
        for kit in ALL {
            let text = kit.named("mine");
            assert!(text.starts_with("name: mine\n"), "{}", kit.name);
            assert!(!text.contains(kit.name), "{}", kit.name);
        }
    }
}
