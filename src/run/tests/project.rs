//! The pipeline of the histories: a loop over items that is built by hand, since no pipeline can ask for one yet.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tempfile::TempDir;
use tokio::sync::oneshot;

use super::service::Asked;
use crate::auth::store::Protection;
use crate::diagnostic::{Findings, Sources, Span};
use crate::expr::Expression;
use crate::http::TransportSettings;
use crate::plan::block::{Block, EachPlan, GroupPlan, Node, OnItemError, StepId};
use crate::plan::connection::ConnectionFiles;
use crate::plan::written::Written;
use crate::plan::{Input, Plan, build};
use crate::run::interrupt::Interrupt;
use crate::run::world::{Clock, Overlap, Window, World};
use crate::secret::Environment;
use crate::spec;
use crate::spec::node::{Text, TextStyle};
use crate::spec::pipeline::PipelineSpec;

thread_local! {
    static COUNT: std::cell::Cell<u16> = const { std::cell::Cell::new(0) };
}

/// What is different between the pipelines.
#[derive(Debug, Clone)]
pub(in crate::run) struct Wishes {
    pub(in crate::run) items: u64,
    pub(in crate::run) concurrency: u16,
    pub(in crate::run) on_error: OnItemError,
    /// One mark for all items, or one for each.
    pub(in crate::run) per_item: bool,
    /// The mode of the first target: `replace` or `append`.
    pub(in crate::run) mode: &'static str,
    /// A loop within a loop: each item is read twice, in a group.
    pub(in crate::run) nested: bool,
}

impl Default for Wishes {
    fn default() -> Self {
        let on_error = OnItemError::Fail;
        Self { items: 3, concurrency: 2, on_error, per_item: true, mode: "append", nested: false }
    }
}

/// A project in a folder that is gone with it.
#[derive(Debug)]
pub(in crate::run) struct Project {
    folder: TempDir,
    pub(in crate::run) plan: Plan,
}

impl Project {
    pub(in crate::run) fn new(wishes: &Wishes) -> Self {
        // Where memory is a disk, syncing costs nothing.
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() }.unwrap();
        let plan = plan(wishes, folder.path());
        Self { folder, plan }
    }

    /// Everything that a run left is gone.
    pub(in crate::run) fn clear(&self) {
        for entry in fs::read_dir(self.folder.path()).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
        }
    }

    /// What a file of the project holds; none: it is not there.
    pub(in crate::run) fn read(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.folder.path().join(name)).ok()
    }

    pub(in crate::run) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(in crate::run) fn state(&self) -> PathBuf {
        self.folder.path().join(".river")
    }

    /// What is left of runs that are over: nothing should be.
    pub(in crate::run) fn leftovers(&self) -> Vec<String> {
        let stage = self.state().join("stage");
        let staged = fs::read_dir(stage).into_iter().flatten().flatten();
        let hidden = fs::read_dir(self.folder.path().join("out")).into_iter().flatten().flatten();
        let names = staged.chain(hidden).map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.filter(|name| !["lines.jsonl", "rows.csv"].contains(&name.as_str())).collect()
    }

    /// The world of a process.
    pub(in crate::run) fn world(&self, asked: &Asked, clock: &VirtualClock, interrupt: Interrupt) -> World {
        let transport =
            TransportSettings { script: Some(Arc::new(asked.clone())), ..TransportSettings::default() };
        World {
            clock: Arc::new(clock.clone()),
            // The ids of runs that begin in one second differ by it.
            random: Box::new(|| COUNT.with(|count| f64::from(count.replace(count.get() + 1)) / 65536.0)),
            environment: Environment::new(),
            ask: Box::new(|_| unreachable!("nobody is asked")),
            stdout: Box::new(|| Box::new(std::io::sink())),
            only_origin: None,
            transport,
            state: Some(self.state()),
            protection: Protection::default(),
            interrupt,
            fingerprint: "f".to_owned(),
            overlap: Overlap::Fail,
            restart: false,
            full_refresh: false,
            window: Window::default(),
        }
    }
}

