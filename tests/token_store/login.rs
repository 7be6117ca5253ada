//! A person who signs in takes their time: meanwhile runs go on with what there is.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

const CONNECTION: &str = "base_url: http://127.0.0.1:9
auth:
  kind: oauth2
  grant: authorization_code
  authorize_url: http://127.0.0.1:9/authorize
  token_url: http://127.0.0.1:9/token
  client_id: app
";

#[test]
fn nobody_waits_while_a_person_thinks() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("connections")).unwrap();
    fs::write(folder.path().join("connections/shop.yaml"), CONNECTION).unwrap();
    let mut river = Command::new(env!("CARGO_BIN_EXE_river"))
        .args(["auth", "login", "shop", "--timeout", "30s"])
        .current_dir(folder.path())
        .env_clear()
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(river.stderr.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("waiting at") && said.read_line(&mut line).unwrap() > 0 {
        if !line.starts_with("waiting at") {
            line.clear();
        }
    }
    let locks = locks(&folder.path().join(".river/tokens"));
    let are_free: Vec<bool> = locks.iter().map(|lock| lock.try_lock().is_ok()).collect();
    river.kill().unwrap();
    river.wait().unwrap();
    let _ = said.read_to_string(&mut line);
    assert_eq!(are_free, [true], "{line}");
}

fn locks(folder: &Path) -> Vec<File> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let locks = entries.filter(|path| path.extension().is_some_and(|ending| ending == "lock"));
    locks.map(|path| File::open(path).unwrap()).collect()
}
