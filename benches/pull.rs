//! What a pull costs: CPU seconds and peak memory of the whole `river` process, beside `curl` in the same run.
//!
//! `cargo bench` prints one line a workload; `-- --quick` takes a tenth of the pages, `-- --pairs` does only the pairs
//! with `curl`. The server is a thread of this process and costs the client nothing. Numbers of one machine compare with
//! each other, not with another's.

mod server;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use server::{Pages, Server};

/// Where the records go.
const FILE: &str = "{ kind: jsonl, path: out/records.jsonl }";
/// A file, and up to where was read.
const WATERMARK: &str =
    "{ kind: jsonl, path: out/bench.jsonl }\n    state: { since: { max: $.Modified_Time, type: datetime } }";
const STDOUT: &str = "{ kind: stdout }";
const CSV: &str = "{ kind: csv, path: out/records.csv }";
const SQLITE: &str = "{ kind: sqlite, path: out/records.db, table: records }";
const MERGE: &str = "{ kind: sqlite, path: out/records.db, table: records, mode: merge, key: id }";
const GZIP: &str = "{ kind: jsonl, path: out/records.jsonl.gz, compress: gzip }";
const ZSTD: &str = "{ kind: jsonl, path: out/records.jsonl.zst, compress: zstd }";

/// Records of a page.
const PER_PAGE: usize = 200;

/// How often river and curl run one after the other. Their ratio is the median of so many.
const PAIRS: usize = 9;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(place) = arguments.iter().position(|argument| argument == "--measure") {
        return measure_here(&arguments[place + 1..]);
    }
    let pages = if arguments.iter().any(|argument| argument == "--quick") { 250 } else { 2500 };
    let folder = tempfile::tempdir().expect("a folder for the outputs");
    let bench = Bench { folder: folder.path().to_path_buf(), pages };
    bench.pairs();
    if arguments.iter().any(|argument| argument == "--pairs") {
        return;
    }
    println!(
        "{:<28} {:>9} {:>9} {:>12} {:>9} {:>14}",
        "workload", "cpu s", "wall s", "records/cpu", "peak MB", "wall of curl"
    );
    bench.pull("compact pages", Pages::compact(PER_PAGE), pages, FILE);
    // To standard output: that much on a disk would measure the disk.
    bench.pull("compact pages, 10 times", Pages::compact(PER_PAGE), pages * 10, STDOUT);
    bench.pull("pretty-printed pages", Pages::pretty(PER_PAGE), pages, FILE);
    bench.pull("compact pages, a watermark", Pages::compact(PER_PAGE), pages, WATERMARK);
    bench.prefetch();
    for (name, target) in [
        ("6 fields to jsonl", FILE),
        ("6 fields to csv", CSV),
        ("6 fields to sqlite", SQLITE),
        ("6 fields merged in sqlite", MERGE),
    ] {
        bench.pull(name, Pages::of_six_fields(PER_PAGE), pages, target);
    }
    bench.pull("6 fields to csv, 4 times", Pages::of_six_fields(PER_PAGE), pages * 4, CSV);
    bench.pull("6 fields to sqlite, 4 times", Pages::of_six_fields(PER_PAGE), pages * 4, SQLITE);
    for (name, target) in [
        ("32 fields to csv", CSV),
        ("32 fields to sqlite", SQLITE),
        ("32 fields, gzip", GZIP),
        ("32 fields, zstd", ZSTD),
    ] {
        bench.pull(name, Pages::compact(PER_PAGE), pages, target);
    }
    bench.start();
}

struct Bench {
    folder: PathBuf,
    pages: usize,
}

/// What a command cost.
struct Cost {
    cpu: Duration,
    wall: Duration,
    peak_megabytes: f64,
}

/// The CPU of river, and of curl right after it.
struct Pair {
    river: Duration,
    curl: Duration,
}

impl Pair {
    fn ratio(&self) -> f64 {
        self.river.as_secs_f64() / self.curl.as_secs_f64().max(0.001)
    }
}

impl Bench {
    /// Every page by its number.
    fn pull(&self, name: &str, bodies: Pages, pages: usize, target: &str) {
        let server = Server::start(bodies, pages, Duration::ZERO);
        let pipeline = self.pipeline(&server, "", target);
        let river = measure(&self.folder, &[river(), "run".into(), "-q".into(), pipeline]);
        let curl = measure(&self.folder, &curl(&server, pages, 1, "/dev/null"));
        line(name, &river, pages * PER_PAGE, &curl);
        let _ = std::fs::remove_dir_all(self.folder.join("out"));
    }

    /// The CPU of river for each second of CPU of a curl that writes the same pages to a file. They run in turns, so
    /// that both meet the same machine, and a busy moment spoils one pair only.
    fn pairs(&self) {
        let bodies = Pages::of_leads(PER_PAGE);
        let bytes = bodies.byte_len(self.pages) as u64;
        let server = Server::start(bodies, self.pages, Duration::ZERO);
        let pipeline = self.pipeline(&server, "", FILE);
        let river = [river(), "run".into(), "-q".into(), pipeline];
        let curl = curl(&server, self.pages, 1, "-");

        let mut pairs: Vec<Pair> = (0..PAIRS).map(|_| self.pair(&river, &curl, bytes)).collect();
        pairs.sort_by(|one, other| one.ratio().total_cmp(&other.ratio()));
        let median = &pairs[PAIRS / 2];
        println!("CPU of river / CPU of curl, which writes the same {} MB to a file:", bytes / 1_000_000);
        println!(
            "{:.2} (median of {PAIRS} pairs, {:.2} to {:.2}; in the median pair {:.3} s / {:.3} s)\n",
            median.ratio(),
            pairs[0].ratio(),
            pairs[PAIRS - 1].ratio(),
            median.river.as_secs_f64(),
            median.curl.as_secs_f64(),
        );
    }

