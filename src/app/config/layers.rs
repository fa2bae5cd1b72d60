//! Default, file, environment, command line: each over the one before.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

use super::error::{ConfigError, Fault};
use super::keys::{KEYS, Key};
use super::lines::{LISTS, Lines, without_secrets};
use super::rooms::Config;

/// Variables that begin so and have two underscores further on are settings.
const PREFIX: &str = "CALLBOX_";

/// Where settings come from.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The file; none for defaults alone.
    pub file: Option<PathBuf>,
    /// Environment variables, those of others too.
    pub environment: Vec<(String, String)>,
    /// `key=value` each.
    pub set: Vec<String>,
}

/// Who said what a key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody.
    Default,
    /// The file, in this line.
    File(usize),
    /// This variable.
    Environment(String),
    /// `--set`.
    Set,
}

/// What a key is, and why.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The key.
    pub key: &'static Key,
    /// Its value; paths are already joined to the folder they are relative to.
    pub value: Value,
    /// Who said so.
    pub origin: Origin,
}

/// A configuration with its history.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What the daemon reads.
    pub config: Config,
    /// Every key in the order of [`KEYS`].
    pub settings: Vec<Setting>,
    /// The tables of `[[account]]` and the like as written.
    pub(super) lists: Vec<(&'static str, Vec<Value>)>,
    /// The file, when there is one.
    pub file: Option<PathBuf>,
}

impl Config {
    /// Reads all sources; every mistake in any of them is reported.
    pub fn load(sources: &Sources) -> Result<Loaded, ConfigError> {
        let mut layers = Layers::default();
        layers.defaults();
        if let Some(path) = &sources.file {
            layers.file(path)?;
        }
        layers.environment(&sources.environment);
        layers.set(&sources.set);
        let folder = sources.file.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
        layers.finish(folder, sources.file.clone())
    }
}

#[derive(Default)]
struct Layers {
    values: BTreeMap<&'static str, (Value, Origin)>,
    faults: Vec<Fault>,
    lists: Vec<(&'static str, Vec<Value>)>,
    lines: Lines,
}

impl Layers {
    fn defaults(&mut self) {
        for key in KEYS {
            let value = format!("it = {}", key.default).parse::<Table>().ok();
            let value = value.and_then(|mut table| table.remove("it"));
            self.values.insert(key.name, (value.unwrap_or(Value::String(String::new())), Origin::Default));
        }
    }

    fn file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let unreadable = |error: std::io::Error| ConfigError::Unreadable { path: path.into(), why: error.to_string() };
        let text = fs::read_to_string(path).map_err(unreadable)?;
        let place = |at: usize| format!("{}:{}", path.display(), line(&text, at));
        let (root, mistakes) = DeTable::parse_recoverable(&text);
        for mistake in &mistakes {
            let at = mistake.span().map_or(0, |span| span.start);
            self.fault(place(at), format!("not valid TOML: {}", mistake.message()), "Correct this line.");
        }
        let values: Table = if mistakes.is_empty() {
            text.parse().unwrap_or_default()
        } else {
            return Ok(());
        };
        for list in LISTS {
            self.list(list, &values, root.get_ref(), path, &place);
        }
        let mut leaves = Vec::new();
        leaves_of(root.get_ref(), "", &mut leaves);
        leaves.retain(|(name, _)| !LISTS.contains(&name.as_str()) || !values.get(name).is_some_and(Value::is_array));
        leaves.sort_by_key(|(_, at)| *at);
        for (name, at) in leaves {
            match value_at(&values, &name) {
                Some(value) => self.put(&name, value.clone(), Origin::File(line(&text, at)), &place(at)),
                None => self.fault(place(at), format!("`{name}` can't be read"), "Write it as a plain `key = value`."),
            }
        }
        Ok(())
    }

    /// Takes the tables of a list such as `[[account]]`.
    fn list(
        &mut self,
        list: &'static str,
        values: &Table,
        root: &DeTable<'_>,
        path: &Path,
        place: &impl Fn(usize) -> String,
    ) {
        let Some(tables) = values.get(list).and_then(Value::as_array) else { return };
        let folder = path.parent().unwrap_or(Path::new(""));
        let spans = root.get(list).and_then(|value| value.get_ref().as_array());
        for (at, table) in tables.iter().enumerate() {
            let start = spans.and_then(|spans| spans.get(at)).map_or(0, start);
            if let Err((what, write)) = self.lines.take(list, table, folder) {
                self.fault(place(start), format!("[[{list}]]: {what}"), write);
            }
        }
        self.lists.push((list, without_secrets(tables)));
    }

    fn environment(&mut self, variables: &[(String, String)]) {
        for (variable, text) in variables {
            let Some(name) = variable.strip_prefix(PREFIX).filter(|name| name.contains("__")) else {
                continue;
            };
            let name = name.to_lowercase().replace("__", ".");
            self.put_text(&name, text, Origin::Environment(variable.clone()), variable);
        }
    }

    fn set(&mut self, settings: &[String]) {
        for setting in settings {
            let place = format!("--set {setting}");
            match setting.split_once('=') {
                Some((name, text)) => self.put_text(name.trim(), text.trim(), Origin::Set, &place),
                None => self.fault(place, "this is no setting", "Write it like --set sip.port=15060."),
            }
        }
    }

    fn put_text(&mut self, name: &str, text: &str, origin: Origin, place: &str) {
        let value = KEYS.iter().find(|key| key.name == name).map(|key| key.kind.read(text));
        self.put(name, value.unwrap_or(Value::String(text.into())), origin, place);
    }

