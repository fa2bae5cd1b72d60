//! What may be seen of the box: the log. What callers say never goes there.

mod json_lines;
pub mod redact;
pub mod trace;

use std::time::Duration;

use std::io::IsTerminal;
use store::Store;
use telephony::sip::{AccountState, Notice, TargetState};
use tokio::sync::mpsc;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

pub use json_lines::JsonLines;

/// Starts logging to standard error. `level` is a filter such as `info` or `callbox=debug`;
/// the environment variable `CALLBOX_LOG` goes before it.
pub fn log(level: &str) {
    let filter = EnvFilter::try_from_env("CALLBOX_LOG")
        .or_else(|_| EnvFilter::try_new(level))
        .unwrap_or_else(|_| EnvFilter::new("info"));
    let _ = tracing_subscriber::fmt() // a second start changes nothing
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal()) // a file is read by people and programs
        .with_target(false)
        .with_span_events(FmtSpan::NONE)
        .try_init();
}

/// How often the owner is told about trouble with the record, at most.
const LOOK: Duration = Duration::from_secs(5);

/// Tells the owner, once for each new trouble, that what happens is no longer written down.
/// Calls go on meanwhile.
pub async fn watch_records(store: Store) {
    let mut before = store.health();
    loop {
        tokio::time::sleep(LOOK).await;
        let health = store.health();
        let lost = (health.dropped + health.failed).saturating_sub(before.dropped + before.failed);
        match &health.trouble {
            Some(why) if lost > 0 => {
                tracing::error!(lost, why, "calls are answered, but not all of their record could be kept");
            }
            None if lost > 0 => {
                tracing::error!(lost, "calls are answered, but the disk is too slow to keep all of their record");
            }
            _ => {}
        }
        before = health;
    }
}

/// Writes what happens on the lines, one line each. `scripts/fail2ban` matches those that begin
/// with "sip denied" and "sip banned".
pub async fn lines(mut notices: mpsc::Receiver<Notice>) {
    while let Some(notice) = notices.recv().await {
        match notice {
            Notice::Denied { source, why } => {
                tracing::warn!("sip denied source={} reason={}", source.ip().to_canonical(), why.word());
            }
            Notice::Banned { source, time } => {
                tracing::warn!("sip banned source={} seconds={}", source.to_canonical(), time.as_secs());
            }
            Notice::Account { name, state } => account(&name, &state),
            Notice::Trunk { name, target, state } => match state {
                TargetState::Up => tracing::info!(trunk = name, target, "the trunk answers"),
                TargetState::Down => tracing::warn!(trunk = name, target, "the trunk does not answer"),
                TargetState::NoAddress => tracing::warn!(trunk = name, target, "the trunk's name has no address"),
            },
        }
    }
}

fn account(name: &str, state: &AccountState) {
    match state {
        AccountState::Registered { registrar, expires_s, .. } => {
            tracing::info!(account = name, %registrar, expires_s, "registered: calls to it reach this box");
        }
        AccountState::Failed { why, retry_s } => {
            tracing::error!(account = name, retry_s, "not registered: {}", why.says());
        }
        AccountState::Unregistered => tracing::info!(account = name, "registration given back"),
    }
}
