//! JSON Lines in a file that is replaced as a whole: it is its own spool, and grows hidden beside its destination.
//! Without records the file is empty: that is no lines.

use super::error::TargetError;
use super::lines::Lines;
use super::staging::{Spot, Staging};
use super::{Origin, Position, Prepared, Receipt, Target};
use crate::record::Batch;

pub(super) struct Jsonl {
    lines: Lines<Staging>,
}

impl Jsonl {
    /// Opens it, cut back to what a receipt of an earlier process says.
    pub(super) fn open(spot: Spot, receipt: Option<&Receipt>) -> Result<Self, TargetError> {
        Ok(match receipt {
            None => Self { lines: Lines::new(Staging::create(spot)?) },
            Some(Receipt { puts, .. }) => Self { lines: Lines::after(Staging::resume(spot, *puts)?, *puts) },
        })
    }

    fn flush(&mut self) -> Result<(), TargetError> {
        self.lines.flush().map_err(|source| self.lines.out().refused("write", source))
    }
}

impl Target for Jsonl {
    fn write(&mut self, batch: &Batch) -> Result<(), TargetError> {
        self.lines.take(batch).map_err(|source| self.lines.out().refused("write", source))
    }

    fn note_origin(&mut self, _origin: &Origin) -> Result<(), TargetError> {
        Ok(())
    }

    fn void(&mut self, _path: &[u64]) -> Result<(), TargetError> {
        Ok(())
    }

    fn settle(&mut self) -> Result<Receipt, TargetError> {
        self.flush()?;
        self.lines.out_mut().sync()?;
        Ok(Receipt { puts: self.lines.position(), ..Receipt::default() })
    }

    fn suspend(mut self: Box<Self>) -> Result<Receipt, TargetError> {
        let receipt = self.settle()?;
        self.lines.into_out().keep()?;
        Ok(receipt)
    }

    fn prepare(mut self: Box<Self>) -> Result<Prepared, TargetError> {
        self.flush()?;
        let Position { records, bytes } = self.lines.position();
        let file = self.lines.into_out().prepare()?;
        let destination = Some(file.destination.clone());
        Ok(Prepared { records, bytes, destination, files: vec![file], ..Prepared::default() })
    }

