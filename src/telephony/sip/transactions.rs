//! The transactions in flight (RFC 3261, 17): the library's machines, with the way each one
//! sends by and the call it serves.

use std::collections::HashMap;
use std::net::IpAddr;

use sipx_sip::{
    ClientTransaction, Message, Output as Step, Reliability, Request, Response, ServerTransaction, TransactionKey,
    TuEvent,
};

use super::flow::Flow;
use super::limits::{self, Kind};
use super::lines::TargetId;
use super::refer::Referral;
use super::requests::Errand;
use super::timers::TimerKey;
use super::{CallKey, Endpoint};
use super::{registration, trunk};

/// One transaction; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct TransactionId(u64);

/// Whom a client transaction's responses concern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// The INVITE that places this call.
    Invite(CallKey),
    /// The BYE that closes this call.
    Bye(CallKey),
    /// A re-INVITE or UPDATE within this call.
    Errand(CallKey, Errand),
    /// The REGISTER of this account.
    Register(usize),
    /// The OPTIONS that asks whether this target is there.
    Ping(TargetId),
    /// A REFER within this call.
    Refer(CallKey),
    /// A NOTIFY that tells of a REFER within this call.
    Notify(CallKey),
    /// Nobody: a CANCEL, a PRACK, or the BYE of a fork that was not wanted.
    Nobody,
}

enum Half {
    Server {
        machine: Box<ServerTransaction>,
        source: IpAddr,
    },
    Client {
        machine: Box<ClientTransaction>,
        owner: Owner,
        /// How many times the request was repeated for a challenge.
        tries: u8,
    },
}

struct Slot {
    half: Half,
    key: TransactionKey,
    flow: Flow,
}

/// All transactions, found by their number and by what RFC 3261, 17.1.3 and 17.2.3 match on.
#[derive(Default)]
pub(super) struct Transactions {
    slots: HashMap<TransactionId, Slot>,
    servers: HashMap<TransactionKey, TransactionId>,
    clients: HashMap<TransactionKey, TransactionId>,
    last: u64,
}

impl Transactions {
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn server(&self, key: &TransactionKey) -> Option<TransactionId> {
        self.servers.get(key).copied()
    }

    /// The request of a client transaction, its way, and how often it was repeated already.
    pub(super) fn sent(&self, id: TransactionId) -> Option<(Request, Flow, u8)> {
        let slot = self.slots.get(&id)?;
        match &slot.half {
            Half::Client { machine, tries, .. } => Some((machine.request().clone(), slot.flow, *tries)),
            Half::Server { .. } => None,
        }
    }

    fn add(&mut self, slot: Slot) -> TransactionId {
        self.last += 1;
        let id = TransactionId(self.last);
        let index = match slot.half {
            Half::Server { .. } => &mut self.servers,
            Half::Client { .. } => &mut self.clients,
        };
        index.insert(slot.key.clone(), id);
        self.slots.insert(id, slot);
        id
    }

    fn remove(&mut self, id: TransactionId) -> Option<Slot> {
        let slot = self.slots.remove(&id)?;
        let index = match slot.half {
            Half::Server { .. } => &mut self.servers,
            Half::Client { .. } => &mut self.clients,
        };
        index.remove(&slot.key);
        Some(slot)
    }
}

impl Endpoint {
    /// Whether one more transaction may be kept for this source.
    pub(super) fn has_room_for_transaction(&self, source: IpAddr) -> bool {
        self.transactions.len() < self.config.max_transactions
            && self.sources.held(source).transactions < self.config.max_transactions_per_source
    }

    /// Keeps a request, so that its retransmissions are answered without bothering anybody.
    pub(super) fn open_server(
        &mut self,
        request: Request,
        key: TransactionKey,
        flow: Flow,
        from: IpAddr,
    ) -> TransactionId {
        let source = limits::source(from);
        let (machine, steps) = ServerTransaction::new(request, reliability(flow), self.rounds());
        let half = Half::Server { machine: Box::new(machine), source };
        self.sources.take(source, Kind::Transaction);
        let id = self.transactions.add(Slot { half, key, flow });
        self.carry_out(id, steps);
        id
    }

    /// Sends a request and keeps it until it is answered.
    pub(super) fn open_client(&mut self, request: Request, flow: Flow, owner: Owner) -> Option<TransactionId> {
        self.open_client_again(request, flow, owner, 0)
    }

    /// The same for a request that answers a challenge.
    pub(super) fn open_client_again(
        &mut self,
        request: Request,
        flow: Flow,
        owner: Owner,
        tries: u8,
    ) -> Option<TransactionId> {
        let key = TransactionKey::from_sent_request(&request)?;
        let (machine, steps) = ClientTransaction::new(request, reliability(flow), self.rounds());
        let half = Half::Client { machine: Box::new(machine), owner, tries };
        let id = self.transactions.add(Slot { half, key, flow });
        if let Flow::Stream { connection, .. } = flow {
            self.connections.depend(connection, id);
        }
        self.carry_out(id, steps);
        Some(id)
    }

    /// A request matched a transaction: a retransmission, or the ACK of a refusal.
    pub(super) fn repeat_request(&mut self, id: TransactionId, request: &Request) {
        if let Some(Slot { half: Half::Server { machine, .. }, .. }) = self.transactions.slots.get_mut(&id) {
            let steps = machine.on_request(request);
            self.carry_out(id, steps);
        }
    }

    /// Answers a kept request.
    pub(super) fn respond(&mut self, id: TransactionId, response: Response) {
        if let Some(Slot { half: Half::Server { machine, .. }, .. }) = self.transactions.slots.get_mut(&id) {
            let steps = machine.on_tu_response(response);
            self.carry_out(id, steps);
        }
    }

