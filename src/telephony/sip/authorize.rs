//! Proofs in messages: requests of ours that are challenged, and those of others that we challenge.

use std::hash::{DefaultHasher, Hash, Hasher};

use sipx_sip::headers::From;
use sipx_sip::{Header, HeaderName, Request, Response};

use super::call::Phase;
use super::digest::{Proof, Verdict};
use super::guard::Hearing;
use super::inbound::{Arrival, Incoming};
use super::notice::{Denial, Notice};
use super::responses::Reply;
use super::transactions::{Owner, TransactionId};
use super::{CallKey, Endpoint, Output};

impl Endpoint {
    /// Repeats a request of ours that got a 401 or 407, whoever sent it, with the answer
    /// (RFC 3261, 22.2 and 22.3). False where the response stands.
    pub(super) fn proves_itself(&mut self, id: TransactionId, owner: Owner, response: &Response) -> bool {
        if !matches!(response.status.code(), 401 | 407) || self.is_given_up(owner) {
            return false;
        }
        let Some((request, flow, tries)) = self.transactions.sent(id) else { return false };
        let Some(client) = self.lines.client(owner, flow.peer()) else { return false };
        if let Err(refusal) = client.challenged(response, tries) {
            if let Owner::Register(at) = owner {
                self.not_registered(at, refusal);
            }
            return matches!(owner, Owner::Register(_));
        }
        let via = self.via(flow);
        let sequence = self.next_sequence(owner, &request);
        let (method, uri) = (text(request.method.as_bytes()), text(&request.uri.to_bytes()));
        let answers = match self.lines.client(owner, flow.peer()) {
            Some(client) => client.answers(&method, &uri, &mut self.random),
            None => Vec::new(),
        };
        let Some(again) = repeated(request, &via, sequence, &method, answers) else { return false };
        let sent = self.open_client_again(again.clone(), flow, owner, tries + 1);
        if let (Some(transaction), Owner::Invite(key)) = (sent, owner)
            && let Some(call) = self.calls.get_mut(&key)
            && let Phase::Dialling(dialling) = &mut call.phase
        {
            dialling.transaction = transaction;
            dialling.invite = again;
            dialling.provisional = false;
        }
        sent.is_some()
    }

    fn is_given_up(&self, owner: Owner) -> bool {
        let Owner::Invite(key) = owner else { return false };
        !matches!(self.calls.get(&key).map(|call| &call.phase), Some(Phase::Dialling(d)) if !d.cancelled)
    }

    /// A dialog counts its requests; outside of one the next number is as good as any.
    fn next_sequence(&mut self, owner: Owner, request: &Request) -> u32 {
        let last = request.headers.typed::<sipx_sip::headers::CSeq>().and_then(Result::ok);
        let next = last.map_or(1, |last| last.sequence).saturating_add(1);
        if let Owner::Register(at) = owner {
            return self.lines.next_sequence(at).unwrap_or(next);
        }
        let tag = request.headers.typed::<From>().and_then(Result::ok).and_then(|from| from.tag().map(text));
        let key = tag.and_then(|tag| u64::from_str_radix(&tag, 16).ok()).map(CallKey);
        match key.and_then(|key| self.calls.get_mut(&key)) {
            Some(call) => {
                call.dialog.local_sequence = call.dialog.local_sequence.saturating_add(1).max(next);
                call.dialog.local_sequence
            }
            None => next,
        }
    }

    /// Whether the message of a source is read. Those who may always call are, however many
    /// they send.
    pub(super) fn hears(&mut self, arrival: Arrival) -> bool {
        let (ip, now) = (arrival.from.ip(), self.now);
        if self.is_friend(ip) {
            return true;
        }
        let known = self.sources.held(super::limits::source(ip)).calls > 0;
        match self.guard.hear(now, ip, self.config.flood, known) {
            Hearing::Read => true,
            Hearing::Drop => false,
            Hearing::DropAndTell => {
                self.notice(Notice::Denied { source: arrival.from, why: Denial::Flood });
                false
            }
        }
    }

