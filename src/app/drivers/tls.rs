//! SIP under TLS: rustls with ring. Who we connect to must show a certificate for the name it was
//! configured with; who connects to us sees ours, and shows one where that is asked for.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::config;

/// Both ends of TLS.
#[derive(Clone)]
pub struct Tls {
    connector: TlsConnector,
    acceptor: Option<TlsAcceptor>,
}

impl Tls {
    /// Reads the certificates.
    ///
    /// # Errors
    /// Names the setting and its file.
    pub fn new(config: &config::Tls) -> io::Result<Self> {
        let own = match (&config.certificate, &config.key) {
            (Some(certificate), Some(key)) => Some((certificates("tls.certificate", certificate)?, private(key)?)),
            (None, None) => None,
            _ => return Err(wrong("tls.certificate and tls.key belong together: set both or none")),
        };
        let roots = match &config.trust {
            Some(file) => store("tls.trust", file)?,
            None => system(),
        };
        let client = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(wrong)?
            .with_root_certificates(roots);
        let client = match &own {
            Some((chain, key)) => client.with_client_auth_cert(chain.clone(), key.clone_key()).map_err(wrong)?,
            None => client.with_no_client_auth(),
        };
        let acceptor = own.map(|(chain, key)| acceptor(config, chain, key)).transpose()?;
        Ok(Tls { connector: TlsConnector::from(Arc::new(client)), acceptor })
    }

    /// For connections we make.
    pub fn connector(&self) -> TlsConnector {
        self.connector.clone()
    }

    /// For those made to us, where there is a certificate of ours.
    pub fn acceptor(&self) -> Option<TlsAcceptor> {
        self.acceptor.clone()
    }
}

/// A name as a certificate has it.
///
/// # Errors
/// It is none.
pub fn server_name(host: &str) -> io::Result<ServerName<'static>> {
    ServerName::try_from(host.to_owned()).map_err(wrong)
}

fn acceptor(
    config: &config::Tls,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> io::Result<TlsAcceptor> {
    let provider = Arc::new(ring::default_provider());
    let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(wrong)?;
    let server = match &config.clients {
        Some(file) => {
            let roots = Arc::new(store("tls.clients", file)?);
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider).build().map_err(wrong)?;
            server.with_client_cert_verifier(verifier)
        }
        None => server.with_no_client_auth(),
    };
    let server = server.with_single_cert(chain, key).map_err(|error| wrong(format!("tls.key: {error}")))?;
    Ok(TlsAcceptor::from(Arc::new(server)))
}

/// What the system trusts.
fn system() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    roots
}

fn store(setting: &str, file: &Path) -> io::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(setting, file)? {
        roots.add(certificate).map_err(|error| wrong(format!("{setting} {}: {error}", file.display())))?;
    }
    Ok(roots)
}

fn certificates(setting: &str, file: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let at = |error: String| wrong(format!("{setting} {}: {error}", file.display()));
    let bytes = fs::read(file).map_err(|error| at(error.to_string()))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(at("no certificate in it (PEM is wanted)".into())),
        Err(error) => Err(at(error.to_string())),
    }
}

fn private(file: &Path) -> io::Result<PrivateKeyDer<'static>> {
    let at = |error: String| wrong(format!("tls.key {}: {error}", file.display()));
    let bytes = fs::read(file).map_err(|error| at(error.to_string()))?;
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| at(error.to_string()))
}

fn wrong(what: impl ToString) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what.to_string())
}
