//! From bytes to what a request asks for: the checks of RFC 3261, 8.2, in its order.

use std::net::SocketAddr;

use sipx_sip::headers::{CSeq, From, To, Via};
use sipx_sip::message::Headers;
use sipx_sip::{
    Finding, HeaderName, Limits, Message, Method, Request, Scheme, TransactionKey, parse_datagram, validate_request,
    validate_response,
};

use super::flow::Flow;
use super::responses::{self, ACCEPT, ALLOW, EXTENSIONS, Echo, Reply, SUPPORTED};
use super::transactions::TransactionId;
use super::{CallKey, Endpoint, Transport};

/// Where bytes came from and what goes back the same way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival {
    pub flow: Flow,
    pub from: SocketAddr,
}

/// How a request is answered: through its transaction, or directly where none is kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    pub transaction: Option<TransactionId>,
    pub flow: Flow,
}

/// A request that is a message by all rules.
pub(super) struct Incoming {
    pub request: Request,
    pub arrival: Arrival,
    /// Where responses go without a transaction.
    pub reply_flow: Flow,
    pub key: TransactionKey,
    pub call_id: Vec<u8>,
    pub from_tag: Option<Vec<u8>>,
    pub to_tag: Option<Vec<u8>>,
    pub sequence: u32,
}

impl Endpoint {
    /// One datagram.
    pub(super) fn datagram(&mut self, local: SocketAddr, from: SocketAddr, bytes: Vec<u8>) {
        if self.stun(from, &bytes) {
            return;
        }
        let blank = bytes.iter().take_while(|octet| matches!(octet, b'\r' | b'\n')).count();
        let bytes = if blank == 0 { bytes } else { bytes.get(blank..).unwrap_or_default().to_vec() };
        if !bytes.is_empty() {
            let flow = Flow::Datagram { to: from, local: Some(local) };
            let arrival = Arrival { flow, from };
            if self.hears(arrival) {
                self.message(bytes, arrival);
            }
        }
    }

    /// The bytes of one message.
    pub(super) fn message(&mut self, bytes: Vec<u8>, arrival: Arrival) {
        let limits = Limits { max_headers: 128, ..Limits::datagram() };
        match parse_datagram(bytes.clone().into(), &limits) {
            Ok(Message::Request(request)) => self.request(request, &bytes, arrival),
            // RFC 3261, 8.1.3.3: more than one Via means that it is not for us.
            Ok(Message::Response(response))
                if validate_response(&response).is_empty() && response.headers.typed_all::<Via>().count() == 1 =>
            {
                self.response(response);
            }
            Ok(Message::Response(_)) => {}
            Err(sipx_sip::error::ParseError::Limit { .. }) => {
                self.refuse_bytes(&bytes, arrival, &Reply::new(513));
            }
            Err(_) => self.refuse_bytes(&bytes, arrival, &Reply::new(400)),
        }
    }

    /// Answers bytes that are no request by the rules, as far as they say where to.
    pub(super) fn refuse_bytes(&mut self, bytes: &[u8], arrival: Arrival, reply: &Reply) {
        let Some(mut echo) = Echo::salvage(bytes) else {
            return;
        };
        let Some(via) = echo.top_via() else { return };
        let (stamped, asks_rport) = responses::stamp(via, arrival.from);
        let flow = self.reply_flow(Via::parse_list(&stamped).ok(), asks_rport, arrival);
        *via = stamped;
        let tag = self.stateless_tag(bytes);
        let bytes = echo.render(reply, &tag);
        self.transmit(flow, bytes);
    }

    fn request(&mut self, mut request: Request, bytes: &[u8], arrival: Arrival) {
        if let Some(status) = verdict(&request) {
            if request.method != Method::Ack {
                self.refuse_bytes(bytes, arrival, &Reply::new(status));
            }
            return;
        }
        let Some(asks_rport) = responses::stamp_request(&mut request, arrival.from) else {
            return;
        };
        let Some(incoming) = self.incoming(request, asks_rport, arrival) else {
            return;
        };
        if incoming.request.method == Method::Cancel {
            return self.cancel(&incoming);
        }
        if let Some(transaction) = self.transactions.server(&incoming.key) {
            return self.repeat_request(transaction, &incoming.request);
        }
        if incoming.request.method == Method::Ack {
            return self.acknowledged(&incoming.request);
        }
        // Requests of a dialog prove by its tags that they belong to it.
        if incoming.to_tag.is_none()
            && let Err(reply) = self.permits(&incoming)
        {
            return self.answer_once(&incoming, &reply);
        }
        if let Err(reply) = self.inspect(&incoming) {
            return self.answer_once(&incoming, &reply);
        }
        self.dispatch(incoming);
    }

