//! Answers the questions of a search for a SIP server (RFC 3263). Records are asked for at the name
//! servers of this system (`/etc/resolv.conf`) and nowhere else, in full, so that nothing is appended
//! to a name; plain host names are left to the system itself, which knows `/etc/hosts`.
//!
//! Nothing is kept here: whoever searches knows how long records are good, and asks again then.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{RData, RecordType};
use telephony::sip::{Answer, Found, Question, Search, Server, Service};
use tokio::net::lookup_host;
use tokio::time::timeout;

/// How long one name server may take for one question; it is asked twice.
const QUESTION: Duration = Duration::from_millis(1_500);
/// How long a whole search may take, before and after it does without records.
const LOOK_UP: Duration = Duration::from_secs(5);

/// Who is asked.
#[derive(Debug, Clone, Copy, Default)]
pub struct Names {
    server: Option<SocketAddr>,
}

impl Names {
    /// The name servers of this system, as they are when a name is looked up.
    pub fn of_the_system() -> Self {
        Names::default()
    }

    /// This name server alone.
    pub fn of(server: SocketAddr) -> Self {
        Names { server: Some(server) }
    }

    /// Carries a search out.
    pub async fn find(self, mut search: Search) -> Found {
        let resolver = self.resolver();
        if timeout(LOOK_UP, answer_all(&mut search, resolver.as_ref())).await.is_err() {
            search.give_up();
            let _ = timeout(LOOK_UP, answer_all(&mut search, resolver.as_ref())).await;
        }
        search.found()
    }

    fn resolver(self) -> Option<TokioResolver> {
        let provider = TokioRuntimeProvider::default();
        let mut builder = match self.server {
            None => TokioResolver::builder(provider).ok()?,
            Some(server) => {
                let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
                    connection.port = server.port();
                    connection
                });
                let mut only = NameServerConfig::udp(server.ip());
                only.connections = connections.into();
                let config = ResolverConfig::from_parts(None, Vec::new(), vec![only]);
                TokioResolver::builder_with_config(config, provider)
            }
        };
        let options: &mut ResolverOpts = builder.options_mut();
        options.timeout = QUESTION;
        options.attempts = 1;
        builder.build().ok()
    }
}

async fn answer_all(search: &mut Search, resolver: Option<&TokioResolver>) {
    while let Some(question) = search.question().cloned() {
        let (answer, valid) = answer(question, resolver).await;
        search.answer(answer, valid);
    }
}

async fn answer(question: Question, resolver: Option<&TokioResolver>) -> (Answer, Option<Duration>) {
    match question {
        Question::Services(name) => {
            let (records, valid) = records(resolver, &name, RecordType::NAPTR).await;
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let services = records.into_iter().filter_map(|record| match record {
                RData::NAPTR(naptr) => Some(Service {
                    order: naptr.order,
                    preference: naptr.preference,
                    flags: text(&naptr.flags),
                    service: text(&naptr.services),
                    replacement: naptr.replacement.to_ascii(),
                }),
                _ => None,
            });
            (Answer::Services(services.collect()), valid)
        }
        Question::Servers(name) => {
            let (records, valid) = records(resolver, &name, RecordType::SRV).await;
            let servers = records.into_iter().filter_map(|record| match record {
                RData::SRV(srv) => Some(Server {
                    priority: srv.priority,
                    weight: srv.weight,
                    port: srv.port,
                    target: srv.target.to_ascii(),
                }),
                _ => None,
            });
            (Answer::Servers(servers.collect()), valid)
        }
        Question::Addresses { host, announced: true } => {
            let Some(resolver) = resolver else { return (Answer::Addresses(Vec::new()), None) };
            match resolver.lookup_ip(in_full(&host)).await {
                Ok(found) => {
                    let valid = found.valid_until().saturating_duration_since(Instant::now());
                    (Answer::Addresses(found.iter().map(|ip| ip.to_canonical()).collect()), Some(valid))
                }
                Err(_) => (Answer::Addresses(Vec::new()), None),
            }
        }
        Question::Addresses { host, .. } => (Answer::Addresses(addresses(&host).await.unwrap_or_default()), None),
    }
}

/// The addresses of a host as the system knows them.
///
/// # Errors
/// The system's own.
pub async fn addresses(host: &str) -> io::Result<Vec<IpAddr>> {
    Ok(lookup_host((host, 0)).await?.map(|address| address.ip().to_canonical()).collect())
}

/// Records of a name; none where there are none or nobody tells.
async fn records(resolver: Option<&TokioResolver>, name: &str, kind: RecordType) -> (Vec<RData>, Option<Duration>) {
    let Some(resolver) = resolver else { return (Vec::new(), None) };
    match resolver.lookup(in_full(name), kind).await {
        Ok(found) => {
            let valid = found.valid_until().saturating_duration_since(Instant::now());
            (found.answers().iter().map(|record| record.data.clone()).collect(), Some(valid))
        }
        Err(_) => (Vec::new(), None),
    }
}

fn in_full(name: &str) -> String {
    format!("{}.", name.trim_end_matches('.'))
}
