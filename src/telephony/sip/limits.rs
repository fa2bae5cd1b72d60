use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};

/// What one source holds.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    pub calls: usize,
    pub transactions: usize,
    pub connections: usize,
}

/// A counter of [`Held`].
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Call,
    Transaction,
    Connection,
}

/// Who holds how much. A source without anything is forgotten.
#[derive(Debug, Default)]
pub(super) struct Sources {
    held: HashMap<IpAddr, Held>,
}

impl Sources {
    pub(super) fn len(&self) -> usize {
        self.held.len()
    }

    pub(super) fn held(&self, source: IpAddr) -> Held {
        self.held.get(&source).copied().unwrap_or_default()
    }

    pub(super) fn take(&mut self, source: IpAddr, kind: Kind) {
        let held = self.held.entry(source).or_default();
        *held.counter(kind) += 1;
    }

    pub(super) fn give_back(&mut self, source: IpAddr, kind: Kind) {
        if let Some(held) = self.held.get_mut(&source) {
            let counter = held.counter(kind);
            *counter = counter.saturating_sub(1);
            if *held == Held::default() {
                self.held.remove(&source);
            }
        }
    }
}

impl Held {
    fn counter(&mut self, kind: Kind) -> &mut usize {
        match kind {
            Kind::Call => &mut self.calls,
            Kind::Transaction => &mut self.transactions,
            Kind::Connection => &mut self.connections,
        }
    }
}

/// The address that limits count: whoever has an IPv6 address has 2^64 of them.
pub(super) fn source(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(ip) => IpAddr::V4(ip),
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX))),
    }
}