    fn incoming(&self, request: Request, asks_rport: bool, arrival: Arrival) -> Option<Incoming> {
        let via = request.headers.typed::<Via>()?.ok()?;
        let from = request.headers.typed::<From>()?.ok()?;
        let to = request.headers.typed::<To>()?.ok()?;
        Some(Incoming {
            reply_flow: self.reply_flow(Some(vec![via]), asks_rport, arrival),
            key: TransactionKey::from_request(&request)?,
            call_id: request.headers.value(&HeaderName::CallId)?.into_owned(),
            from_tag: from.tag().map(<[u8]>::to_vec),
            to_tag: to.tag().map(<[u8]>::to_vec),
            sequence: request.headers.typed::<CSeq>()?.ok()?.sequence,
            request,
            arrival,
        })
    }

    /// RFC 3261, 18.2.2 and RFC 3581, 4: the way of a stream; else the source address, with the
    /// source port where `rport` asks for it and the sent-by port where it does not. `maddr` is
    /// not heeded: it would let anybody aim our responses.
    fn reply_flow(&self, vias: Option<Vec<Via>>, asks_rport: bool, arrival: Arrival) -> Flow {
        let Flow::Datagram { mut to, local } = arrival.flow else {
            return arrival.flow;
        };
        let via = vias.and_then(|vias| vias.into_iter().next());
        if let Some(via) = via
            && !asks_rport
            && !self.config.answer_to_source_port
        {
            to.set_port(via.port.filter(|port| *port > 0).unwrap_or(5060));
        }
        Flow::Datagram { to, local }
    }

    /// Method, Request-URI and Require (RFC 3261, 8.2.1 to 8.2.2.3).
    fn inspect(&self, incoming: &Incoming) -> Result<(), Reply> {
        let request = &incoming.request;
        match &request.method {
            Method::Invite | Method::Bye | Method::Options | Method::Update | Method::Info => {}
            Method::Prack | Method::Refer | Method::Notify => {}
            Method::Other(_) => return Err(Reply::new(501).header(HeaderName::Allow, ALLOW)),
            _ => return Err(Reply::new(405).header(HeaderName::Allow, ALLOW)),
        }
        let is_secure = incoming.arrival.flow.transport() == Transport::Tls;
        let known = match request.uri.scheme() {
            Scheme::Sip | Scheme::Tel => true,
            Scheme::Sips => is_secure,
            _ => false,
        };
        if !known {
            return Err(Reply::new(416));
        }
        let mut required = tokens(request, &HeaderName::Require);
        required.retain(|token| !EXTENSIONS.iter().any(|known| token.eq_ignore_ascii_case(known)));
        if !required.is_empty() {
            return Err(Reply::new(420).header(HeaderName::Unsupported, required.join(", ")));
        }
        Ok(())
    }

    fn dispatch(&mut self, incoming: Incoming) {
        let in_dialog = incoming.to_tag.is_some();
        match incoming.request.method {
            _ if in_dialog => self.in_dialog(incoming),
            Method::Invite => self.invited(incoming),
            Method::Options => {
                let reply = self.capabilities();
                self.answer_once(&incoming, &reply);
            }
            // Nobody sends us anywhere from outside of a call.
            Method::Refer => self.answer_once(&incoming, &Reply::new(603)),
            // Lamps for waiting messages and the like were not asked for (RFC 6665, 4.1.3).
            Method::Notify => self.answer_once(&incoming, &Reply::new(489)),
            // BYE, UPDATE, INFO and PRACK exist in dialogs only.
            _ => self.answer_once(&incoming, &Reply::new(481)),
        }
    }

    /// What an OPTIONS is told (RFC 3261, 11.2): the status an INVITE would get now, and what
    /// we can do.
    fn capabilities(&self) -> Reply {
        with_capabilities(self.admission().err().unwrap_or_else(|| Reply::new(200)))
    }