    fn pair(&self, river: &[String], curl: &[String], bytes: u64) -> Pair {
        let records = self.folder.join("out/records.jsonl");
        let river = measure(&self.folder, river).cpu;
        // Each record and a line feed: a little less than the pages.
        let landed = std::fs::metadata(&records).map_or(0, |file| file.len());
        assert!(landed > bytes / 100 * 99 && landed < bytes, "river landed {landed} bytes of {bytes}");
        let _ = std::fs::remove_dir_all(self.folder.join("out"));

        let pages = self.folder.join("pages.json");
        let curl = measure_into(&self.folder, curl, Some(&pages)).cpu;
        let written = std::fs::metadata(&pages).map_or(0, |file| file.len());
        assert_eq!(written, bytes, "curl wrote something else");
        let _ = std::fs::remove_file(pages);
        Pair { river, curl }
    }

    /// Slow answers: eight pages in flight, beside curl with as many transfers.
    fn prefetch(&self) {
        let pages = self.pages / 5;
        let server = Server::start(Pages::compact(PER_PAGE), pages, Duration::from_millis(20));
        let pipeline = self.pipeline(&server, ", prefetch: 8", FILE);
        let river = measure(&self.folder, &[river(), "run".into(), "-q".into(), pipeline]);
        let curl = measure(&self.folder, &curl(&server, pages, 8, "/dev/null"));
        line("20 ms a page, prefetch 8", &river, pages * PER_PAGE, &curl);
    }

    /// What it costs to do nothing, and one request.
    fn start(&self) {
        let server = Server::start(Pages::compact(1), 1, Duration::ZERO);
        let pipeline = self.pipeline(&server, "", FILE);
        let version = measure(&self.folder, &[river(), "--version".into()]);
        let one = measure(&self.folder, &[river(), "run".into(), "-q".into(), pipeline]);
        let curl = measure(&self.folder, &curl(&server, 1, 1, "/dev/null"));
        line("--version", &version, 0, &curl);
        line("one request", &one, 1, &curl);
    }

    fn pipeline(&self, server: &Server, more: &str, target: &str) -> String {
        let text = format!(
            "name: bench\nsteps:\n  - name: pull\n    request: {{ url: \"{}/pages\" }}\n    \
             paginate: {{ kind: page, into: query.page, allow_repeat: true, more: response.json.info.more_records{more} }}\n    \
             records: $.data\n    write: {target}\n",
            server.base_url()
        );
        let path = self.folder.join("bench.yaml");
        std::fs::write(&path, text).expect("the pipeline can be written");
        path.display().to_string()
    }
}

fn river() -> String {
    env!("CARGO_BIN_EXE_river").to_owned()
}

fn curl(server: &Server, pages: usize, parallel: usize, output: &str) -> Vec<String> {
    let mut command = vec!["curl".to_owned(), "-sS".to_owned(), "--fail".to_owned()];
    if parallel > 1 {
        command.extend(["--parallel".to_owned(), "--parallel-max".to_owned(), parallel.to_string()]);
    }
    command.extend([
        "-o".to_owned(),
        output.to_owned(),
        format!("{}/pages?page=[1-{pages}]", server.base_url()),
    ]);
    command
}

fn line(name: &str, river: &Cost, records: usize, curl: &Cost) {
    #[expect(clippy::cast_precision_loss, reason = "printed rounded")]
    let rate = records as f64 / river.cpu.as_secs_f64().max(0.001);
    println!(
        "{name:<28} {:>9.3} {:>9.3} {rate:>12.0} {:>9.1} {:>9.3} ({:.2}x)",
        river.cpu.as_secs_f64(),
        river.wall.as_secs_f64(),
        river.peak_megabytes,
        curl.wall.as_secs_f64(),
        river.wall.as_secs_f64() / curl.wall.as_secs_f64().max(0.001),
    );
}

/// Runs a command in a process of its own, so that the peak memory is that of one command.
fn measure(folder: &Path, command: &[String]) -> Cost {
    measure_into(folder, command, None)
}

/// The same with what the command prints in a file.
fn measure_into(folder: &Path, command: &[String], into: Option<&Path>) -> Cost {
    let bench = std::env::current_exe().expect("the bench knows its own file");
    let output = Command::new(bench)
        .arg("--measure")
        .arg(into.unwrap_or(Path::new("/dev/null")))
        .args(command)
        .current_dir(folder)
        .env("NO_PROXY", "127.0.0.1")
        .output();
    let output = output.expect("the bench can start itself");
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<f64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [cpu, wall, peak_megabytes] = numbers[..] else {
        panic!("`{}` failed: {text} {}", command.join(" "), String::from_utf8_lossy(&output.stderr));
    };
    Cost { cpu: Duration::from_secs_f64(cpu), wall: Duration::from_secs_f64(wall), peak_megabytes }
}

fn measure_here(arguments: &[String]) {
    let [into, command @ ..] = arguments else { panic!("`--measure` wants a file and a command") };
    let into = File::create(into).expect("what it prints can be written");
    let started = Instant::now();
    let status = Command::new(&command[0]).args(&command[1..]).stdout(Stdio::from(into)).status();
    let wall = started.elapsed();
    assert!(status.is_ok_and(|status| status.success()), "the command failed");
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("the kernel counts");
    #[expect(clippy::cast_precision_loss, reason = "microseconds and kilobytes fit")]
    let (cpu, peak) = (
        (usage.user_time() + usage.system_time()).num_microseconds() as f64 / 1e6,
        usage.max_rss() as f64 / 1024.0,
    );
    println!("{cpu} {} {peak}", wall.as_secs_f64());
}
