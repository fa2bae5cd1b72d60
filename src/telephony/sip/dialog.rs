//! A dialog (RFC 3261, 12): who the two ends are, and how requests within it are made.

use std::net::{IpAddr, SocketAddr};

use sipx_sip::headers::{Contact, From, RecordRoute, To};
use sipx_sip::{HeaderName, Host, Method, Request, RequestBuilder, Response, Uri};

use super::flow::Flow;
use super::inbound::Incoming;

/// The state of RFC 3261, 12.1, and the way to the peer.
#[derive(Clone)]
pub(super) struct Dialog {
    pub call_id: Vec<u8>,
    /// Our From or To value, with our tag.
    pub local: Vec<u8>,
    /// Theirs, with their tag once it is known.
    pub remote: Vec<u8>,
    pub remote_tag: Option<Vec<u8>>,
    /// The remote target: their Contact.
    pub target: Uri,
    /// The route set as name-addrs, first hop first.
    pub routes: Vec<Vec<u8>>,
    pub local_sequence: u32,
    pub remote_sequence: Option<u32>,
    /// How the peer was last heard.
    pub flow: Flow,
    /// Our Contact value.
    pub contact: String,
    /// We made the Call-ID.
    pub is_caller: bool,
}

impl Dialog {
    /// The callee's side (RFC 3261, 12.1.1). `tag` is ours.
    pub(super) fn callee(incoming: &Incoming, tag: &str, contact: String) -> Option<Self> {
        let request = &incoming.request;
        let from = request.headers.typed::<From>()?.ok()?;
        let mut local = request.headers.value(&HeaderName::To)?.into_owned();
        local.extend_from_slice(format!(";tag={tag}").as_bytes());
        Some(Dialog {
            call_id: incoming.call_id.clone(),
            local,
            remote: request.headers.value(&HeaderName::From)?.into_owned(),
            remote_tag: incoming.from_tag.clone(),
            // RFC 2543 callers may have no Contact.
            target: contact_uri(request).unwrap_or_else(|| from.uri.clone()),
            routes: routes(request.headers.typed_all::<RecordRoute>()),
            local_sequence: 0,
            remote_sequence: Some(incoming.sequence),
            flow: incoming.arrival.flow,
            contact,
            is_caller: false,
        })
    }

    /// The caller's side learns from a response (RFC 3261, 12.1.2). False where the response
    /// belongs to another fork than the one already known.
    pub(super) fn learn(&mut self, response: &Response) -> bool {
        let Some(Ok(to)) = response.headers.typed::<To>() else {
            return false;
        };
        let tag = to.tag().map(<[u8]>::to_vec);
        if response.status.is_success() || tag.is_some() {
            self.remote_tag = tag;
            if let Some(value) = response.headers.value(&HeaderName::To) {
                self.remote = value.into_owned();
            }
            self.routes = routes(response.headers.typed_all::<RecordRoute>());
            self.routes.reverse();
        }
        if let Some(Ok(contact)) = response.headers.typed::<Contact>() {
            self.target = contact.uri.clone();
        }
        true
    }

    /// Target refresh (RFC 3261, 12.2.2), and the peer is where it was last heard.
    pub(super) fn refresh(&mut self, incoming: &Incoming) {
        if matches!(incoming.request.method, Method::Invite | Method::Update)
            && let Some(uri) = contact_uri(&incoming.request)
        {
            self.target = uri;
        }
        self.flow = incoming.arrival.flow;
    }

    /// A request within the dialog (RFC 3261, 12.2.1.1).
    pub(super) fn request(&self, method: Method, sequence: u32, via: &str, agent: &str) -> Option<RequestBuilder> {
        let first = self.routes.first().and_then(|route| route_uri(route));
        let strict = first.as_ref().is_some_and(|uri| !uri.params().is_some_and(|all| all.contains("lr")));
        let mut routes: Vec<Vec<u8>> = self.routes.clone();
        let uri = match first {
            // A strict router expects itself in the Request-URI and the target as the last route.
            Some(first) if strict => {
                routes.remove(0);
                routes.push([b"<", self.target.to_bytes().as_ref(), b">"].concat());
                first
            }
            _ => self.target.clone(),
        };
        let mut builder =
            RequestBuilder::new(method.clone(), uri).header(HeaderName::Via, via.to_owned()).ok()?.max_forwards(70);
        for route in routes {
            builder = builder.header(HeaderName::Route, route).ok()?;
        }
        builder
            .header(HeaderName::From, self.local.clone())
            .ok()?
            .header(HeaderName::To, self.remote.clone())
            .ok()?
            .header(HeaderName::CallId, self.call_id.clone())
            .ok()?
            .cseq(sequence, &method)
            .ok()?
            .header(HeaderName::Contact, self.contact.clone())
            .ok()?
            .header(HeaderName::UserAgent, agent.to_owned())
            .ok()
    }

    /// The way of a fork's requests, which has no connection of its own.
    pub(super) fn way(&self) -> Flow {
        if self.flow.is_stream() { self.flow } else { Flow::Datagram { to: self.next_hop(), local: None } }
    }

    /// The next hop of requests: the first route or the target where it is an address that can
    /// be reached, else where the peer was last heard. A private Contact behind a public source
    /// is a phone behind NAT.
    pub(super) fn next_hop(&self) -> SocketAddr {
        let heard = self.flow.peer();
        let routed = self.routes.first().and_then(|route| route_uri(route));
        let uri = routed.as_ref().unwrap_or(&self.target);
        match address_of(uri) {
            Some(to) if !is_private(to.ip()) || is_private(heard.ip()) => to,
            _ => heard,
        }
    }
}

/// The literal address in a URI.
pub(super) fn address_of(uri: &Uri) -> Option<SocketAddr> {
    match uri.host()? {
        Host::Ip(ip) if !ip.is_unspecified() && !ip.is_multicast() => {
            Some(SocketAddr::new(*ip, uri.port().filter(|port| *port > 0).unwrap_or(5060)))
        }
        _ => None,
    }
}

fn is_private(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.is_private() || ip.is_loopback() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

fn contact_uri(request: &Request) -> Option<Uri> {
    let contact = request.headers.typed::<Contact>()?.ok()?;
    contact.uri.host().is_some().then(|| contact.uri.clone())
}

fn route_uri(route: &[u8]) -> Option<Uri> {
    sipx_sip::headers::Address::parse(route, "Route").ok().map(|address| address.uri)
}

/// The hops of Record-Route, at most as many as a request may hop.
fn routes<E>(hops: impl Iterator<Item = Result<RecordRoute, E>>) -> Vec<Vec<u8>> {
    hops.flatten().take(70).map(|hop| [b"<", hop.uri.to_bytes().as_ref(), b">"].concat()).collect()
}
