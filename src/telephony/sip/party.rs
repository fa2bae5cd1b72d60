use sipx_sip::Uri;

use super::Party;

/// Names longer than this are cut: nobody's is.
const MAX_CHARS: usize = 128;

/// Who an address names.
pub(super) fn party(display: Option<&[u8]>, uri: &Uri) -> Party {
    let user = match uri.tel_parts() {
        Some(tel) => Some(tel.subscriber().to_vec()),
        None => uri.decoded_user(),
    };
    Party {
        display: display.map(text).filter(|name| !name.is_empty()),
        user: user.as_deref().map(text).filter(|name| !name.is_empty()),
        host: uri.host().map(|host| text(&host.to_bytes())).unwrap_or_default(),
    }
}

fn text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.chars().filter(|c| !c.is_control()).take(MAX_CHARS).collect::<String>().trim().to_owned()
}
