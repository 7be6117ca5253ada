//! Where in a request a credential goes.

use std::str::FromStr;

use http::header::HeaderName;

/// A header, a query parameter or a cookie, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// `headers.NAME`
    Header(String),
    /// `query.NAME`
    Query(String),
    /// `cookies.NAME`
    Cookie(String),
}

/// A text that names no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// Another first word, or no name behind it.
    #[error("`{found}` is no place; allowed are `headers.NAME`, `query.NAME`, `cookies.NAME`")]
    Unknown {
        /// As written.
        found: String,
    },
    /// Names of headers and cookies are letters, digits and a few signs (RFC 9110, 5.6.2).
    #[error("`{name}` cannot be the name of a {kind}: only letters, digits and `-` `_` are safe")]
    Name {
        /// Of the header or cookie.
        name: String,
        /// Which of the two.
        kind: &'static str,
    },
}

impl Place {
    /// The header, if it is one.
    pub fn header(&self) -> Option<&str> {
        match self {
            Self::Header(name) => Some(name),
            Self::Query(_) | Self::Cookie(_) => None,
        }
    }

    /// Whether it is a cookie, into which no token goes.
    pub fn is_cookie(&self) -> bool {
        match self {
            Self::Cookie(_) => true,
            Self::Header(_) | Self::Query(_) => false,
        }
    }
}

impl FromStr for Place {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let unknown = || PlaceError::Unknown { found: text.to_owned() };
        let (word, name) = text.split_once('.').filter(|(_, name)| !name.is_empty()).ok_or_else(unknown)?;
        let token = |kind| {
            let refused = |_| PlaceError::Name { name: name.to_owned(), kind };
            HeaderName::from_bytes(name.as_bytes()).map_err(refused)
        };
        match word {
            "headers" => token("header").map(|_| Self::Header(name.to_owned())),
            "query" => Ok(Self::Query(name.to_owned())),
            "cookies" => token("cookie").map(|_| Self::Cookie(name.to_owned())),
            _ => Err(unknown()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read() {
        let cases = [
            ("headers.X-Api-Key", Ok(Place::Header("X-Api-Key".to_owned()))),
            ("query.key.of.mine", Ok(Place::Query("key.of.mine".to_owned()))),
            ("cookies.sid", Ok(Place::Cookie("sid".to_owned()))),
            (
                "header.X",
                Err("`header.X` is no place; allowed are `headers.NAME`, `query.NAME`, `cookies.NAME`"),
            ),
            ("query.", Err("`query.` is no place; allowed are `headers.NAME`, `query.NAME`, `cookies.NAME`")),
            ("query", Err("`query` is no place; allowed are `headers.NAME`, `query.NAME`, `cookies.NAME`")),
            (
                "headers.X Y",
                Err("`X Y` cannot be the name of a header: only letters, digits and `-` `_` are safe"),
            ),
            (
                "cookies.a;b",
                Err("`a;b` cannot be the name of a cookie: only letters, digits and `-` `_` are safe"),
            ),
        ];
        for (text, expected) in cases {
            let place = text.parse::<Place>().map_err(|error| error.to_string());
            assert_eq!(place, expected.map_err(str::to_owned), "{text}");
        }
    }
}
