use super::value::Kind;

/// One key of the configuration.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Tables and name, joined by dots.
    pub name: &'static str,
    /// As TOML.
    pub default: &'static str,
    /// One line for the owner.
    pub meaning: &'static str,
    pub(super) kind: Kind,
}

const fn key(name: &'static str, kind: Kind, default: &'static str, meaning: &'static str) -> Key {
    Key { name, default, meaning, kind }
}

/// Every key, in the order of a well-kept file.
pub const KEYS: &[Key] = &[
    key(
        "sip.bind",
        Kind::Address,
        "\"0.0.0.0\"",
        "Address that SIP and RTP listen on; 0.0.0.0 is every IPv4 interface.",
    ),
    key("sip.port", Kind::Number(0, 65_535), "5060", "Port that SIP listens on; 0 takes any free one."),
    key(
        "sip.advertised",
        Kind::OptionalAddress,
        "\"\"",
        "Address that callers are told to send to, for a box behind NAT; empty: the one they reached.",
    ),
    key("sip.transports", Kind::Some(&["udp", "tcp"]), "[\"udp\", \"tcp\"]", "What SIP runs over."),
    key("sip.max_calls", Kind::Number(1, 1_000), "10", "Calls at once; the next caller hears busy."),
    key("rtp.first_port", Kind::Number(1_024, 65_534), "20000", "First port for audio; each call takes two."),
    key("rtp.last_port", Kind::Number(1_025, 65_535), "20999", "Last port for audio."),
    key(
        "rtp.codecs",
        Kind::Some(&["g722", "pcmu", "pcma"]),
        "[\"g722\", \"pcmu\", \"pcma\"]",
        "Codecs spoken, in the order offered; a caller's offer is answered in the caller's order. g722 is wideband.",
    ),
    key(
        "rtp.srtp",
        Kind::One(&["off", "optional", "required"]),
        "\"optional\"",
        "Encrypted audio (SRTP, keys in SIP: use TLS or a trusted network): off, as callers offer it, or nothing else.",
    ),
    key(
        "engines.models",
        Kind::Path,
        "\"models\"",
        "Folder with the sets of models; when it is not there, the models that came with the program.",
    ),
    key(
        "engines.hub",
        Kind::Text,
        "\"https://huggingface.co\"",
        "The hub of models or a mirror of it, for callbox models pull and nothing else.",
    ),
    key(
        "engines.workers",
        Kind::OptionalPath,
        "\"\"",
        "Folder with callbox-stt, callbox-llm and callbox-tts; empty: beside the callbox program.",
    ),
    key(
        "engines.onnxruntime",
        Kind::OptionalPath,
        "\"\"",
        "The ONNX Runtime library, for Piper voices; scripts/setup puts it into .setup/onnxruntime.",
    ),
    key("engines.stt.model", Kind::Text, "\"starter-stt\"", "Name of the speech recogniser's model."),
    key("engines.llm.model", Kind::Text, "\"starter-llm\"", "Name of the language model."),
    key(
        "engines.llm.slots",
        Kind::Number(0, 200),
        "0",
        "Calls it thinks for at once; 0: as many as sip.max_calls, up to 200.",
    ),
    key("engines.tts.model", Kind::Text, "\"espeak-en-us\"", "Name of the voice, unless the business names its own."),
    key("business.folder", Kind::Path, "\"business\"", "Folder with business.toml and knowledge/*.md."),
    key("records.database", Kind::Path, "\"callbox.db\"", "File that keeps calls, bookings and messages."),
    key("calls.max_length_s", Kind::Number(30, 7_200), "600", "Longest call; the agent says so and hangs up."),
    key(
        "log.level",
        Kind::One(&["error", "warn", "info", "debug", "trace"]),
        "\"info\"",
        "How much is logged. What callers say is never logged.",
    ),
];
