//! The `river` command.

fn main() -> std::process::ExitCode {
    river::cli::main()
}
