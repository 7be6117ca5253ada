//! The text fields of a form that is sent as `multipart/form-data` (RFC 7578).

/// The boundary between the parts; `None` for any other content type.
pub(super) fn boundary(content_type: &str) -> Option<&str> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let mut parameters = parameters.split(';').filter_map(|parameter| parameter.split_once('='));
    let (_, value) = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("boundary"))?;
    Some(value.trim().trim_matches('"'))
}

/// The name and text of each part. Parts without a name are left out.
pub(super) fn read(body: &str, boundary: &str) -> Vec<(String, String)> {
    let delimiter = format!("--{boundary}");
    body.split(delimiter.as_str()).skip(1).filter_map(part).collect()
}

fn part(text: &str) -> Option<(String, String)> {
    let (head, content) = text.strip_prefix("\r\n")?.split_once("\r\n\r\n")?;
    let disposition =
        head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"))?;
    let name = disposition.split(';').find_map(|parameter| parameter.trim().strip_prefix("name="))?;
    Some((name.trim_matches('"').to_owned(), content.strip_suffix("\r\n").unwrap_or(content).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_form_of_parts_has_a_boundary() {
        for (content_type, expected) in [
            ("multipart/form-data; boundary=--1a", Some("--1a")),
            ("Multipart/Form-Data;charset=utf-8; Boundary=\"x y\"", Some("x y")),
            ("multipart/form-data", None),
            ("multipart/mixed; boundary=1", None),
            ("application/x-www-form-urlencoded", None),
        ] {
            assert_eq!(boundary(content_type), expected, "{content_type}");
        }
    }

    #[test]
    fn each_part_is_a_name_and_a_text() {
        let body = "before\r\n--B\r\nContent-Disposition: form-data; name=\"one\"\r\n\r\n1&2=%20\r\n--B\r\n\
                    content-type: text/plain\r\ncontent-disposition: form-data; name=two\r\n\r\nline\r\n\r\nline\r\n\
                    --B\r\nContent-Disposition: form-data\r\n\r\nnobody\r\n--B--\r\n";
        let read = read(body, "B");
        let read: Vec<_> = read.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        assert_eq!(read, [("one", "1&2=%20"), ("two", "line\r\n\r\nline")]);
    }

    #[test]
    fn what_is_no_form_has_no_parts() {
        for body in ["", "--B", "--B--", "a=b", "--B\r\n", "--B\r\nContent-Disposition: form-data; name=x"] {
            assert_eq!(read(body, "B"), [], "{body:?}");
        }
    }
}