    fn put(&mut self, name: &str, value: Value, origin: Origin, place: &str) {
        let Some(key) = KEYS.iter().find(|key| key.name == name) else {
            return self.fault(place, format!("`{name}` is no setting"), unknown(name));
        };
        match key.kind.check(&value) {
            Ok(()) => drop(self.values.insert(key.name, (value, origin))),
            Err(write) => self.fault(place, format!("`{name} = {value}` does not fit"), write),
        }
    }

    fn fault(&mut self, place: impl Into<String>, what: impl Into<String>, write: impl Into<String>) {
        self.faults.push(Fault { place: place.into(), what: what.into(), write: write.into() });
    }

    fn finish(mut self, folder: &Path, file: Option<PathBuf>) -> Result<Loaded, ConfigError> {
        let mut settings = Vec::new();
        let mut table = Table::new();
        for key in KEYS {
            let Some((value, origin)) = self.values.remove(key.name) else {
                continue;
            };
            let value = if key.kind.is_path() { joined(value, &origin, folder) } else { value };
            let absent = key.kind.is_optional() && value.as_str() == Some("");
            if !absent {
                insert(&mut table, key.name, value.clone());
            }
            settings.push(Setting { key, value, origin });
        }
        if !self.faults.is_empty() {
            return Err(ConfigError::Faults(self.faults));
        }
        // Can't fail while KEYS and the structs agree, which a test makes sure of.
        let mut config: Config = Value::Table(table).try_into().map_err(|error: toml::de::Error| {
            let place = "the configuration".to_owned();
            ConfigError::Faults(vec![Fault { place, what: error.message().to_owned(), write: String::new() }])
        })?;
        ports(&config, &settings, file.as_deref())?;
        config.lines = self.lines;
        Ok(Loaded { config, settings, lists: self.lists, file })
    }
}

/// Ports must do for all calls.
fn ports(config: &Config, settings: &[Setting], file: Option<&Path>) -> Result<(), ConfigError> {
    let (first, last) = (u32::from(config.rtp.first_port), u32::from(config.rtp.last_port));
    let needed = 2 * u32::from(config.sip.max_calls);
    let there = (last + 1).saturating_sub(first);
    if there >= needed {
        return Ok(());
    }
    let origin = settings.iter().find(|setting| setting.key.name == "rtp.last_port").map(|setting| &setting.origin);
    let place = match (origin, file) {
        (Some(Origin::File(line)), Some(file)) => format!("{}:{line}", file.display()),
        (Some(origin), _) => origin.to_string(),
        (None, _) => "rtp.last_port".into(),
    };
    Err(ConfigError::Faults(vec![Fault {
        place,
        what: format!("{there} ports from {first} to {last} are too few for {} calls", config.sip.max_calls),
        write: format!(
            "Write `rtp.last_port = {}` or more, or lower sip.max_calls.",
            (first + needed).saturating_sub(1)
        ),
    }]))
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File(line) => write!(f, "line {line} of the file"),
            Origin::Environment(variable) => f.write_str(variable),
            Origin::Set => f.write_str("--set"),
        }
    }
}

/// Dotted name and place of every value that is no table.
fn leaves_of(table: &DeTable<'_>, above: &str, leaves: &mut Vec<(String, usize)>) {
    for (name, value) in table.iter() {
        let path = if above.is_empty() { name.get_ref().to_string() } else { format!("{above}.{}", name.get_ref()) };
        match value.get_ref() {
            DeValue::Table(inner) if is_section(&path) => leaves_of(inner, &path, leaves),
            _ => leaves.push((path, start(name))),
        }
    }
}

fn start<T>(spanned: &Spanned<T>) -> usize {
    spanned.span().start
}

fn is_section(path: &str) -> bool {
    KEYS.iter().any(|key| key.name.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
}

fn value_at<'t>(table: &'t Table, path: &str) -> Option<&'t Value> {
    let (first, rest) = path.split_once('.').unwrap_or((path, ""));
    let value = table.get(first)?;
    if rest.is_empty() { Some(value) } else { value_at(value.as_table()?, rest) }
}

fn insert(table: &mut Table, path: &str, value: Value) {
    match path.split_once('.') {
        None => drop(table.insert(path.into(), value)),
        Some((first, rest)) => {
            let inner = table.entry(first).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}

fn joined(value: Value, origin: &Origin, folder: &Path) -> Value {
    match (value, origin) {
        (Value::String(path), Origin::Default | Origin::File(_)) if !path.is_empty() => {
            Value::String(folder.join(path).to_string_lossy().into_owned())
        }
        (value, _) => value,
    }
}

fn unknown(name: &str) -> String {
    let rated = KEYS.iter().map(|key| (strangeness(name, key.name), key.name));
    match rated.min() {
        Some((edits, near)) if edits <= 3.max(name.len() / 3) => format!("Did you mean `{near}`?"),
        _ if is_section(name) => format!("It is a section: write `[{name}]` and its keys below."),
        _ => "See `callbox config explain` for all settings.".into(),
    }
}

/// Edits between two keys; a key that is right but for its section is near.
fn strangeness(name: &str, key: &str) -> usize {
    let last = |text: &str| text.rsplit('.').next().unwrap_or_default().to_owned();
    if last(name) == last(key) { 1 } else { strsim::osa_distance(name, key) }
}

fn line(text: &str, at: usize) -> usize {
    1 + text.as_bytes().get(..at).unwrap_or_default().iter().filter(|byte| **byte == b'\n').count()
}