fn plan(wishes: &Wishes, root: &Path) -> Plan {
    let per = if wishes.per_item { ", per: item" } else { "" };
    let text = format!(
        "name: items
steps:
  - name: never
    request: {{ url: 'https://api.test/never' }}
    extract: {{ item: $.item, again: $.again }}
  - name: token
    request: {{ method: POST, url: 'https://api.test/token' }}
    extract: {{ token: {{ jsonpath: $.token, secret: true }} }}
  - name: pull
    request:
      url: 'https://api.test/items/{{{{ item }}}}'
      headers: {{ Authorization: 'Bearer {{{{ token }}}}' }}
    rules:
      - when: response.status == 401
        do: retry
        after: token
    paginate: {{ kind: page, into: query.page, more: response.json.more }}
    records: $.data
    state: {{ at: {{ max: $.at, type: number{per} }} }}
    write: [rows, lines]
targets:
  lines: {{ kind: jsonl, path: out/lines.jsonl, mode: {} }}
  rows: {{ kind: csv, path: out/rows.csv, mode: merge, key: [id] }}
",
        wishes.mode
    );
    let (mut sources, mut findings) = (Sources::default(), Findings::default());
    let file = sources.add("pipeline.yaml", text.as_str());
    let pipeline = spec::read::<PipelineSpec>(&sources, file, &mut findings).unwrap();
    let input = Input {
        pipeline: &pipeline,
        connections: &ConnectionFiles::default(),
        params: &[],
        environment: &Environment::default(),
        root: root.to_owned(),
        output_root: root.to_owned(),
        complete: true,
    };
    let checked = build(&input, findings).unwrap_or_else(|findings| panic!("{findings:?}"));
    let mut plan = checked.plan;
    let [_, token, pull] = [0, 1, 2].map(StepId::at);
    let items: Vec<String> = (0..wishes.items).map(|item| item.to_string()).collect();
    let span = plan.steps[2].span;
    let each = |name: &str, item: &str, items: String, block: Vec<Node>| {
        Node::Each(EachPlan {
            name: name.to_owned(),
            items: expression(&format!("[{items}]"), span),
            is_secret: false,
            item: item.to_owned(),
            concurrency: NonZeroU16::new(wishes.concurrency).unwrap(),
            block: Block(block),
            on_error: wishes.on_error,
        })
    };
    let inner = if wishes.nested {
        let group = GroupPlan { name: "both".to_owned(), when: None, block: Block(vec![Node::Step(pull)]) };
        vec![each("again", "again", "1".to_owned(), vec![Node::Group(group)])]
    } else {
        vec![Node::Step(pull)]
    };
    plan.block = Block(vec![Node::Step(token), each("items", "item", items.join(", "), inner)]);
    plan
}

/// An expression that stands nowhere in the file: its place is that of a step.
fn expression(text: &str, span: Span) -> Written<Expression> {
    let text = Text { span, value: text.to_owned(), style: TextStyle::Plain, offsets: None };
    Written::expression(&text, &mut Findings::default()).unwrap()
}

/// Time that passes when the scheduler says so.
#[derive(Debug, Clone, Default)]
pub(in crate::run) struct VirtualClock(Arc<Mutex<Time>>);

#[derive(Debug, Default)]
struct Time {
    since_start: Duration,
    sleepers: BTreeMap<(Duration, usize), oneshot::Sender<()>>,
    count: usize,
}

impl VirtualClock {
    fn time(&self) -> std::sync::MutexGuard<'_, Time> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether somebody sleeps.
    pub(in crate::run) fn has_sleepers(&self) -> bool {
        let mut time = self.time();
        time.sleepers.retain(|_, sleeper| !sleeper.is_closed());
        !time.sleepers.is_empty()
    }

    /// Time passes until the next one wakes.
    pub(in crate::run) fn wake_next(&self) {
        let mut time = self.time();
        if let Some(((at, _), sleeper)) = time.sleepers.pop_first() {
            time.since_start = time.since_start.max(at);
            let _ = sleeper.send(());
        }
    }

    /// Time passes.
    pub(in crate::run) fn pass(&self, by: Duration) {
        self.time().since_start += by;
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_800_000_000) + self.time().since_start
    }

    fn sleep(&self, length: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let (wake, woken) = oneshot::channel();
        let mut time = self.time();
        time.count += 1;
        let key = (time.since_start + length, time.count);
        time.sleepers.insert(key, wake);
        drop(time);
        Box::pin(async move { drop(woken.await) })
    }
}
