//! Making responses: as messages for a transaction, as bytes where none is kept, and for
//! requests too broken to be parsed.

use sipx_sip::{Header, HeaderName, Request, Response, ResponseBuilder, StatusCode};

/// The methods we act on.
pub(super) const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO, PRACK, REFER, NOTIFY";
/// The extensions a peer may require of us.
pub(super) const EXTENSIONS: [&str; 3] = ["timer", "100rel", "replaces"];
/// The same, as a header field.
pub(super) const SUPPORTED: &str = "timer, 100rel, replaces";
/// The body we understand.
pub(super) const ACCEPT: &str = "application/sdp";

/// A response yet to be addressed.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub status: u16,
    pub headers: Vec<(HeaderName, String)>,
    pub body: Option<String>,
}

impl Reply {
    pub(super) fn new(status: u16) -> Self {
        Reply { status, headers: Vec::new(), body: None }
    }

    pub(super) fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With a session description.
    pub(super) fn sdp(mut self, body: String) -> Self {
        self.body = Some(body);
        self.header(HeaderName::ContentType, ACCEPT)
    }

    /// With an RFC 3261, 20.43 warning.
    pub(super) fn warning(self, code: u16, agent: &str, text: &str) -> Self {
        let text: String =
            text.chars().map(|c| if c.is_control() || matches!(c, '"' | '\\') { ' ' } else { c }).take(200).collect();
        self.header(HeaderName::Warning, format!("{code} {agent} \"{text}\""))
    }

    /// As a message that answers `request`. `tag` goes into a To that has none.
    pub(super) fn response(&self, request: &Request, tag: &str) -> Option<Response> {
        let status = StatusCode::new(self.status)?;
        let mut builder = ResponseBuilder::to_request(request, status, reason(self.status)).ok()?;
        if self.status > 100
            && let Some(to) = request.headers.get(&HeaderName::To)
            && !has_tag(&to.value())
        {
            builder = builder.set_header(&HeaderName::To, tagged(&to.value(), tag)).ok()?;
        }
        for (name, value) in &self.headers {
            builder = builder.header(name.clone(), value.clone()).ok()?;
        }
        if let Some(body) = &self.body {
            builder = builder.body(body.clone());
        }
        Some(builder.build())
    }
}

/// The header fields a response repeats (RFC 3261, 8.2.6.2), as far as they are there.
#[derive(Debug, Default)]
pub(super) struct Echo {
    vias: Vec<Vec<u8>>,
    from: Option<Vec<u8>>,
    to: Option<Vec<u8>>,
    call_id: Option<Vec<u8>>,
    cseq: Option<Vec<u8>>,
}

impl Echo {
    pub(super) fn of(request: &Request) -> Self {
        let value = |name: &HeaderName| request.headers.value(name).map(|value| value.into_owned());
        Echo {
            vias: request.headers.get_all(&HeaderName::Via).map(|via| via.value().into_owned()).collect(),
            from: value(&HeaderName::From),
            to: value(&HeaderName::To),
            call_id: value(&HeaderName::CallId),
            cseq: value(&HeaderName::CSeq),
        }
    }

    /// What can be read of bytes that are no message. None for what looks like a response or an
    /// ACK, which are never answered, and without a Via, which says nothing of the way back.
    pub(super) fn salvage(bytes: &[u8]) -> Option<Self> {
        let mut lines = unfolded_lines(bytes).into_iter();
        let start = lines.next()?;
        let method = start.split(|octet| *octet == b' ').next()?;
        let is_token = !method.is_empty() && method.iter().all(|o| o.is_ascii_graphic());
        if start.get(..4).is_some_and(|p| p.eq_ignore_ascii_case(b"SIP/")) || method == b"ACK" || !is_token {
            return None;
        }
        let mut echo = Echo::default();
        for line in lines {
            if line.is_empty() {
                break;
            }
            echo.take_line(&line);
        }
        (!echo.vias.is_empty()).then_some(echo)
    }

    fn take_line(&mut self, line: &[u8]) {
        let Some(colon) = line.iter().position(|octet| *octet == b':') else {
            return;
        };
        let (name, value) = line.split_at(colon);
        let value = value.get(1..).unwrap_or_default().trim_ascii().to_vec();
        let name = name.trim_ascii().to_ascii_lowercase();
        let first = |slot: &mut Option<Vec<u8>>, value| {
            slot.get_or_insert(value);
        };
        match name.as_slice() {
            b"via" | b"v" if self.vias.len() < 64 => self.vias.push(value),
            b"from" | b"f" => first(&mut self.from, value),
            b"to" | b"t" => first(&mut self.to, value),
            b"call-id" | b"i" => first(&mut self.call_id, value),
            b"cseq" => first(&mut self.cseq, value),
            _ => {}
        }
    }

    /// The topmost Via, to be stamped with where the request came from.
    pub(super) fn top_via(&mut self) -> Option<&mut Vec<u8>> {
        self.vias.first_mut()
    }