    fn abandon(self: Box<Self>) {
        self.lines.into_out().discard();
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use bytes::Bytes;
    use tempfile::TempDir;

    use super::*;
    use crate::expr::jsonpath::PlainPath;
    use crate::plan::target::{
        ColumnsPlan, FilePlan, Format, Mode, OnNewColumn, Place, TargetKind, TargetPlan,
    };
    use crate::record::Page;
    use crate::target::{Stage, apply, open};

    fn folder() -> TempDir {
        TempDir::new().unwrap()
    }

    fn plan(path: PathBuf) -> TargetPlan {
        let shown = format!("out/{}", path.file_name().unwrap_or_default().to_string_lossy());
        let file = FilePlan {
            format: Format::Jsonl,
            place: Place { path, shown },
            mode: Mode::Replace,
            begins_empty: false,
            partition_by: vec![],
            compress: None,
            columns: ColumnsPlan { declared: None, on_new: OnNewColumn::Add },
        };
        TargetPlan { name: "leads".into(), kind: TargetKind::File(file), diverts: false }
    }

    fn stage() -> Stage {
        Stage::new("run1", Path::new("/not/needed"), 0)
    }

    fn try_open(path: PathBuf) -> Result<Box<dyn Target>, TargetError> {
        open(&plan(path), &stage(), None, false, Box::new(std::io::sink()))
    }

    fn batch(body: &str) -> Batch {
        Page::read(Bytes::from(body.to_owned()), Some(&PlainPath::default())).unwrap().batch()
    }

    fn names(folder: &TempDir) -> Vec<String> {
        let entries = fs::read_dir(folder.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn records_are_hidden_until_applied() {
        let folder = folder();
        let path = folder.path().join("a.jsonl");
        fs::write(&path, "old\n").unwrap();
        let mut target = try_open(path.clone()).unwrap();
        target.write(&batch("[{\"a\": 1.10},\n{\n\"b\":\n2}]")).unwrap();
        let receipt = target.settle().unwrap();
        let puts = Position { records: 2, bytes: 20 };
        assert_eq!(receipt, Receipt { puts, ..Receipt::default() });
        target.write(&batch("[3]")).unwrap();
        let prepared = target.prepare().unwrap();
        assert_eq!(names(&folder), [".a.jsonl.run1.river-tmp", "a.jsonl"]);
        assert_eq!(fs::read_to_string(&path).unwrap(), "old\n");

        let stored = serde_json::to_string(&prepared).unwrap();
        let prepared: Prepared = serde_json::from_str(&stored).unwrap();
        for _again in 0..2 {
            let landed = apply(&prepared).unwrap();
            assert_eq!((landed.records, landed.bytes, landed.created_folder), (3, 22, false));
            assert_eq!(fs::read_to_string(&path).unwrap(), "{\"a\": 1.10}\n{\"b\":2}\n3\n");
            assert_eq!(names(&folder), ["a.jsonl"]);
        }
    }

    #[test]
    fn what_a_dead_process_left_goes_on_at_its_receipt() {
        let folder = folder();
        let path = folder.path().join("a.jsonl");
        let sink = || Box::new(std::io::sink());
        let mut target = try_open(path.clone()).unwrap();
        target.write(&batch("[1,2]")).unwrap();
        let receipt = target.settle().unwrap();
        target.write(&batch("[3]")).unwrap();
        target.suspend().unwrap();
        let mut target = open(&plan(path.clone()), &stage(), Some(&receipt), false, sink()).unwrap();
        target.write(&batch("[4]")).unwrap();
        apply(&target.prepare().unwrap()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "1\n2\n4\n");

        let lost = open(&plan(path.clone()), &stage(), Some(&receipt), false, sink()).err().unwrap();
        assert!(matches!(lost, TargetError::SpoolLost { .. }), "{lost:?}");
        fs::write(folder.path().join(".a.jsonl.run1.river-tmp"), "1").unwrap();
        let short = open(&plan(path), &stage(), Some(&receipt), false, sink()).err().unwrap();
        assert!(short.to_string().ends_with("has 1 bytes of 4"), "{short}");
    }

    #[test]
    fn no_records_make_an_empty_file() {
        let folder = folder();
        let path = folder.path().join("new/deep/a.jsonl");
        let landed = apply(&try_open(path.clone()).unwrap().prepare().unwrap()).unwrap();
        assert!(landed.created_folder);
        assert_eq!(landed.destination, Some(path.clone()));
        assert_eq!(fs::read(path).unwrap(), b"");
    }

    #[test]
    fn what_is_given_up_leaves_nothing() {
        let folder = folder();
        let path = folder.path().join("a.jsonl");
        try_open(path.clone()).unwrap().abandon();
        assert!(names(&folder).is_empty());
        drop(try_open(path.clone()).unwrap());
        assert!(names(&folder).is_empty());
        let kept = try_open(path).unwrap().prepare().unwrap();
        assert_eq!(names(&folder).len(), 1);
        fs::remove_file(&kept.files[0].temporary).unwrap();
        let error = apply(&kept).unwrap_err();
        assert!(matches!(error, TargetError::Vanished { .. }), "{error:?}");
    }

    #[test]
    fn many_records_are_all_written() {
        let folder = folder();
        let path = folder.path().join("a.jsonl");
        let mut target = try_open(path.clone()).unwrap();
        let big = format!("[\"{}\",1]", "x".repeat(700_000));
        for _ in 0..3 {
            target.write(&batch(&big)).unwrap();
            target.write(&batch(&format!("[{}0]", "12345678,".repeat(20_000)))).unwrap();
        }
        let prepared = target.prepare().unwrap();
        apply(&prepared).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!((text.len() as u64, text.lines().count() as u64), (prepared.bytes, prepared.records));
        assert_eq!(prepared.records, 3 * (2 + 20_001));
    }

    #[test]
    fn places_that_cannot_be_written_are_refused() {
        let folder = folder();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("d")).unwrap();
        fs::write(path("f"), "").unwrap();
        fs::write(path("ro"), "").unwrap();
        let mut permissions = fs::metadata(path("ro")).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(path("ro"), permissions).unwrap();
        fs::write(path(".left.run1.river-tmp"), "").unwrap();
        let cases = [
            (path("d"), "`out/d` is a folder, not a file"),
            (path("f/a.jsonl"), "a folder in the path `out/a.jsonl` is a file"),
            (path("f/g/a.jsonl"), "a folder in the path `out/a.jsonl` is a file"),
            (path("ro"), "`out/ro` exists and is read-only"),
            (PathBuf::from("/dev/null"), "`out/null` is not a regular file"),
        ];
        for (path, message) in cases {
            let error = try_open(path).err().map(|error| (error.to_string(), error.help().is_some()));
            assert_eq!(error, Some((message.to_owned(), true)));
        }
        let long = try_open(path(&"n".repeat(256))).err().unwrap();
        assert!(matches!(long, TargetError::NameTooLong { .. }), "{long:?}");
        let left = try_open(path("left")).err().unwrap();
        assert!(matches!(left, TargetError::Leftover { .. }), "{left:?}");
        assert_eq!(names(&folder), [".left.run1.river-tmp", "d", "f", "ro"]);
    }

    #[test]
    fn a_long_name_has_a_shorter_temporary_one() {
        let folder = folder();
        let path = folder.path().join("é".repeat(127));
        let prepared = try_open(path.clone()).unwrap().prepare().unwrap();
        apply(&prepared).unwrap();
        assert!(path.exists());
    }

    #[cfg(unix)]
    #[test]
    fn links_and_permissions_are_kept() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = folder();
        fs::create_dir(folder.path().join("real")).unwrap();
        let (real, link) = (folder.path().join("real/a.jsonl"), folder.path().join("link"));
        fs::write(&real, "old").unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o600)).unwrap();
        symlink(&real, &link).unwrap();
        let mut target = try_open(link.clone()).unwrap();
        target.write(&batch("[1]")).unwrap();
        apply(&target.prepare().unwrap()).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&real).unwrap(), "1\n");
        assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[cfg(unix)]
    #[test]
    fn a_protected_folder_is_named() {
        use std::os::unix::fs::PermissionsExt;
        let folder = folder();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
        if fs::write(folder.path().join("probe"), "").is_ok() {
            return; // this user may write everywhere
        }
        let error = try_open(folder.path().join("a.jsonl")).err().unwrap();
        assert_eq!(error.to_string(), "the folder of `out/a.jsonl` may not be written");
    }
}
