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
    key("sip.transports", Kind::Some(&["udp", "tcp", "tls"]), "[\"udp\", \"tcp\"]", "What SIP runs over."),
    key(
        "sip.max_calls",
        Kind::Number(1, 1_000),
        "10",
        "Most calls at once, whatever calls.answer_within_ms says; the next is refused.",
    ),
    key(
        "sip.allow",
        Kind::Networks,
        "[]",
        "Who may call, like [\"10.0.0.0/8\"], never limited or banned; others are refused. Empty: everybody may.",
    ),
    key("sip.realm", Kind::Text, "\"callbox\"", "What phones are told that a [[user]]'s password is for."),
    key(
        "sip.digests",
        Kind::Some(&["sha256", "md5"]),
        "[\"sha256\", \"md5\"]",
        "How it may be proven, the preferred first; [\"md5\"] alone for phones that stumble over anything else.",
    ),
    key("sip.ban_after", Kind::Number(0, 1_000), "5", "Wrong passwords that shut a source out; 0: never."),
    key("sip.ban_minutes", Kind::Number(1, 100_000), "10", "For how long."),
    key(
        "sip.flood_per_source",
        Kind::Number(10, 1_000_000),
        "200",
        "SIP messages a second that are read from one source, unless sip.allow, a trunk or an account names it.",
    ),
    key("sip.flood_in_all", Kind::Number(10, 1_000_000), "4000", "The same from all such sources that have no call."),
    key(
        "sip.answer_to_source_port",
        Kind::Switch,
        "false",
        "Answer to the port a message came from though it does not ask so: for old phones behind NAT.",
    ),
    key(
        "sip.look_up_records",
        Kind::Switch,
        "true",
        "Where a trunk or registrar is written without a port, ask this system's name servers for its NAPTR and SRV \
         records (RFC 3263); false: for its address alone.",
    ),
    key("tls.port", Kind::Number(0, 65_535), "5061", "Port that SIP under TLS listens on."),
    key("tls.certificate", Kind::OptionalPath, "\"\"", "This box's certificate chain (PEM), also shown to registrars."),
    key("tls.key", Kind::OptionalPath, "\"\"", "Its private key (PEM)."),
    key(
        "tls.trust",
        Kind::OptionalPath,
        "\"\"",
        "Certificates (PEM) that registrars and trunks must descend from; empty: those the system trusts.",
    ),
    key(
        "tls.clients",
        Kind::OptionalPath,
        "\"\"",
        "Certificates (PEM) that callers over TLS must descend from; empty: they need none.",
    ),
    key("rtp.first_port", Kind::Number(1_024, 65_534), "20000", "First port for audio; each call takes two."),
    key("rtp.last_port", Kind::Number(1_025, 65_535), "20999", "Last port for audio."),
    key(
        "rtp.codecs",
        Kind::Some(&["opus", "g722", "pcmu", "pcma"]),
        "[\"g722\", \"pcmu\", \"pcma\"]",
        "Codecs spoken, in the order offered (opus, too, if listed); the caller's own order decides. g722 and opus are wideband.",
    ),
    key(
        "rtp.srtp",
        Kind::One(&["off", "optional", "required"]),
        "\"optional\"",
        "Encrypted audio (SRTP; keys in SIP, best under TLS, or by DTLS): off, as callers offer it, or nothing else.",
    ),
    key(
        "rtp.srtp_keys",
        Kind::One(&["sdes", "dtls"]),
        "\"sdes\"",
        "How calls made by this box get keys where rtp.srtp is \"required\": in SIP (SDES) or by a handshake (DTLS-SRTP).",
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
        "The ONNX Runtime library, for Piper voices and ends of turns; empty: what scripts/setup put into .setup/onnxruntime.",
    ),
    key("engines.stt.model", Kind::Text, "\"starter-stt\"", "Name of the speech recogniser's model."),
    key(
        "engines.stt.band",
        Kind::One(&["telephone", "wide"]),
        "\"telephone\"",
        "What it hears of a G.722 line: up to 4 kHz, which the starter model was trained on, or all (\"wide\").",
    ),
    key(
        "engines.stt.gpu",
        Kind::Gpus,
        "\"auto\"",
        "The GPU it computes on, by number, where the programs were built for GPUs; auto: one that is there and has \
         room, else the processor; off: the processor.",
    ),
    key(
        "engines.turn.model",
        Kind::Text,
        "\"auto\"",
        "Name of the model that hears whether a caller has finished; auto: one of the field's if it is here \
         (never starter-turn); off: words and pauses alone tell.",
    ),
    key("engines.llm.model", Kind::Text, "\"starter-llm\"", "Name of the language model."),
    key(
        "engines.llm.slots",
        Kind::Number(0, 200),
        "0",
        "Calls it thinks for at once; 0: as many as sip.max_calls, up to 200.",
    ),
    key(
        "engines.llm.threads",
        Kind::Number(0, 256),
        "0",
        "Threads it computes with; 0: half the processors for a large model, up to 8, one for a small one.",
    ),
    key(
        "engines.llm.gpu",
        Kind::Gpus,
        "\"auto\"",
        "The same for the language model; of several, like \"0,1\", each holds some of its layers.",
    ),
    key("engines.tts.model", Kind::Text, "\"espeak-en-us\"", "Name of the voice, unless the business names its own."),
    key(
        "engines.remote.url",
        Kind::OptionalText,
        "\"\"",
        "An OpenAI-compatible server on the premises that decides in place of the local model, like \
         \"http://192.168.1.30:8000/v1\"; what callers say is sent there. Empty: nothing leaves this box.",
    ),
    key("engines.remote.model", Kind::OptionalText, "\"\"", "The model's name on that server."),
    key("engines.remote.key_file", Kind::OptionalPath, "\"\"", "File with the server's key; empty: it wants none."),
    key(
        "engines.remote.hold",
        Kind::One(&["json-schema", "vllm", "sglang", "llama-server"]),
        "\"json-schema\"",
        "How it is held to what is possible in a turn: a JSON schema, or its own parameter for a grammar.",
    ),
    key(
        "engines.remote.deadline_ms",
        Kind::Number(50, 30_000),
        "1500",
        "Longest wait for a decision of the server; then the local model decides.",
    ),
    key("business.folder", Kind::Path, "\"business\"", "Folder with business.toml and knowledge/*.md."),
    key("records.database", Kind::Path, "\"callbox.db\"", "File that keeps calls, bookings and messages."),
    key(
        "records.captions",
        Kind::OptionalPath,
        "\"\"",
        "File that gets every sentence of the agent as it is spoken, for rehearsals only: it holds what callers said; empty: none.",
    ),
    key(
        "records.load",
        Kind::OptionalPath,
        "\"\"",
        "File that gets a line a second on how busy the box is and how long callers are taken to wait; empty: none.",
    ),
    key(
        "records.recordings",
        Kind::Path,
        "\"recordings\"",
        "Folder for recordings of calls, which only a business with [recording] on makes: stereo, the caller left.",
    ),
    key(
        "records.recordings_days",
        Kind::Number(0, 3_650),
        "30",
        "Recordings older than so many days are erased; 0: never.",
    ),
    key("calls.max_length_s", Kind::Number(30, 7_200), "600", "Longest call; the agent says so and hangs up."),
    key(
        "calls.answer_within_ms",
        Kind::Number(0, 10_000),
        "900",
        "Callers are answered within this, 95 of 100 times: one more call is let in only if they still would be. Where \
         even a lone caller waits longer: within twice what that one waits, and three times this. 0: sip.max_calls \
         alone decides.",
    ),
    key(
        "calls.when_busy",
        Kind::One(&["refuse", "message", "hold"]),
        "\"refuse\"",
        "What becomes of a call that is not let in: refused with a time to try again, told calls.busy_message, or told \
         so and kept waiting for its turn.",
    ),
    key(
        "calls.busy_message",
        Kind::Text,
        "\"All our lines are busy at the moment. Please hold, or call back in a few minutes.\"",
        "What such a caller is told.",
    ),
    key(
        "calls.hold_s",
        Kind::Number(10, 3_600),
        "120",
        "How long such a caller may wait, where calls.when_busy is hold.",
    ),
    key(
        "dial.allow",
        Kind::Texts,
        "[]",
        "Who may be called to put callers through: addresses or numbers, * for anything, like \"sip:*@192.168.1.10\" \
         or \"+1555*\"; empty: nobody.",
    ),
    key(
        "dial.gateway",
        Kind::OptionalText,
        "\"\"",
        "Where tel: numbers are sent, like \"sip:{number}@192.168.1.10\"; empty: they can't be called.",
    ),
    key("dial.per_call", Kind::Number(0, 20), "4", "Most calls placed for one caller."),
    key(
        "dial.context",
        Kind::One(&["off", "redacted", "full"]),
        "\"off\"",
        "What a person's phone is told in a header field of why a caller is put through: nothing, without digits and \
         addresses, or as it is whispered. It passes every PBX and carrier on the way.",
    ),
    key(
        "dial.context_header",
        Kind::One(&["x-callbox-context", "user-to-user"]),
        "\"x-callbox-context\"",
        "That field: a plain one of our own, or User-to-User in hexadecimal (RFC 7433).",
    ),
    key(
        "dial.referrers",
        Kind::Networks,
        "[]",
        "Whose phones may send the box on to somebody else (REFER), like [\"10.0.0.0/8\"]; only to whom dial.allow \
         names. Empty: nobody's.",
    ),
    key("dial.per_hour", Kind::Number(0, 10_000), "60", "Most calls placed in an hour, for all callers together."),
    key(
        "log.level",
        Kind::One(&["error", "warn", "info", "debug", "trace"]),
        "\"info\"",
        "How much is logged. What callers say is never logged.",
    ),
];