    /// Takes a response to its transaction; strays are dropped (RFC 3261, 18.1.2 leaves them to
    /// the core, and this core has no use for them).
    pub(super) fn response(&mut self, response: Response) {
        let Some(key) = TransactionKey::from_response(&response) else {
            return;
        };
        let Some(id) = self.transactions.clients.get(&key).copied() else {
            return;
        };
        if let Some(Slot { half: Half::Client { machine, .. }, .. }) = self.transactions.slots.get_mut(&id) {
            let steps = machine.on_response(response);
            self.carry_out(id, steps);
        }
    }

    pub(super) fn transaction_timer(&mut self, id: TransactionId, timer: sipx_sip::Timer) {
        let Some(slot) = self.transactions.slots.get_mut(&id) else {
            return;
        };
        let steps = match &mut slot.half {
            Half::Server { machine, .. } => machine.on_timer(timer),
            Half::Client { machine, .. } => machine.on_timer(timer),
        };
        self.carry_out(id, steps);
    }

    /// The way of a client transaction broke.
    pub(super) fn transaction_lost(&mut self, id: TransactionId) {
        if let Some(Slot { half: Half::Client { machine, .. }, .. }) = self.transactions.slots.get_mut(&id) {
            let steps = machine.on_transport_error();
            self.carry_out(id, steps);
        }
    }

    /// Forgets a transaction before its time.
    pub(super) fn close_transaction(&mut self, id: TransactionId) {
        let Some(slot) = self.transactions.remove(id) else {
            return;
        };
        for timer in sipx_sip::Timer::ALL {
            self.timers.clear(TimerKey::Transaction(id, timer));
        }
        match (slot.half, slot.flow) {
            (Half::Server { source, .. }, _) => self.sources.give_back(source, Kind::Transaction),
            (Half::Client { .. }, Flow::Stream { connection, .. }) => {
                self.connections.release(connection, id);
            }
            _ => {}
        }
    }

    fn rounds(&self) -> sipx_sip::Timers {
        let (t1, t2, t4) = (self.config.t1, self.config.t2, self.config.t4);
        sipx_sip::Timers { t1, t2, t4 }
    }

    fn carry_out(&mut self, id: TransactionId, steps: Vec<Step>) {
        for step in steps {
            match step {
                Step::Send(message) => {
                    if let Some(flow) = self.transactions.slots.get(&id).map(|slot| slot.flow) {
                        self.send(flow, &message);
                    }
                }
                Step::SetTimer { timer, after } => {
                    self.timers.set(TimerKey::Transaction(id, timer), self.now + after);
                }
                Step::ClearTimer(timer) => self.timers.clear(TimerKey::Transaction(id, timer)),
                Step::ToTu(event) => self.tell_user(id, *event),
                Step::Terminated(_) => self.close_transaction(id),
                _ => {}
            }
        }
    }

    fn tell_user(&mut self, id: TransactionId, event: TuEvent) {
        let owner = match self.transactions.slots.get(&id) {
            Some(Slot { half: Half::Client { owner, .. }, .. }) => *owner,
            _ => Owner::Nobody,
        };
        if let TuEvent::Response(response) = &event
            && self.proves_itself(id, owner, response)
        {
            return;
        }
        match (event, owner) {
            (TuEvent::Ack(ack), _) => self.acknowledged(&ack),
            (TuEvent::Response(response), Owner::Invite(call)) => {
                self.invite_response(call, id, &response);
            }
            (TuEvent::Timeout, Owner::Invite(call)) => self.invite_failed(call, false),
            (TuEvent::TransportError, Owner::Invite(call)) => self.invite_failed(call, true),
            (TuEvent::Response(response), Owner::Bye(call)) if response.status.is_final() => {
                self.forget(call);
            }
            (TuEvent::Timeout | TuEvent::TransportError, Owner::Bye(call)) => self.forget(call),
            (TuEvent::Response(response), Owner::Register(at)) if response.status.is_final() => {
                self.registered(at, &response);
            }
            (TuEvent::Timeout | TuEvent::TransportError, Owner::Register(at)) => {
                self.registration(at, registration::Input::Lost);
            }
            (TuEvent::Response(response), Owner::Ping(id)) if response.status.is_final() => {
                self.trunk_target(id, trunk::Input::Answered);
            }
            (TuEvent::Timeout | TuEvent::TransportError, Owner::Ping(id)) => {
                self.trunk_target(id, trunk::Input::Lost);
            }
            (TuEvent::Response(response), Owner::Refer(call)) => self.refer_response(call, &response),
            (TuEvent::Timeout | TuEvent::TransportError, Owner::Refer(call)) => {
                self.referral_over(call, Referral::Refused(408));
            }
            (TuEvent::Response(response), Owner::Notify(call)) if response.status.code() >= 300 => {
                self.notify_refused(call);
            }
            (TuEvent::Response(response), Owner::Errand(call, errand)) => {
                self.errand_response(call, errand, &response);
            }
            (TuEvent::Timeout | TuEvent::TransportError, Owner::Errand(call, _)) => self.errand_failed(call),
            _ => {}
        }
    }

    fn send(&mut self, flow: Flow, message: &Message) {
        let mut bytes = Vec::with_capacity(1_024);
        message.write_to(&mut bytes);
        self.transmit(flow, bytes);
    }
}

fn reliability(flow: Flow) -> Reliability {
    if flow.is_stream() { Reliability::Reliable } else { Reliability::Unreliable }
}
