use reqwest::Url;

use super::HubError;

/// Where the hub is: scheme, host, port and perhaps a path before everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint(Url);

impl Endpoint {
    /// Parses an address such as `https://huggingface.co` or `http://mirror.local:8080/hf`.
    ///
    /// # Errors
    /// When it is none, or carries what an address of a hub does not.
    pub fn parse(given: &str) -> Result<Self, HubError> {
        let wrong = |why: String| HubError::Endpoint { given: given.to_owned(), why };
        let url = Url::parse(given.trim()).map_err(|error| wrong(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong(format!("it begins with {}:", url.scheme())));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("it holds a user or password: set HF_TOKEN instead".to_owned()));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("it has a query".to_owned()));
        }
        Ok(Endpoint(url))
    }

    /// A manifest's address, at this hub: its path stays, its scheme and host do not count.
    pub(super) fn place(&self, manifest_url: &str) -> Result<Url, HubError> {
        let wrong = |why: String| HubError::Endpoint { given: manifest_url.to_owned(), why };
        let there = Url::parse(manifest_url).map_err(|error| wrong(error.to_string()))?;
        let mut here = self.0.clone();
        let prefix = here.path().trim_end_matches('/').to_owned();
        here.set_path(&format!("{prefix}{}", there.path()));
        here.set_query(there.query());
        Ok(here)
    }
}

/// An address for people and logs: its query, which may be a signature, is left out.
pub(super) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
mod tests {
    use super::{Endpoint, shown};

    const MODEL: &str = "https://huggingface.co/a/b/resolve/main/c/d.onnx";

    #[test]
    fn a_mirror_takes_the_place_of_scheme_and_host() {
        for (given, placed) in [
            ("https://huggingface.co", MODEL),
            ("http://10.0.0.7:8080", "http://10.0.0.7:8080/a/b/resolve/main/c/d.onnx"),
            ("https://mirror.example/hf/", "https://mirror.example/hf/a/b/resolve/main/c/d.onnx"),
        ] {
            assert_eq!(Endpoint::parse(given).unwrap().place(MODEL).unwrap().as_str(), placed);
        }
    }

    #[test]
    fn what_is_no_address_is_refused_in_words() {
        for given in ["", "mirror", "ftp://mirror", "file:///etc/passwd", "https://u:p@mirror", "https://m/?a=b"] {
            let said = Endpoint::parse(given).unwrap_err().to_string();
            assert!(said.contains("https://huggingface.co"), "{given}: {said}");
        }
    }

    #[test]
    fn signatures_are_not_shown() {
        let url = Endpoint::parse("http://m").unwrap().place("https://h/x?signature=secret").unwrap();
        assert_eq!(shown(&url), "http://m/x");
    }
}
