use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// What the owner may want to read in the log; nothing of it concerns a call that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A message was not taken. Told once for each source every ten seconds.
    Denied {
        /// Who sent it. Over UDP that may be forged, except where a password was wrong.
        source: SocketAddr,
        /// Why.
        why: Denial,
    },
    /// Nothing is read from this source for a while.
    Banned {
        /// Whose messages.
        source: IpAddr,
        /// How long.
        time: Duration,
    },
    /// A registration has a new state.
    Account {
        /// Its name.
        name: String,
        /// What it is now.
        state: AccountState,
    },
    /// A target of a trunk has a new state.
    Trunk {
        /// The trunk's name.
        name: String,
        /// Which target, as it was written.
        target: String,
        /// What it is now.
        state: TargetState,
    },
}

/// Why a message was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denial {
    /// The password was wrong, or there is no such user.
    WrongPassword,
    /// Only certain addresses may call.
    NotAllowed,
    /// More messages than one source may send.
    Flood,
}

impl Denial {
    /// One word for the log.
    pub fn word(self) -> &'static str {
        match self {
            Denial::WrongPassword => "wrong-password",
            Denial::NotAllowed => "not-allowed",
            Denial::Flood => "flood",
        }
    }
}

/// How far a registration has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountState {
    /// Calls for it reach us.
    Registered {
        /// By whom.
        registrar: SocketAddr,
        /// Until it is repeated, in seconds.
        expires_s: u32,
        /// The address the registrar was given for us.
        contact: String,
    },
    /// They don't.
    Failed {
        /// Why, for the owner.
        why: Failure,
        /// When it is tried again, in seconds.
        retry_s: u32,
    },
    /// Given up at the owner's wish.
    Unregistered,
}

/// Why a registration failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The registrar's name has no address.
    NoAddress,
    /// Nobody answered.
    NoAnswer,
    /// User or password are wrong.
    WrongPassword,
    /// It asks for a proof of a kind we don't have.
    NotUnderstood,
    /// Refused with this status.
    Refused(u16),
}

impl Failure {
    /// What happened and what to do.
    pub fn says(self) -> String {
        match self {
            Failure::NoAddress => "its registrar's name has no address: check the name, or the box's DNS".into(),
            Failure::NoAnswer => {
                "its registrar does not answer: check address, port, transport and the firewall between".into()
            }
            Failure::WrongPassword => "its user or password is wrong".into(),
            Failure::NotUnderstood => "its registrar asks for a proof other than SIP digest with MD5 or SHA-256".into(),
            Failure::Refused(403) => {
                "its registrar forbids it (403): wrong password or user, or the extension is not allowed to register"
                    .into()
            }
            Failure::Refused(404) => "its registrar does not know it (404): check user and domain".into(),
            Failure::Refused(status) => format!("its registrar refuses it ({status})"),
        }
    }
}

/// Whether a trunk's target answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetState {
    /// It answers.
    Up,
    /// It has not answered several times in a row.
    Down,
    /// Its name has no address.
    NoAddress,
}