    /// The response as bytes.
    pub(super) fn render(&self, reply: &Reply, tag: &str) -> Vec<u8> {
        let mut out = Vec::with_capacity(512);
        out.extend_from_slice(format!("SIP/2.0 {} {}\r\n", reply.status, reason(reply.status)).as_bytes());
        let mut field = |name: &[u8], value: &[u8]| {
            out.extend_from_slice(name);
            out.extend_from_slice(b": ");
            out.extend_from_slice(value);
            out.extend_from_slice(b"\r\n");
        };
        for via in &self.vias {
            field(b"Via", via);
        }
        if let Some(to) = &self.to {
            let to = if has_tag(to) { to.clone() } else { tagged(to, tag) };
            field(b"To", &to);
        }
        for (name, value) in [("From", &self.from), ("Call-ID", &self.call_id), ("CSeq", &self.cseq)] {
            if let Some(value) = value {
                field(name.as_bytes(), value);
            }
        }
        for (name, value) in &reply.headers {
            field(name.canonical(), value.as_bytes());
        }
        let body = reply.body.as_deref().unwrap_or_default();
        field(b"Content-Length", body.len().to_string().as_bytes());
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(body.as_bytes());
        out
    }
}

/// The lines of a head with folds joined and stray CR, LF and NUL gone.
fn unfolded_lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    for line in bytes.split(|octet| *octet == b'\n').take(512) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let clean = line.iter().copied().filter(|octet| !matches!(octet, b'\r' | 0));
        match lines.last_mut() {
            Some(before) if line.starts_with(b" ") || line.starts_with(b"\t") => before.extend(clean),
            _ => {
                let end = line.is_empty();
                lines.push(clean.collect());
                if end {
                    break;
                }
            }
        }
    }
    lines
}

/// Whether an address has a tag; also asked of addresses that don't parse.
fn has_tag(address: &[u8]) -> bool {
    let after = address.iter().rposition(|octet| *octet == b'>').unwrap_or(0);
    let params = address.get(after..).unwrap_or_default();
    params.split(|octet| *octet == b';').skip(1).any(|param| {
        let name = param.split(|octet| *octet == b'=').next().unwrap_or_default();
        name.trim_ascii().eq_ignore_ascii_case(b"tag")
    })
}

fn tagged(address: &[u8], tag: &str) -> Vec<u8> {
    let mut address = address.to_vec();
    address.extend_from_slice(b";tag=");
    address.extend_from_slice(tag.as_bytes());
    address
}

/// Puts the true source into the topmost hop of a Via value, whatever the sender claimed
/// (RFC 3261, 18.2.1; RFC 3581, 4), and leaves the rest as it is. Says whether `rport` was
/// asked for.
pub(super) fn stamp(via: &[u8], from: std::net::SocketAddr) -> (Vec<u8>, bool) {
    let end = sipx_sip::headers::first_hop_end(via);
    let (hop, rest) = via.split_at(end.min(via.len()));
    let mut out = Vec::with_capacity(via.len() + 48);
    let mut asks_rport = false;
    for (at, param) in split_unquoted(hop).into_iter().enumerate() {
        let name = param.split(|octet| *octet == b'=').next().unwrap_or_default().trim_ascii();
        if at > 0 && name.eq_ignore_ascii_case(b"received") {
            continue;
        }
        if at > 0 && name.eq_ignore_ascii_case(b"rport") {
            asks_rport = true;
            continue;
        }
        if at > 0 {
            out.push(b';');
        }
        out.extend_from_slice(param);
    }
    out.extend_from_slice(format!(";received={}", from.ip().to_canonical()).as_bytes());
    if asks_rport {
        out.extend_from_slice(format!(";rport={}", from.port()).as_bytes());
    }
    out.extend_from_slice(rest);
    (out, asks_rport)
}

fn split_unquoted(hop: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    let (mut start, mut quoted) = (0, false);
    for (at, octet) in hop.iter().enumerate() {
        match octet {
            b'"' => quoted = !quoted,
            b';' if !quoted => {
                parts.push(hop.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(hop.get(start..).unwrap_or_default());
    parts
}

/// Replaces the topmost Via of a parsed request by its stamped form.
pub(super) fn stamp_request(request: &mut Request, from: std::net::SocketAddr) -> Option<bool> {
    let at = request.headers.iter().position(|header| *header.name() == HeaderName::Via)?;
    let (value, asks_rport) = stamp(&request.headers.get(&HeaderName::Via)?.value(), from);
    let header = Header::build(HeaderName::Via, value).ok()?;
    request.headers.remove_first(&HeaderName::Via);
    request.headers.insert(at, header);
    Some(asks_rport)
}

/// The reason phrase of a status.
pub(super) fn reason(status: u16) -> &'static str {
    match status {
        100 => "Trying",
        180 => "Ringing",
        183 => "Session Progress",
        200 => "OK",
        202 => "Accepted",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        415 => "Unsupported Media Type",
        416 => "Unsupported URI Scheme",
        420 => "Bad Extension",
        422 => "Session Interval Too Small",
        480 => "Temporarily Unavailable",
        481 => "Call/Transaction Does Not Exist",
        482 => "Loop Detected",
        486 => "Busy Here",
        487 => "Request Terminated",
        488 => "Not Acceptable Here",
        489 => "Bad Event",
        491 => "Request Pending",
        500 => "Server Internal Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        504 => "Server Time-out",
        505 => "Version Not Supported",
        513 => "Message Too Large",
        600 => "Busy Everywhere",
        603 => "Decline",
        _ => match status / 100 {
            3 => "Moved",
            4 => "Request Failure",
            5 => "Server Failure",
            _ => "Failure",
        },
    }
}
