//! `[[account]]`, `[[trunk]]` and `[[user]]`: tables of which there may be several.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use telephony::sip::{Account, Credentials, Hop, Network, Trunk};
use toml::Value;

/// Their names.
pub(super) const LISTS: [&str; 3] = ["account", "trunk", "user"];
/// What is never shown.
const SECRET: &str = "password";

/// Every way to the telephone network but the open socket.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lines {
    /// Where the box registers.
    pub accounts: Vec<Account>,
    /// Peers by address.
    pub trunks: Vec<Trunk>,
    /// Who may call with a password.
    pub users: Vec<Credentials>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountTable {
    address: String,
    name: Option<String>,
    registrar: Option<String>,
    proxy: Option<String>,
    user: Option<String>,
    password: Option<String>,
    password_file: Option<String>,
    password_env: Option<String>,
    #[serde(default = "hour")]
    expires_s: u32,
    #[serde(default = "yes")]
    outbound: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TrunkTable {
    name: String,
    #[serde(default)]
    targets: Vec<String>,
    #[serde(default)]
    from: Vec<String>,
    user: Option<String>,
    password: Option<String>,
    password_file: Option<String>,
    password_env: Option<String>,
    #[serde(default = "half_a_minute")]
    ping_s: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UserTable {
    name: String,
    password: Option<String>,
    password_file: Option<String>,
    password_env: Option<String>,
}

fn hour() -> u32 {
    3_600
}

fn yes() -> bool {
    true
}

fn half_a_minute() -> u32 {
    30
}

impl Lines {
    /// Takes one table of a list. `folder` is what paths are relative to.
    ///
    /// # Errors
    /// What is wrong and what to write.
    pub(super) fn take(&mut self, list: &str, value: &Value, folder: &Path) -> Result<(), (String, String)> {
        match list {
            "account" => {
                let account = account(read(value, "address, registrar, password_file")?, folder)?;
                unused(self.accounts.iter().any(|other| other.name == account.name), &account.name)?;
                self.accounts.push(account);
            }
            "trunk" => {
                let trunk = trunk(read(value, "name, targets, from")?, folder)?;
                unused(self.trunks.iter().any(|other| other.name == trunk.name), &trunk.name)?;
                self.trunks.push(trunk);
            }
            _ => {
                let table: UserTable = read(value, "name, password_file")?;
                let given = (table.password, table.password_file, table.password_env);
                self.users.push(Credentials { user: table.name, password: password(given, folder)? });
            }
        }
        Ok(())
    }
}

/// A list as it may be kept and shown.
pub(super) fn without_secrets(tables: &[Value]) -> Vec<Value> {
    let mut tables = tables.to_vec();
    for table in tables.iter_mut().filter_map(Value::as_table_mut) {
        if table.contains_key(SECRET) {
            table.insert(SECRET.into(), Value::String("(not shown)".into()));
        }
    }
    tables
}

/// A list as it stands in a file.
pub(super) fn shown(list: &str, tables: &[Value]) -> String {
    tables.iter().filter_map(Value::as_table).map(|table| format!("\n[[{list}]]\n{table}")).collect()
}

fn read<T: DeserializeOwned>(value: &Value, keys: &str) -> Result<T, (String, String)> {
    let wrong = |error: toml::de::Error| {
        (
            error.message().trim().replace('\n', " "),
            format!("Its keys are like: {keys}; see `callbox guide telephone`."),
        )
    };
    value.clone().try_into().map_err(wrong)
}

fn unused(taken: bool, name: &str) -> Result<(), (String, String)> {
    match taken {
        true => Err((format!("the name \"{name}\" is there twice"), "Give each its own `name`.".into())),
        false => Ok(()),
    }
}

fn account(table: AccountTable, folder: &Path) -> Result<Account, (String, String)> {
    let wrong = || {
        let what = format!("`address = \"{}\"` is no SIP address", table.address);
        (what, "Write it like address = \"sip:200@pbx.example.com\".".to_owned())
    };
    let bare = table.address.strip_prefix("sip:").unwrap_or(&table.address);
    let (user, domain) = bare.split_once('@').ok_or_else(wrong)?;
    let is_part =
        |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic() && !"<>\"@;? ".contains(c));
    if !is_part(user) || !is_part(domain) {
        return Err(wrong());
    }
    let registrar = hop(table.registrar.as_deref().unwrap_or(domain))?;
    let proxy = table.proxy.as_deref().map(hop).transpose()?;
    let given = (table.password, table.password_file, table.password_env);
    Ok(Account {
        name: table.name.unwrap_or_else(|| user.to_owned()),
        user: user.to_owned(),
        domain: domain.to_owned(),
        proxied: proxy.is_some(),
        hop: proxy.unwrap_or(registrar),
        credentials: Credentials {
            user: table.user.unwrap_or_else(|| user.to_owned()),
            password: password(given, folder)?,
        },
        expires_s: table.expires_s,
        instance: instance().filter(|_| table.outbound),
        only_ask: false,
    })
}

fn trunk(table: TrunkTable, folder: &Path) -> Result<Trunk, (String, String)> {
    let given = (table.password, table.password_file, table.password_env);
    let credentials = match table.user {
        Some(user) => Some(Credentials { user, password: password(given, folder)? }),
        None => None,
    };
    let networks = table.from.iter().map(|text| network(text)).collect::<Result<Vec<_>, _>>()?;
    Ok(Trunk {
        name: table.name,
        targets: table.targets.iter().map(|text| hop(text)).collect::<Result<_, _>>()?,
        from: networks,
        credentials,
        ping: (table.ping_s > 0).then(|| Duration::from_secs(u64::from(table.ping_s.max(5)))),
    })
}

fn hop(text: &str) -> Result<Hop, (String, String)> {
    text.parse().map_err(|what| (what, "Write a host, and a port and ;transport=tcp or tls where needed.".into()))
}

fn network(text: &str) -> Result<Network, (String, String)> {
    text.parse().map_err(|what| (what, "Write it like \"203.0.113.0/24\".".into()))
}

/// The name of this installation among all, as RFC 5626 wants it: the same for ever, and it tells nobody
/// the machine's own id, which it is made of. None where the machine has none.
fn instance() -> Option<String> {
    let id = fs::read_to_string("/etc/machine-id").ok().filter(|id| !id.trim().is_empty())?;
    let hash = Sha256::digest(format!("callbox {}", id.trim()));
    let octets: [u8; 16] = hash.first_chunk().copied()?;
    // RFC 9562, 5.8: version 8, of our own making.
    let number = u128::from_be_bytes(octets) & !(0xf << 76) & !(0x3 << 62) | 0x8 << 76 | 0x2 << 62;
    let hex = format!("{number:032x}");
    let parts = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)].map(|(from, to)| hex.get(from..to).unwrap_or_default());
    Some(format!("urn:uuid:{}", parts.join("-")))
}

/// From the file, from a file of its own, or from the environment.
fn password(
    (inline, file, variable): (Option<String>, Option<String>, Option<String>),
    folder: &Path,
) -> Result<String, (String, String)> {
    let write = "Write one of password_file, password_env and password.".to_owned();
    match (inline, file, variable) {
        (Some(password), None, None) => Ok(password),
        (None, Some(file), None) => {
            let path = folder.join(file);
            let text = fs::read_to_string(&path)
                .map_err(|error| (format!("its password can't be read from {}: {error}", path.display()), write))?;
            Ok(text.trim_end_matches(['\r', '\n']).to_owned())
        }
        (None, None, Some(variable)) => std::env::var(&variable)
            .map_err(|_| (format!("its password is not in the environment variable {variable}"), write)),
        (None, None, None) => Err(("it has no password".into(), write)),
        _ => Err(("it has more than one password".into(), write)),
    }
}
