//! The parameters of a request to the accounts server, wherever they stand.
//!
//! Zoho: its documents put them into the body, its samples into the query, its collections into `multipart/form-data`.

use super::super::wire::WireRequest;

/// The parameters of body and query, those of the body first.
#[derive(Debug)]
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(super) fn of(request: &WireRequest) -> Self {
        let body = match multipart_boundary(request) {
            Some(boundary) => parts(&String::from_utf8_lossy(&request.body), &boundary),
            None => request.form(),
        };
        Self(body.into_iter().chain(request.query.iter().cloned()).collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

fn multipart_boundary(request: &WireRequest) -> Option<String> {
    let mut parts = request.header("content-type")?.split(';').map(str::trim);
    if !parts.next()?.eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let boundary = parts.find_map(|part| part.strip_prefix("boundary="))?;
    Some(boundary.trim_matches('"').to_owned())
}

/// The named parts; a part that is none is passed over.
fn parts(body: &str, boundary: &str) -> Vec<(String, String)> {
    body.split(&format!("--{boundary}")).filter_map(part).collect()
}

fn part(text: &str) -> Option<(String, String)> {
    let (head, content) = text.strip_prefix("\r\n")?.split_once("\r\n\r\n")?;
    let (_, name) = head.split_once(" name=\"")?;
    let (name, _) = name.split_once('"')?;
    Some((name.to_owned(), content.strip_suffix("\r\n")?.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_multipart_body() {
        let body = "--X\r\nContent-Disposition: form-data; name=\"code\"\r\n\r\n1000.a\r\nb\r\n\
                    --X\r\nno head\r\n\
                    --X\r\nContent-Disposition: form-data; name=\"empty\"\r\nContent-Type: text/plain\r\n\r\n\r\n--X--\r\n";
        let expected = [("code", "1000.a\r\nb"), ("empty", "")];
        assert_eq!(parts(body, "X"), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
