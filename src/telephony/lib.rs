//! Telephony without sockets and clocks: SIP signalling, session descriptions, and media.
//!
//! # Contract
//! Every part is a [`machine::Machine`] or plain data: bytes and instants in, bytes and
//! instants out. [`sip::Endpoint`] speaks SIP as callee and caller, [`sdp`] answers and makes
//! session descriptions, [`media`] turns packets into samples and back.
//!
//! # Deliberately absent
//! Sockets, clocks, a runtime, name resolution, and everything that knows what a call is about.
//! The SIP library underneath (`sipx-sip`) does not show in any public signature.

pub mod media;
pub mod sdp;
pub mod sip;
