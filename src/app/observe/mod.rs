//! What may be seen of the box: the log. What callers say never goes there.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

/// Starts logging to standard error. `level` is a filter such as `info` or `callbox=debug`;
/// the environment variable `CALLBOX_LOG` goes before it.
pub fn log(level: &str) {
    let filter = EnvFilter::try_from_env("CALLBOX_LOG")
        .or_else(|_| EnvFilter::try_new(level))
        .unwrap_or_else(|_| EnvFilter::new("info"));
    let _ = tracing_subscriber::fmt() // a second start changes nothing
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_span_events(FmtSpan::NONE)
        .try_init();
}
