//! A file of JSON Lines made of a spool and what was there before.

use super::Maker;
use super::changes::{Changes, Fate};
use super::sink::{Former, Sink};
use crate::plan::target::Mode;
use crate::record::key::KeyReader;
use crate::target::error::TargetError;
use crate::target::spool::SpoolReader;

/// Writes the file; says how many records went.
pub(super) fn write(maker: &Maker<'_>, former: Option<Former>, sink: &mut Sink) -> Result<u64, TargetError> {
    let mut puts = maker.puts()?;
    match (&maker.plan.mode, former) {
        (Mode::Merge { key }, former) => merge(maker, key, former, &mut puts, sink),
        (Mode::Append, Some(mut former)) => {
            sink.put_rest(&mut former)?;
            append(maker, &mut puts, sink)?;
            Ok(0)
        }
        (Mode::Replace | Mode::Append, _) => {
            append(maker, &mut puts, sink)?;
            Ok(0)
        }
    }
}

fn append(maker: &Maker<'_>, puts: &mut SpoolReader, sink: &mut Sink) -> Result<(), TargetError> {
    while let Some((_, record)) = puts.next()? {
        sink.put_record(record)?;
        maker.count.record();
    }
    Ok(())
}

/// Lines with a changed key are replaced where they are, new ones come last; all others stay byte for byte.
fn merge(
    maker: &Maker<'_>,
    key: &[String],
    former: Option<Former>,
    puts: &mut SpoolReader,
    sink: &mut Sink,
) -> Result<u64, TargetError> {
    let mut changes = Changes::read(
        KeyReader::new(key.to_vec(), maker.plan.format.compares_keys_as_text()),
        puts,
        maker.deletes,
        maker.shown(),
    )?;
    let mut deleted = 0;
    if let Some(mut former) = former {
        let mut line = Vec::new();
        while former.line(&mut line)? {
            match changes.fate_of(&line) {
                Fate::Stays => sink.put_line(&line)?,
                Fate::Replaced(offset) => sink.put_record(puts.at(offset)?)?,
                Fate::Deleted => deleted += 1,
                Fate::Doubled => {}
            }
        }
    }
    let mut puts = maker.puts()?;
    while let Some((offset, record)) = puts.next()? {
        if changes.is_new(record, offset) {
            sink.put_record(record)?;
        }
        maker.count.record();
    }
    Ok(deleted)
}
