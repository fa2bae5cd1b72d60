//! `callbox`: parse, dispatch one verb.

fn main() -> std::process::ExitCode {
    callbox::cli::main()
}