    /// Whether a request outside a dialog is taken from this source. Whoever is not let in is
    /// told the same for whatever user, method or number it tries.
    pub(super) fn permits(&mut self, incoming: &Incoming) -> Result<(), Reply> {
        let from = incoming.arrival.from;
        let is_open = !self.config.restricted && !self.server.has_users();
        if is_open || self.is_friend(from.ip()) {
            return Ok(());
        }
        if !self.server.has_users() {
            self.denied(incoming, Denial::NotAllowed);
            return Err(Reply::new(403));
        }
        let values: Vec<Vec<u8>> = incoming
            .request
            .headers
            .get_all(&HeaderName::Authorization)
            .take(4)
            .map(|header| header.value().into_owned())
            .collect();
        let mut same = DefaultHasher::new();
        (&incoming.call_id, incoming.sequence, &incoming.from_tag).hash(&mut same);
        let (method, uri) = (text(incoming.request.method.as_bytes()), text(&incoming.request.uri.to_bytes()));
        let proof = Proof { values: &values, method: &method, uri: &uri, same: same.finish(), source: from.ip() };
        match self.server.check(self.now, proof) {
            Verdict::Good(_) => Ok(()),
            Verdict::Missing => Err(self.challenge(incoming, false)),
            Verdict::Stale => Err(self.challenge(incoming, true)),
            Verdict::Wrong => {
                self.denied(incoming, Denial::WrongPassword);
                self.count_failure(incoming);
                Err(self.challenge(incoming, false))
            }
        }
    }

    fn challenge(&mut self, incoming: &Incoming, stale: bool) -> Reply {
        let serial = self.random.u64(..);
        let rows = self.server.challenges(self.now, incoming.arrival.from.ip(), serial, stale);
        rows.into_iter().fold(Reply::new(401), |reply, row| reply.header(HeaderName::WwwAuthenticate, row))
    }

    fn denied(&mut self, incoming: &Incoming, why: Denial) {
        let source = incoming.arrival.from;
        // Wrong passwords are few, for they lead to a ban, and each of them is told.
        if self.guard.tells(self.now, source.ip()) || why == Denial::WrongPassword {
            self.notice(Notice::Denied { source, why });
        }
    }

    /// Over UDP the source may be forged, but a nonce only reaches who it is made for: a wrong
    /// answer to it comes from there.
    fn count_failure(&mut self, incoming: &Incoming) {
        let source = incoming.arrival.from.ip();
        let (most, time) = (self.config.ban_after, self.config.ban_for);
        if self.guard.failed(self.now, source, most, time) {
            self.notice(Notice::Banned { source, time });
        }
    }

    /// Who may always call, and is never limited or banned.
    pub(super) fn is_friend(&self, ip: std::net::IpAddr) -> bool {
        self.config.allow.iter().any(|network| network.contains(ip)) || self.lines.knows(ip)
    }

    fn notice(&mut self, notice: Notice) {
        self.outputs.push_back(Output::Notice(notice));
    }
}

/// The same request as a new one (RFC 3261, 8.1.3.5): next number, own branch, with the answers.
fn repeated(
    mut request: Request,
    via: &str,
    sequence: u32,
    method: &str,
    answers: Vec<(HeaderName, String)>,
) -> Option<Request> {
    let headers = &mut request.headers;
    for name in [HeaderName::Via, HeaderName::CSeq, HeaderName::Authorization, HeaderName::ProxyAuthorization] {
        headers.remove_all(&name);
    }
    headers.insert(0, Header::build(HeaderName::Via, via.to_owned()).ok()?);
    headers.insert(1, Header::build(HeaderName::CSeq, format!("{sequence} {method}")).ok()?);
    for (name, value) in answers {
        headers.insert(2, Header::build(name, value).ok()?);
    }
    Some(request)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
