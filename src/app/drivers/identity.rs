//! Who this program is to whom it shakes hands with (RFC 5763): a certificate signed by itself,
//! made anew at every start. What makes it trusted is its fingerprint in the session description.

use std::sync::OnceLock;

use telephony::media::dtls::Certificate;

static CERTIFICATE: OnceLock<Option<Certificate>> = OnceLock::new();

/// The certificate; `None`, said once in the log, where none can be made: no handshake is offered
/// or taken then.
pub fn certificate() -> Option<&'static Certificate> {
    CERTIFICATE.get_or_init(make).as_ref()
}

fn make() -> Option<Certificate> {
    let made = Certificate::generate();
    if made.is_none() {
        tracing::error!(
            "no certificate for DTLS-SRTP: the system gives no randomness; calls that ask for it are refused"
        );
    }
    made
}
