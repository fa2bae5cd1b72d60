use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// The hosts that signalling names: the one of its audio and, for whoever sits behind an address
/// translator, the one that it comes from itself (if these are an inner and an outer one, anybody).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Named {
    audio: SocketAddr,
    signalling: IpAddr,
}

impl Named {
    pub fn new(audio: SocketAddr, signalling: IpAddr) -> Self {
        Self { audio, signalling }
    }

    pub fn audio(&self) -> SocketAddr {
        self.audio
    }

    /// An inner address told by somebody outside: behind a translator and a proxy both, where
    /// nothing says what the audio's address looks like from here.
    pub fn is_hidden(&self) -> bool {
        is_inner(self.audio.ip()) && !is_inner(self.signalling)
    }

    pub fn includes(&self, from: SocketAddr) -> bool {
        self.is_hidden() || [self.audio.ip(), self.signalling].map(host).contains(&host(from.ip()))
    }
}

/// Whose address it is: a host with IPv6 may send from any address of its network.
fn host(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.into(),
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).into(),
    }
}

/// Of a network behind a translator (RFC 1918, 6598, 4193) or of no network.
fn is_inner(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let [first, second, ..] = ip.octets();
            let carrier = first == 100 && second & 0xc0 == 64;
            ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_unspecified() || carrier
        }
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local() || ip.is_loopback() || ip.is_unspecified(),
    }
}
