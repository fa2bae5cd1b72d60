//! What statuses and failures of a telephone line mean to its owner, and what to do.

use std::io;

/// An answer to OPTIONS: whoever answers is there.
///
/// # Errors
/// It says that calls would not work either.
pub fn status_of_options(status: u16, phrase: &str) -> Result<String, String> {
    let said = format!("{status} {phrase}");
    match status {
        200..=299 => Ok(format!("it answers ({said})")),
        404 | 405 | 481 | 483 | 501 => {
            Ok(format!("it answers ({said}), though it does not care for OPTIONS: calls may go"))
        }
        401 | 407 => Err(format!(
            "it asks for a password and does not take ours ({said}): give the [[trunk]] `user` and `password`, or check them"
        )),
        403 => Err(format!("it forbids ({said}): this box's address is not on its list of those who may call")),
        503 => Err(format!("it answers that it can't take calls now ({said}): ask there")),
        500.. => Err(format!("it has trouble of its own ({said}): ask there")),
        _ => Err(format!("it refuses ({said})")),
    }
}

/// A refusal of REGISTER.
pub fn status_of_register(status: u16, phrase: &str) -> String {
    let said = format!("{status} {phrase}");
    match status {
        401 | 407 => format!("its user or password is wrong ({said})"),
        403 => format!("it forbids ({said}): wrong user or password, or the extension may not register from here"),
        404 => format!("it does not know the user ({said}): check user and domain of the address"),
        405 | 501 => {
            format!("it is no registrar ({said}): check host and port, or write a [[trunk]] instead of an [[account]]")
        }
        423 => format!("it wants registrations to hold longer ({said}): raise expires_s"),
        480 | 503 => format!("it can't serve now ({said}): ask there"),
        500.. => format!("it has trouble of its own ({said}): ask there"),
        _ => format!("it refuses ({said})"),
    }
}

/// A refusal of a call; `offered` is the audio that was offered.
pub fn status_of_call(status: u16, phrase: &str, offered: &str) -> String {
    let said = format!("{status} {phrase}");
    match status {
        401 | 407 => format!("it asks for a password and does not take ours ({said}): check `user` and `password`"),
        403 => format!(
            "it forbids the call ({said}): the number may not be dialled from here, or the number shown as the caller's is not ours"
        ),
        404 | 484 | 604 => {
            format!("it does not know the number ({said}): check how it wants numbers, like +15550100 or 015550100")
        }
        408 | 480 => format!("nobody can be reached under the number ({said})"),
        415 | 488 | 606 => format!(
            "it takes none of the audio we offer ({said}; offered: {offered}): compare rtp.codecs and rtp.srtp with its settings"
        ),
        420 | 421 => format!("it needs an extension that this box lacks ({said})"),
        482 | 483 => format!("the call goes in circles ({said}): check the routes there"),
        486 | 600 => format!("the number is busy ({said}); the trunk itself works"),
        487 => format!("it gave the call up ({said})"),
        503 => format!("it has no line free, or is out of service ({said})"),
        500..=599 => format!("it has trouble of its own ({said}): ask there"),
        603 | 607 | 608 => format!("the call was declined ({said})"),
        300..=399 => format!("it sends callers elsewhere ({said}), which this box does not follow"),
        _ => format!("it refuses the call ({said})"),
    }
}

/// A TLS handshake that failed with `host` on this port.
pub fn tls_error(error: &io::Error, host: &str, port: u16) -> String {
    let said = error.to_string();
    let lower = said.to_ascii_lowercase();
    if lower.contains("unknownissuer") || lower.contains("unknown issuer") || lower.contains("causedasendentity") {
        return format!(
            "the certificate of {host} is signed by nobody this box trusts ({said}): put that authority's certificate into a \
             file and set tls.trust to it"
        );
    }
    if lower.contains("notvalidforname") || lower.contains("not valid for name") {
        return format!("the certificate is not for the name {host} ({said}): write the name that it is for");
    }
    if lower.contains("expired") || lower.contains("notvalidyet") || lower.contains("not valid yet") {
        return format!(
            "the certificate of {host} is not valid today ({said}): it must be renewed, or this box's clock is wrong"
        );
    }
    if lower.contains("invalidcontenttype") || lower.contains("corrupt message") {
        return format!("what answers on port {port} does not speak TLS ({said}): check port and transport");
    }
    if lower.contains("certificaterequired")
        || lower.contains("certificate required")
        || lower.contains("handshakefailure")
    {
        return format!("{host} wants a certificate of ours ({said}): set tls.certificate and tls.key");
    }
    format!(
        "TLS with {host} on port {port} fails ({said}): check port and transport, and whether it wants a certificate of ours"
    )
}
