//! How each kind of paging ends: complete only when all pages were read.

use libtest_mimic::Trial;
use river::cli::Exit;
use river::spec::paginate::PaginateKind;
use serde_json::{Value, json};

use super::{Project, ended_with};

/// Pages with records, and the records of each.
const PAGES: u64 = 3;
const SIZE: u64 = 2;

/// What can become of a walk through pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Walk {
    /// The last page says that it is the last, or is empty.
    ReachesTheEnd,
    /// `max_pages` is reached before.
    ReachesTheCap,
    /// The second page is the first one again.
    RepeatsAPage,
    /// The second page names itself as the next one.
    RepeatsAName,
    /// The pages declare one record more than there are.
    MissesTheTotal,
    /// The server fails at the second page.
    BreaksOff,
}

impl Walk {
    const ALL: [Self; 6] = [
        Self::ReachesTheEnd,
        Self::ReachesTheCap,
        Self::RepeatsAPage,
        Self::RepeatsAName,
        Self::MissesTheTotal,
        Self::BreaksOff,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::ReachesTheEnd => "reaches_the_end",
            Self::ReachesTheCap => "reaches_the_cap",
            Self::RepeatsAPage => "repeats_a_page",
            Self::RepeatsAName => "repeats_a_name",
            Self::MissesTheTotal => "misses_the_total",
            Self::BreaksOff => "breaks_off",
        }
    }

    /// How the run ends then, exactly.
    fn exit(self) -> Exit {
        match self {
            Self::ReachesTheEnd => Exit::Success,
            Self::ReachesTheCap | Self::MissesTheTotal => Exit::Incomplete,
            Self::RepeatsAPage | Self::RepeatsAName | Self::BreaksOff => Exit::Failed,
        }
    }

    /// Keys of `paginate` besides those of its kind.
    fn keys(self) -> &'static str {
        match self {
            Self::ReachesTheCap => ", max_pages: 2",
            Self::MissesTheTotal => ", total: $.total",
            Self::ReachesTheEnd | Self::RepeatsAPage | Self::RepeatsAName | Self::BreaksOff => "",
        }
    }
}

/// How a kind asks for pages and how its pages name the next one.
struct Way {
    /// Its keys of `paginate`.
    keys: &'static str,
    /// The parameter `at` of the request of a page; none: it has none.
    at: fn(u64) -> Option<String>,
    /// Where a page names another: `next` of its body, or its `Link` header.
    names: Option<Naming>,
    /// Whether it can declare how many records there are.
    has_total: bool,
}

#[derive(Clone, Copy)]
enum Naming {
    Body(fn(u64) -> String),
    Link(fn(u64) -> String),
}

fn way(kind: PaginateKind) -> Way {
    let named = |page: u64| (page > 1).then(|| format!("p{page}"));
    match kind {
        PaginateKind::Page => Way {
            keys: "kind: page, into: query.at",
            at: |page| Some(page.to_string()),
            names: None,
            has_total: false,
        },
        PaginateKind::Offset => Way {
            keys: "kind: offset, into: query.at",
            at: |page| Some(((page - 1) * SIZE).to_string()),
            names: None,
            has_total: true,
        },
        PaginateKind::Cursor => Way {
            keys: "kind: cursor, next: $.next, into: query.at",
            at: named,
            names: Some(Naming::Body(|page| format!("p{page}"))),
            has_total: false,
        },
        PaginateKind::NextUrl => Way {
            keys: "kind: next_url, next: $.next",
            at: named,
            names: Some(Naming::Body(|page| format!("/items?at=p{page}"))),
            has_total: false,
        },
        PaginateKind::LinkHeader => Way {
            keys: "kind: link_header",
            at: named,
            names: Some(Naming::Link(|page| format!("</items?at=p{page}>; rel=\"next\""))),
            has_total: false,
        },
    }
}

pub(super) fn trials() -> Vec<Trial> {
    let walks = PaginateKind::ALL.iter().flat_map(|kind| Walk::ALL.map(|walk| (*kind, walk)));
    let possible = walks.filter(|(kind, walk)| way(*kind).can(*walk));
    let trial = |(kind, walk): (PaginateKind, Walk)| {
        let name = format!("conformance/paging/{}/{}", kind.word(), walk.name());
        Trial::test(name, move || Ok(holds(&way(kind), walk)?))
    };
    possible.map(trial).collect()
}

fn holds(way: &Way, walk: Walk) -> Result<(), String> {
    let paginate = format!("{{ {}{} }}", way.keys, walk.keys());
    let pipeline = format!(
        "name: demo
connection: {{ base_url: {{ from: env:BASE, secret: false }} }}
steps:
  - name: items
    request: {{ url: /items }}
    retry: {{ max_retries: 0 }}
    paginate: {paginate}
    records: $.data
    write: {{ kind: jsonl, path: out/items.jsonl }}
"
    );
    let project = Project::new(&pipeline, &way.script(walk))?;
    let ended = project.run()?;
    ended_with(&ended, walk.exit())?;
    project.no_surprises()?;
    let landed = project.landed("items.jsonl").map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let lines =
        || (1..=PAGES * SIZE).map(|id| json!({ "id": id }).to_string() + "\n").collect::<Vec<_>>().concat();
    let due = walk.exit().is_success().then(lines);
    if landed == due { Ok(()) } else { Err(format!("{due:?} should have landed, there is {landed:?}")) }
}

impl Way {
    fn can(&self, walk: Walk) -> bool {
        match walk {
            Walk::ReachesTheEnd | Walk::ReachesTheCap | Walk::RepeatsAPage | Walk::BreaksOff => true,
            Walk::RepeatsAName => self.names.is_some(),
            Walk::MissesTheTotal => self.has_total,
        }
    }

    /// One page more than have records, for kinds that only an empty one ends.
    fn script(&self, walk: Walk) -> Vec<Value> {
        let last = if self.names.is_some() { PAGES } else { PAGES + 1 };
        (1..=last).map(|page| self.exchange(page, walk)).collect()
    }

    fn exchange(&self, page: u64, walk: Walk) -> Value {
        // What the body says is of this page.
        let (shown, next) = match walk {
            Walk::RepeatsAPage if page == 2 => (1, 2),
            Walk::RepeatsAName if page == 2 => (2, 2),
            Walk::ReachesTheEnd
            | Walk::ReachesTheCap
            | Walk::RepeatsAPage
            | Walk::RepeatsAName
            | Walk::MissesTheTotal
            | Walk::BreaksOff => (page, page + 1),
        };
        let first = (shown - 1) * SIZE + 1;
        let ids = if shown > PAGES { first..first } else { first..first + SIZE };
        let mut body = json!({ "data": ids.map(|id| json!({ "id": id })).collect::<Vec<_>>() });
        let mut exchange = json!({ "on": "GET /items" });
        match (self.at)(page) {
            Some(at) => exchange["query"] = json!({ "at": at }),
            None => exchange["without_query"] = json!(["at"]),
        }
        match self.names.filter(|_| page < PAGES) {
            Some(Naming::Body(name)) => body["next"] = json!(name(next)),
            Some(Naming::Link(name)) => exchange["answer"] = json!([["Link", name(next)]]),
            None => {}
        }
        if walk == Walk::MissesTheTotal {
            body["total"] = json!(PAGES * SIZE + 1);
        }
        if walk == Walk::BreaksOff && page == 2 {
            exchange["status"] = json!(500);
        }
        exchange["json"] = body;
        exchange
    }
}
