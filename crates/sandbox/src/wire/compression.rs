//! Answers in gzip, for clients that accept it.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::{Reply, WireRequest};

/// Shorter bodies would hardly become shorter.
const SHORTEST: usize = 1_000;

impl Reply {
    /// The same reply, compressed if it is long and the client accepts gzip. A reply that is to be cut stays as it is,
    /// so that the cut is where it was meant to be.
    #[must_use]
    pub fn compressed_for(self, request: &WireRequest) -> Self {
        if self.body.len() < SHORTEST || self.cut.is_some() || !accepts_gzip(request) {
            return self;
        }
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        match encoder.write_all(&self.body).and_then(|()| encoder.finish()) {
            Ok(body) => Self { body: body.into(), ..self }
                .header("content-encoding", "gzip")
                .header("vary", "accept-encoding"),
            Err(_) => self,
        }
    }
}

/// Whether gzip is named, and not to say that it is unwanted.
fn accepts_gzip(request: &WireRequest) -> bool {
    request.header("accept-encoding").unwrap_or_default().split(',').any(|coding| {
        let (name, parameters) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = parameters.trim().strip_prefix("q=").map(str::parse);
        name.trim().eq_ignore_ascii_case("gzip") && weight != Some(Ok(0.0))
    })
}
