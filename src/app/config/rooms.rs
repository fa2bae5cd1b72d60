use std::net::IpAddr;
use std::path::PathBuf;

use engine::Gpus;
use serde::Deserialize;

use super::lines::Lines;

/// The whole configuration. What each key means is said once, in [`super::KEYS`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Config {
    pub sip: Sip,
    pub tls: Tls,
    pub rtp: Rtp,
    pub engines: Engines,
    pub business: Business,
    pub records: Records,
    pub calls: Calls,
    pub dial: Dial,
    pub log: Log,
    /// `[[account]]`, `[[trunk]]`, `[[user]]`.
    #[serde(skip)]
    pub lines: Lines,
}

/// The telephone side.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Sip {
    pub bind: IpAddr,
    pub port: u16,
    /// `None`: the address that the caller reached.
    pub advertised: Option<IpAddr>,
    pub transports: Vec<Transport>,
    pub max_calls: u16,
    /// Networks.
    pub allow: Vec<String>,
    pub realm: String,
    /// The preferred first.
    pub digests: Vec<Digest>,
    pub ban_after: u32,
    pub ban_minutes: u32,
    pub flood_per_source: u32,
    pub flood_in_all: u32,
    pub answer_to_source_port: bool,
    pub look_up_records: bool,
}

/// SIP under TLS.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Tls {
    pub port: u16,
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
    /// `None`: what the system trusts.
    pub trust: Option<PathBuf>,
    /// `None`: callers need no certificate.
    pub clients: Option<PathBuf>,
}

/// What SIP runs over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Transport {
    Udp,
    Tcp,
    Tls,
}

/// How callers prove a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Digest {
    Sha256,
    Md5,
}

impl From<Digest> for telephony::sip::digest::Hash {
    fn from(digest: Digest) -> Self {
        match digest {
            Digest::Sha256 => Self::Sha256,
            Digest::Md5 => Self::Md5,
        }
    }
}

/// The audio's ports.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Rtp {
    pub first_port: u16,
    pub last_port: u16,
    pub codecs: Vec<Codec>,
    pub srtp: Srtp,
    pub srtp_keys: SrtpKeys,
}

/// Whether audio is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Srtp {
    Off,
    Optional,
    Required,
}

impl From<Srtp> for telephony::sdp::Policy {
    fn from(srtp: Srtp) -> Self {
        match srtp {
            Srtp::Off => Self::Off,
            Srtp::Optional => Self::Optional,
            Srtp::Required => Self::Required,
        }
    }
}

/// How the keys of our own encrypted calls come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum SrtpKeys {
    Sdes,
    Dtls,
}

/// How audio may be coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Codec {
    Opus,
    G722,
    Pcmu,
    Pcma,
}

impl From<Codec> for telephony::media::Codec {
    fn from(codec: Codec) -> Self {
        match codec {
            Codec::Opus => Self::Opus,
            Codec::G722 => Self::G722,
            Codec::Pcmu => Self::Pcmu,
            Codec::Pcma => Self::Pcma,
        }
    }
}

/// The workers and their models.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Engines {
    pub models: PathBuf,
    /// Where `callbox models pull` goes, and nothing else.
    pub hub: String,
    /// `None`: the folder of the `callbox` program itself.
    pub workers: Option<PathBuf>,
    pub onnxruntime: Option<PathBuf>,
    pub stt: Stt,
    pub turn: Engine,
    pub llm: Llm,
    pub tts: Engine,
    pub remote: Remote,
}

/// A language model on a server of the premises.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Remote {
    /// Empty: there is none.
    pub url: String,
    pub model: String,
    pub key_file: Option<PathBuf>,
    pub hold: Hold,
    pub deadline_ms: u32,
}

/// How a server is told what it may answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Hold {
    JsonSchema,
    Vllm,
    Sglang,
    LlamaServer,
}

/// A worker of which a setting is its model alone.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Engine {
    /// Name in the model's manifest.
    pub model: String,
}

/// The recogniser's worker.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Stt {
    /// Name in the model's manifest.
    pub model: String,
    pub band: Band,
    pub gpu: Gpus,
}

/// How much of a wideband line the recogniser hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Band {
    Telephone,
    Wide,
}

/// The language model's worker.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Llm {
    /// Name in the model's manifest.
    pub model: String,
    /// 0: as many as `sip.max_calls`.
    pub slots: u16,
    /// 0: as the model and the machine want.
    pub threads: u16,
    pub gpu: Gpus,
}

/// Whose phone it is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Business {
    pub folder: PathBuf,
}

/// Where calls, bookings and messages are kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Records {
    pub database: PathBuf,
    /// `None`: nothing is written.
    pub captions: Option<PathBuf>,
    /// The same.
    pub load: Option<PathBuf>,
    pub recordings: PathBuf,
    /// 0: for ever.
    pub recordings_days: u32,
}

/// How calls are taken.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Calls {
    pub max_length_s: u32,
    /// 0: no admission by time.
    pub answer_within_ms: u32,
    pub when_busy: WhenBusy,
    pub busy_message: String,
    pub hold_s: u32,
}

/// What becomes of a call that would not be answered in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum WhenBusy {
    Refuse,
    Message,
    Hold,
}

/// Who may be called.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Dial {
    /// Patterns of addresses and numbers.
    pub allow: Vec<String>,
    /// With `{number}` in it; empty for none.
    pub gateway: String,
    pub per_call: u32,
    pub per_hour: u32,
    pub context: Context,
    pub context_header: String,
    /// Networks.
    pub referrers: Vec<String>,
}

/// How much of why a caller calls is told in a header field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Context {
    Off,
    Redacted,
    Full,
}

/// What is logged.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Log {
    pub level: String,
}
