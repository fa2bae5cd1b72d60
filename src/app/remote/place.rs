//! Where the server is. On the premises: no caller's words go to a public address.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// The address of chat completions at this base.
///
/// # Errors
/// What is wrong with it and what to write instead.
pub fn chat_url(base: &str) -> Result<Url, String> {
    let wrong =
        |why: &str| format!("engines.remote.url = {base:?} {why}: write it like \"http://192.168.1.30:8000/v1\"");
    let mut url = Url::parse(base.trim()).map_err(|error| wrong(&format!("is no address ({error})")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("is not http or https"));
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Err(wrong("holds a password or a query; a key belongs into engines.remote.key_file"));
    }
    let address = url.host_str().and_then(|host| host.trim_matches(['[', ']']).parse().ok());
    if address.is_some_and(|address| !is_on_premises(address)) {
        return Err(wrong("is a public address, and what callers say stays on the premises"));
    }
    let path = format!("{}/chat/completions", url.path().trim_end_matches('/'));
    url.set_path(&path);
    Ok(url)
}

/// Addresses that are not routed on the internet: RFC 1918, RFC 4193, loopback, link-local, and
/// the shared space of RFC 6598 that private networks over other networks use.
fn is_on_premises(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_private() || v4.is_loopback() || v4.is_link_local() || (a == 100 && (64..128).contains(&b))
        }
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => is_on_premises(v4.into()),
            None => v6 == Ipv6Addr::LOCALHOST || v6.is_unique_local() || v6.is_unicast_link_local(),
        },
    }
}

/// Looks names up and keeps the addresses on the premises.
#[derive(Debug)]
pub(super) struct OnPremises;

impl Resolve for OnPremises {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let kept: Vec<SocketAddr> = found.filter(|address| is_on_premises(address.ip())).collect();
            if kept.is_empty() {
                return Err(format!("{} has no address on the premises", name.as_str()).into());
            }
            Ok(Box::new(kept.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_on_the_premises_are_taken() {
        for good in ["10.1.2.3", "172.16.0.9", "192.168.1.30", "127.0.0.1", "100.64.0.1", "::1", "fd00::7", "fe80::1"] {
            assert!(is_on_premises(good.parse().unwrap()), "{good}");
        }
        for bad in ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2001:4860::8888", "::ffff:8.8.8.8", "0.0.0.0"] {
            assert!(!is_on_premises(bad.parse().unwrap()), "{bad}");
        }
    }

    #[test]
    fn an_address_becomes_the_place_of_chats() {
        assert_eq!(chat_url("http://gpu:8000/v1/").unwrap().as_str(), "http://gpu:8000/v1/chat/completions");
        for (bad, why) in [
            ("gpu:8000", "http"),
            ("http://u:p@gpu/v1", "key_file"),
            ("https://8.8.8.8/v1", "premises"),
            ("http://[2001:4860::8888]/v1", "premises"),
            ("nonsense", "no address"),
        ] {
            assert!(chat_url(bad).unwrap_err().contains(why), "{bad}");
        }
    }
}
