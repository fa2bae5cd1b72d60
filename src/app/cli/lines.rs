//! The part of `callbox doctor` that asks registrars and trunks, and changes nothing there.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use telephony::sip::{AccountState, Command, Endpoint, Notice, TargetState};
use tokio::time::timeout;

use super::CliError;
use super::run::with_tls;
use crate::config::Config;
use crate::drivers::Clock;
use crate::drivers::sip::{Line, Sockets, run};

/// How long all of them together may take to answer.
const PATIENCE: Duration = Duration::from_secs(9);
/// Requests are given up after 64 times this.
const ROUND_TRIP: Duration = Duration::from_millis(100);

/// What each line says, by its name.
type Findings = BTreeMap<String, Result<String, String>>;

/// Asks every account's registrar what is registered (RFC 3261, 10.2.3), which needs the password
/// and changes nothing, and every target of a trunk whether it is there.
///
/// # Errors
/// No socket, or a certificate that can't be read.
pub async fn findings(config: &Config) -> Result<Findings, CliError> {
    let mut found = expected(config);
    if found.is_empty() {
        return Ok(found);
    }
    let sockets = Sockets::bind(SocketAddr::new(config.sip.bind, 0), false).await.map_err(CliError::not_ready)?;
    let bound = sockets.udp.local_addr().map_err(CliError::not_ready)?;
    let mut asking = config.clone();
    asking.sip.transports.clear(); // nobody is to call here
    let sockets = with_tls(sockets, &asking)?;
    let mut endpoint = asking.endpoint(bound).map_err(CliError::failed)?;
    endpoint.t1 = ROUND_TRIP;
    for account in &mut endpoint.accounts {
        account.only_ask = true;
    }
    let mut line = run(Clock::start(), sockets, Endpoint::new(endpoint, fastrand::u64(..)));
    let _ = line.commands.send(Command::SignOn).await;
    let open = found.len();
    let _ = timeout(PATIENCE, listen(&mut line, &mut found, open)).await;
    Ok(found)
}

/// Every line, with what holds until it is heard of.
fn expected(config: &Config) -> Findings {
    let silent = || {
        Err("no answer: check address, port, transport and the firewall between; `callbox run` says more".to_owned())
    };
    let accounts = config.lines.accounts.iter().map(|account| format!("account {}", account.name));
    let asked = config.lines.trunks.iter().filter(|trunk| trunk.ping.is_some());
    let targets = asked.flat_map(|trunk| trunk.targets.iter().map(|target| of_trunk(&trunk.name, &target.to_string())));
    accounts.chain(targets).map(|name| (name, silent())).collect()
}

fn of_trunk(name: &str, target: &str) -> String {
    format!("trunk {name} {target}")
}

async fn listen(line: &mut Line, found: &mut Findings, mut open: usize) {
    while open > 0 {
        let Some(notice) = line.notices.recv().await else { return };
        let (name, finding) = match notice {
            Notice::Account { name, state } => (format!("account {name}"), account(&state)),
            Notice::Trunk { name, target, state } => (of_trunk(&name, &target), trunk(state)),
            _ => continue,
        };
        found.insert(name, finding);
        open -= 1;
    }
}

fn account(state: &AccountState) -> Result<String, String> {
    match state {
        AccountState::Registered { registrar, .. } => Ok(format!("{registrar} accepts its user and password")),
        AccountState::Failed { why, .. } => Err(why.says()),
        AccountState::Unregistered => Ok("not registered".into()),
    }
}

fn trunk(state: TargetState) -> Result<String, String> {
    match state {
        TargetState::Up => Ok("it answers".into()),
        TargetState::Down => Err("it does not answer: check address, port, transport and the firewall between".into()),
        TargetState::NoAddress => Err("its name has no address: check the name, or the box's DNS".into()),
    }
}
