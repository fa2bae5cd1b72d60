use sipx_sip::{HeaderName, Uri};

/// More fields than this are not made of an address.
const MOST: usize = 8;

/// An address without its header fields, and those that a request may be made of: others would
/// let an address decide what we are (RFC 3261, 19.1.5).
pub(super) fn split(mut uri: Uri) -> (Uri, Vec<(HeaderName, String)>) {
    let Some(all) = uri.headers().filter(|all| !all.is_empty()) else { return (uri, Vec::new()) };
    let pairs: Vec<(String, Option<String>)> =
        all.iter().map(|field| (text(field.name()), field.value().and_then(unescaped))).collect();
    let mut fields = Vec::new();
    for (name, value) in &pairs {
        uri.remove_header(name);
        let Some(value) = value.clone().filter(|value| !value.chars().any(char::is_control)) else { continue };
        let extension = || name.len() <= 64 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        match name.to_ascii_lowercase().as_str() {
            "replaces" => {
                fields.push((HeaderName::Replaces, value));
                fields.push((HeaderName::Require, "replaces".to_owned()));
            }
            "referred-by" => fields.push((HeaderName::ReferredBy, value)),
            known if (known == "user-to-user" || known.starts_with("x-")) && extension() => {
                fields.push((HeaderName::Other(name.clone().into_bytes().into()), value));
            }
            _ => {}
        }
    }
    fields.truncate(MOST);
    (uri, fields)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// `%41` is `A`; none where it is no text then.
fn unescaped(value: &[u8]) -> Option<String> {
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value.iter();
    while let Some(octet) = rest.next() {
        let digit = |octet: Option<&u8>| octet.and_then(|octet| char::from(*octet).to_digit(16));
        match octet {
            b'%' => {
                let (high, low) = (digit(rest.next())?, digit(rest.next())?);
                out.push(u8::try_from(high * 16 + low).ok()?);
            }
            octet => out.push(*octet),
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
#[allow(clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn only_harmless_fields_are_made_of_an_address() {
        let text = "sip:desk@192.0.2.7;transport=tcp?Replaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2&From=evil&\
                    X-Why=a%20b&Call-ID=1&User-to-User=00&X-Bad=%0d%0aVia";
        let (uri, fields) = split(Uri::parse(text.as_bytes().to_vec().into()).expect("a URI"));
        assert_eq!(uri.to_bytes().as_ref(), b"sip:desk@192.0.2.7;transport=tcp");
        let fields: Vec<_> = fields.iter().map(|(name, value)| (name.to_string(), value.as_str())).collect();
        let names: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        assert_eq!(
            names,
            [
                ("Replaces", "a@b;to-tag=1;from-tag=2"),
                ("Require", "replaces"),
                ("X-Why", "a b"),
                ("User-to-User", "00"),
            ]
        );
    }
}
