//! The targets and modes that are tried, each with a pipeline of its own.

/// How records come to what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Replace,
    Append,
    Merge,
}

/// Where records land.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    File(&'static str),
    Folder(&'static str),
    Table(&'static str),
}

/// One way to land records.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Variant {
    pub(crate) name: &'static str,
    pub(crate) mode: Mode,
    /// Each target: the text of its YAML, and where it is.
    pub(crate) targets: &'static [(&'static str, Place)],
}

use Mode::{Append, Merge, Replace};
use Place::{File, Folder, Table};

#[rustfmt::skip]
pub(crate) const VARIANTS: [Variant; 13] = [
    Variant { name: "jsonl_replace", mode: Replace, targets: &[("kind: jsonl, path: out/a.jsonl", File("out/a.jsonl"))] },
    Variant { name: "jsonl_replace_parts", mode: Replace, targets: &[("kind: jsonl, path: out/a, partition_by: batch", Folder("out/a"))] },
    Variant { name: "jsonl_append", mode: Append, targets: &[("kind: jsonl, path: out/a.jsonl, mode: append", File("out/a.jsonl"))] },
    Variant { name: "jsonl_append_parts_gzip", mode: Append, targets: &[("kind: jsonl, path: out/a, partition_by: day, mode: append, compress: gzip", Folder("out/a"))] },
    Variant { name: "jsonl_merge_zstd", mode: Merge, targets: &[("kind: jsonl, path: out/a.jsonl.zst, mode: merge, key: [id], compress: zstd", File("out/a.jsonl.zst"))] },
    Variant { name: "csv_replace_gzip", mode: Replace, targets: &[("kind: csv, path: out/a.csv.gz, compress: gzip", File("out/a.csv.gz"))] },
    Variant { name: "csv_replace_parts", mode: Replace, targets: &[("kind: csv, path: out/a, partition_by: [day, batch]", Folder("out/a"))] },
    Variant { name: "csv_append", mode: Append, targets: &[("kind: csv, path: out/a.csv, mode: append", File("out/a.csv"))] },
    Variant { name: "csv_merge", mode: Merge, targets: &[("kind: csv, path: out/a.csv, mode: merge, key: [id]", File("out/a.csv"))] },
    Variant { name: "sqlite_replace", mode: Replace, targets: &[("kind: sqlite, path: out/a.db", Table("out/a.db"))] },
    Variant { name: "sqlite_append", mode: Append, targets: &[("kind: sqlite, path: out/a.db, mode: append", Table("out/a.db"))] },
    Variant { name: "sqlite_merge", mode: Merge, targets: &[("kind: sqlite, path: out/a.db, mode: merge, key: [id]", Table("out/a.db"))] },
    Variant { name: "two_append", mode: Append, targets: &[
        ("kind: jsonl, path: out/a.jsonl, mode: append", File("out/a.jsonl")),
        ("kind: sqlite, path: out/a.db, mode: append", Table("out/a.db")),
    ] },
];

impl Variant {
    pub(crate) fn named(name: &str) -> Self {
        VARIANTS.into_iter().find(|variant| variant.name == name).expect("a variant")
    }

    /// Its pipeline: a token, the changes, and where records merge, the deleted ones.
    pub(crate) fn pipeline(&self, name: &str) -> String {
        // What is replaced must be read as a whole.
        let since = if self.mode == Replace { "" } else { r#", query: { since: "{{ state.since }}" }"# };
        let names: Vec<String> = (0..self.targets.len()).map(|place| format!("items{place}")).collect();
        let names = names.join(", ");
        let gone = format!(
            r#"
  - name: gone
    request: {{ url: /deleted, headers: {{ Authorization: "Bearer {{{{ access_token }}}}" }} }}
    paginate: {{ kind: cursor, next: $.next, into: query.page }}
    records: $.data
    write: [{names}]
    delete_when: "true""#
        );
        let gone = if self.mode == Merge { gone.as_str() } else { "" };
        let targets: Vec<String> = self
            .targets
            .iter()
            .enumerate()
            .map(|(place, (text, _))| {
                let table = if matches!(self.targets[place].1, Table(_)) { ", table: items" } else { "" };
                format!("  items{place}: {{ {text}{table} }}\n")
            })
            .collect();
        format!(
            r#"name: {name}
connection: {{ base_url: {{ from: env:BASE, secret: false }} }}
steps:
  - name: token
    request: {{ method: POST, url: /token, form: {{ secret: "{{{{ env.CLIENT_SECRET }}}}" }} }}
    extract: {{ access_token: {{ jsonpath: $.access_token, secret: true }} }}
  - name: items
    request: {{ url: /items{since}, headers: {{ Authorization: "Bearer {{{{ access_token }}}}" }} }}
    paginate: {{ kind: cursor, next: $.next, into: query.page }}
    records: $.data
    retry: {{ max_retries: 0 }}
    state: {{ since: {{ max: $.at, type: number, initial_value: 0 }} }}
    write: [{names}]{gone}
targets:
{}"#,
            targets.concat()
        )
    }
}