    /// Answers without keeping anything: the same request again gets the same answer
    /// (RFC 3261, 8.2.7).
    pub(super) fn answer_once(&mut self, incoming: &Incoming, reply: &Reply) {
        let echo = Echo::of(&incoming.request);
        let tag = self.stateless_tag(&incoming.call_id);
        let reply = reply.clone().header(HeaderName::Server, self.config.user_agent.clone());
        let bytes = echo.render(&reply, &tag);
        self.transmit(incoming.reply_flow, bytes);
    }

    /// Answers through the transaction where there is one. `tag` is that of the call.
    pub(super) fn answer(&mut self, way: Way, request: &Request, reply: Reply, tag: &str) {
        let reply = reply.header(HeaderName::Server, self.config.user_agent.clone());
        match (way.transaction, reply.response(request, tag)) {
            (Some(transaction), Some(response)) => self.respond(transaction, response),
            _ => {
                let bytes = Echo::of(request).render(&reply, tag);
                self.transmit(way.flow, bytes);
            }
        }
    }

    /// Keeps a request where there is room; without, retransmissions will be looked at anew.
    pub(super) fn way(&mut self, incoming: &Incoming) -> Way {
        let source = super::limits::source(incoming.arrival.from.ip());
        let transaction = self.has_room_for_transaction(source).then(|| {
            self.open_server(
                incoming.request.clone(),
                incoming.key.clone(),
                incoming.reply_flow,
                incoming.arrival.from.ip(),
            )
        });
        Way { transaction, flow: incoming.reply_flow }
    }

    /// The call that a dialog's request names: our tag is the call's key, and Call-ID and the
    /// peer's tag must be right as well.
    pub(super) fn call_of(&self, our_tag: &[u8], their_tag: Option<&[u8]>, call_id: &[u8]) -> Option<CallKey> {
        let text = std::str::from_utf8(our_tag).ok().filter(|text| text.len() == 16)?;
        let key = CallKey(u64::from_str_radix(text, 16).ok()?);
        let dialog = &self.calls.get(&key)?.dialog;
        let same = dialog.call_id == call_id && dialog.remote_tag.as_deref() == their_tag;
        (same && key.to_string() == text).then_some(key)
    }
}

/// The status for a message that parses and still breaks the rules.
fn verdict(request: &Request) -> Option<u16> {
    let mut findings = validate_request(request);
    findings.retain(|finding| !finding.is_repairable());
    // An unknown method is 501 whatever its CSeq says: nothing will be done about it.
    if matches!(request.method, Method::Other(_)) {
        findings.retain(|finding| *finding != Finding::CSeqMethodMismatch);
    }
    let branchless = || {
        // The cookie and nothing behind it identifies no transaction (RFC 4475, 3.2.1).
        let via = request.headers.typed::<Via>().and_then(Result::ok);
        via.is_some_and(|via| via.branch() == Some(b"z9hG4bK"))
    };
    let version = findings.iter().find(|finding| **finding == Finding::UnsupportedVersion);
    version
        .or_else(|| findings.first())
        .map(Finding::status)
        .or_else(|| branchless().then_some(400))
        .or_else(|| request.headers.get_all(&HeaderName::ContentType).nth(1).map(|_| 400))
}

/// What we can do (RFC 3261, 11.2).
pub(super) fn with_capabilities(reply: Reply) -> Reply {
    reply
        .header(HeaderName::Allow, ALLOW)
        .header(HeaderName::Accept, ACCEPT)
        .header(HeaderName::AcceptEncoding, "identity")
        .header(HeaderName::AcceptLanguage, "en")
        .header(HeaderName::Supported, SUPPORTED)
}

/// The values of a list header, trimmed.
pub(super) fn tokens(request: &Request, name: &HeaderName) -> Vec<String> {
    tokens_of(&request.headers, name)
}

/// The same of any message's head.
pub(super) fn tokens_of(headers: &Headers, name: &HeaderName) -> Vec<String> {
    headers
        .get_all(name)
        .flat_map(|header| {
            let value = String::from_utf8_lossy(&header.value()).into_owned();
            value.split(',').map(|token| token.trim().to_owned()).collect::<Vec<_>>()
        })
        .filter(|token| !token.is_empty())
        .take(32)
        .collect()
}
