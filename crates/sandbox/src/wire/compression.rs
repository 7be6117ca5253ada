//! Compresses answers with gzip, for clients that accept it.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::{Reply, WireRequest};

/// Compressing shorter bodies is not worth it.
const SHORTEST: usize = 1_000;

impl Reply {
    /// The same reply, compressed if it is long and the client accepts gzip. A reply that will be cut is not
    /// compressed, so that the cut is at the intended byte.
    #[must_use]
    pub(crate) fn compressed_for(self, request: &WireRequest) -> Self {
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

/// Whether gzip is listed, and not with a quality of 0.
fn accepts_gzip(request: &WireRequest) -> bool {
    request.header("accept-encoding").unwrap_or_default().split(',').any(|coding| {
        let (name, parameters) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = parameters.trim().strip_prefix("q=").map(str::parse);
        name.trim().eq_ignore_ascii_case("gzip") && weight != Some(Ok(0.0))
    })
}
