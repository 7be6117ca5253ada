//! The connections that river brings along: those of its kits, of services that are met often, and of services of any
//! kind. What they say about a service is theirs; this knows their names.

/// A connection that is ready to be copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connection {
    /// Its name: its file is `connections/NAME.yaml`.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// The file of a name.
macro_rules! file {
    ($name:literal) => {
        Connection { name: $name, text: include_str!(concat!("../../connections/", $name, ".yaml")) }
    };
}

/// What the kits for Zoho share.
pub const ZOHO: Connection = file!("zoho");

/// Every connection: services by name, those of any kind last.
pub const ALL: &[Connection] = &[
    file!("github"),
    file!("github_app"),
    file!("github_device"),
    file!("google"),
    file!("google_service_account"),
    file!("hubspot"),
    file!("hubspot_oauth"),
    file!("microsoft"),
    file!("microsoft_app"),
    file!("pipedrive"),
    file!("pipedrive_oauth"),
    file!("salesforce"),
    file!("salesforce_jwt"),
    file!("salesforce_oauth"),
    ZOHO,
    file!("generic_api_key"),
    file!("generic_basic"),
    file!("generic_bearer"),
    file!("generic_client_credentials"),
    file!("generic_device"),
    file!("generic_oauth2"),
];

/// The commands whose last word is the name of a connection.
const COMMANDS: [&str; 3] = ["river auth login", "river auth refresh", "river auth status"];

impl Connection {
    /// The connection of a name.
    pub fn of(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|connection| connection.name == name)
    }

    /// What it is for, in a sentence or two: its first line.
    pub fn description(&self) -> &'static str {
        self.text.lines().next().and_then(|line| line.strip_prefix("# ")).unwrap_or_default()
    }

    /// The connection for a file of another name; comments and hints that name the file or a command for it follow.
    /// Addresses stay: the name of a service is in them as well.
    pub fn named(&self, name: &str) -> String {
        let places = |command: &&str| (format!("{command} {}", self.name), format!("{command} {name}"));
        let file = |name: &str| format!("connections/{name}.yaml");
        COMMANDS
            .iter()
            .map(places)
            .chain([(file(self.name), file(name))])
            .fold(self.text.to_owned(), |text, (from, to)| text.replace(&from, &to))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// The lines at the top that are comments.
    fn head(connection: &Connection) -> String {
        connection.text.lines().take_while(|line| line.starts_with('#')).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn every_file_is_here() {
        let files = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/connections")).unwrap();
        let names = files.map(|file| file.unwrap().path().file_stem().unwrap().display().to_string());
        let missing: Vec<String> = names.filter(|name| Connection::of(name).is_none()).collect();
        assert!(missing.is_empty(), "files in connections/ that src/kit/connection.rs lacks: {missing:?}");
    }

    #[test]
    fn each_name_is_there_once() {
        for connection in ALL {
            let same = ALL.iter().filter(|other| other.name == connection.name).count();
            assert_eq!(same, 1, "{}", connection.name);
        }
    }

    #[test]
    fn each_has_its_place_in_the_guide() {
        let guide =
            fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/providers.md")).unwrap_or_default();
        for connection in ALL {
            let link = format!("(../connections/{}.yaml)", connection.name);
            assert!(guide.contains(&link), "docs/providers.md lacks {link}");
        }
    }

    /// Whoever copies one learns from its first lines what to set.
    #[test]
    fn the_first_lines_name_what_is_to_be_set() {
        for connection in ALL {
            let head = head(connection);
            assert!(
                connection.description().ends_with('.'),
                "{}: {}",
                connection.name,
                connection.description()
            );
            for line in connection.text.lines().filter(|line| !line.starts_with('#')) {
                let Some((_, rest)) = line.split_once("from: env:") else { continue };
                let variable = rest.split([',', ' ', '}']).next().unwrap_or_default();
                assert!(head.contains(variable), "{} does not tell of {variable}", connection.name);
            }
        }
    }

    #[test]
    fn what_signs_in_by_hand_says_how() {
        let by_hand = ["grant: authorization_code", "grant: device_code"];
        for connection in ALL {
            if by_hand.iter().any(|grant| connection.text.contains(grant)) {
                let command = format!("river auth login {}", connection.name);
                assert!(head(connection).contains(&command), "{}", connection.name);
            }
        }
    }

    #[test]
    fn another_name_is_told_and_addresses_stay() {
        let text = Connection::of("github_app").unwrap().named("work");
        assert!(text.contains("river auth login work"));
        assert!(!text.contains("river auth login github_app"));
        let text = Connection::of("google").unwrap().named("drive");
        assert!(text.contains("`scope` in connections/drive.yaml"));
        assert!(text.contains("https://oauth2.googleapis.com/token"));
    }
}
