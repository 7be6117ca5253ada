//! A server of fixed pages: one thread a connection, bodies made once.

mod leads;

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

/// How many pages of leads are made; they take turns.
const DIFFERENT_PAGES: usize = 16;

/// The bodies of all pages but the last, which take turns, and of the last.
#[derive(Clone)]
pub(crate) struct Pages {
    bodies: Arc<[Arc<str>]>,
    last: Arc<str>,
}

impl Pages {
    /// As most services send them.
    pub(crate) fn compact(records: usize) -> Self {
        Self::new(records, |text| text)
    }

    /// With line breaks and indentation.
    pub(crate) fn pretty(records: usize) -> Self {
        Self::new(records, |text| {
            let value: serde_json::Value = serde_json::from_str(&text).expect("own JSON");
            serde_json::to_string_pretty(&value).expect("JSON can be written")
        })
    }

    /// Records of six fields, of about 130 bytes.
    pub(crate) fn of_six_fields(records: usize) -> Self {
        let page = |more: bool| {
            let list: Vec<String> = (0..records).map(six_fields).collect();
            format!(r#"{{"data":[{}],"info":{{"more_records":{more}}}}}"#, list.join(","))
        };
        Self::same(page(true), page(false))
    }

    /// Leads of a CRM: short values of every kind, in many scripts, and no page like the one before.
    pub(crate) fn of_leads(records: usize) -> Self {
        let page = |number: usize, more: bool| -> Arc<str> {
            let list = leads::list(number, records);
            format!(r#"{{"data":[{list}],"info":{{"per_page":{records},"more_records":{more}}}}}"#).into()
        };
        let bodies = (0..DIFFERENT_PAGES).map(|number| page(number, true)).collect();
        Self { bodies, last: page(DIFFERENT_PAGES, false) }
    }

    /// The bytes of the first `count` pages together.
    pub(crate) fn byte_len(&self, count: usize) -> usize {
        (1..=count).map(|page| self.body(page, count).len()).sum()
    }

    fn body(&self, page: usize, count: usize) -> &str {
        if page < count { &self.bodies[page % self.bodies.len()] } else { &self.last }
    }

    fn new(records: usize, shape: impl Fn(String) -> String) -> Self {
        let page =
            |more: bool| shape(format!(r#"{{"data":[{}],"info":{{"more_records":{more}}}}}"#, data(records)));
        Self::same(page(true), page(false))
    }

    fn same(body: String, last: String) -> Self {
        Self { bodies: [body.into()].into(), last: last.into() }
    }
}

fn six_fields(index: usize) -> String {
    format!(
        r#"{{"id":"48768760004{index:08}","name":"Müller-{index}","email":"person{index}@example.com","score":{index},"revenue":1234567.89,"active":true}}"#
    )
}

/// Records of about 1.4 kB, of the shape of a CRM's.
fn data(records: usize) -> String {
    let mut text = String::new();
    for index in 0..records {
        let comma = if index == 0 { "" } else { "," };
        let _ = write!(
            text,
            r#"{comma}{{"id":"48768760004{index:08}","Last_Name":"Müller-{index}","First_Name":"Åsa","#
        );
        let _ = write!(
            text,
            r#""Email":"person{index}@example.com","Company":"Ex \"ample\" & Söhne","Score":{index},"Modified_Time":"2024-01-02T03:{:02}:{:02}+05:30","#,
            index * 7 % 60,
            index * 13 % 60
        );
        for field in 0..24 {
            let _ =
                write!(text, r#""Field_{field}":"value {field} of record {index}, long enough to be real","#);
        }
        text.push_str(
            r#""Tags":[{"name":"vip","id":"1"}],"Approved":true,"Revenue":1234567.89,"Parent":null}"#,
        );
    }
    text
}

/// Listens until the process ends.
pub(crate) struct Server {
    port: u16,
}

impl Server {
    /// Serves `count` pages, each after a delay.
    pub(crate) fn start(pages: Pages, count: usize, delay: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let pages = pages.clone();
                std::thread::spawn(move || serve(stream, &pages, count, delay));
            }
        });
        Self { port }
    }

    /// Where it listens.
    pub(crate) fn base_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

fn serve(stream: TcpStream, pages: &Pages, count: usize, delay: Duration) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut writer = stream.try_clone().ok()?;
    let mut reader = BufReader::new(stream);
    loop {
        let page = read_request(&mut reader)?;
        std::thread::sleep(delay); // a server that thinks, not a wait for luck
        let body = pages.body(page, count);
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        writer.write_all(head.as_bytes()).ok()?;
        writer.write_all(body.as_bytes()).ok()?;
    }
}

/// The page number of the next request on a connection; none at its end.
fn read_request(reader: &mut impl BufRead) -> Option<usize> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let digits = line.split("page=").nth(1).unwrap_or("1");
    let digits: String = digits.chars().take_while(char::is_ascii_digit).collect();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok().filter(|read| *read > 0)?;
        if header == "\r\n" {
            return digits.parse().ok();
        }
    }
}
