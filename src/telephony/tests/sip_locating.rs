//! Where a name leads (RFC 3263): which records are asked for, in which order servers are tried, and
//! that calls go to the next one when the first is down.
#![allow(clippy::expect_used)] // a test may fail

mod peer;

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use peer::{BOX, Bench, Seen, at};
use telephony::sip::{
    Answer, Command, Config, Credentials, Found, Hop, Input, Question, Search, Server, Service, Transport, Trunk,
};

/// A name server.
#[derive(Default)]
struct Zone {
    services: HashMap<&'static str, Vec<Service>>,
    servers: HashMap<&'static str, Vec<Server>>,
    addresses: HashMap<&'static str, Vec<&'static str>>,
}

fn server(priority: u16, weight: u16, port: u16, target: &str) -> Server {
    Server { priority, weight, port, target: target.into() }
}

fn service(order: u16, preference: u16, service: &str, replacement: &str) -> Service {
    Service { order, preference, flags: "s".into(), service: service.into(), replacement: replacement.into() }
}

impl Zone {
    fn answer(&self, question: &Question) -> Answer {
        match question {
            Question::Services(name) => Answer::Services(self.services.get(name.as_str()).cloned().unwrap_or_default()),
            Question::Servers(name) => Answer::Servers(self.servers.get(name.as_str()).cloned().unwrap_or_default()),
            Question::Addresses { host, .. } => {
                let ips = self.addresses.get(host.as_str()).into_iter().flatten();
                Answer::Addresses(ips.map(|ip| ip.parse::<IpAddr>().expect("an address")).collect())
            }
        }
    }

    /// All that is asked, and what comes of it.
    fn find(&self, hop: &str, seed: u64) -> (Vec<Question>, Found) {
        let mut search = Search::new(&hop.parse::<Hop>().expect("a hop"), true, seed);
        let mut asked = Vec::new();
        while let Some(question) = search.question().cloned() {
            search.answer(self.answer(&question), Some(Duration::from_secs(60 + asked.len() as u64)));
            asked.push(question);
            assert!(asked.len() < 100, "it comes to an end");
        }
        (asked, search.found())
    }
}

fn places(found: &Found) -> Vec<String> {
    found.places.iter().map(ToString::to_string).collect()
}

fn carrier() -> Zone {
    let mut zone = Zone::default();
    zone.servers.insert(
        "_sip._udp.carrier.example",
        vec![server(20, 0, 5_080, "backup.carrier.example"), server(10, 60, 5_070, "a.carrier.example.")],
    );
    zone.addresses.insert("a.carrier.example", vec!["192.0.2.51", "2001:db8::51"]);
    zone.addresses.insert("backup.carrier.example", vec!["192.0.2.52"]);
    zone.addresses.insert("carrier.example", vec!["192.0.2.99"]);
    zone
}

#[test]
fn servers_come_by_priority_with_their_ports_and_the_shortest_life() {
    let (asked, found) = carrier().find("carrier.example;transport=udp", 1);
    assert_eq!(places(&found), ["192.0.2.51:5070", "[2001:db8::51]:5070", "192.0.2.52:5080"]);
    assert_eq!((found.transport, found.valid), (Transport::Udp, Some(Duration::from_secs(60))));
    let announced = |host: &str| Question::Addresses { host: host.into(), announced: true };
    let servers = Question::Servers("_sip._udp.carrier.example".into());
    assert_eq!(asked, [servers, announced("a.carrier.example"), announced("backup.carrier.example")]);
}

#[test]
fn a_port_an_address_or_a_word_is_no_domain() {
    let zone = carrier();
    for (hop, wanted) in [("192.0.2.7", "192.0.2.7:5060"), ("[2001:db8::7]:5070", "[2001:db8::7]:5070")] {
        let (asked, found) = zone.find(hop, 1);
        assert_eq!((asked.len(), places(&found)), (0, vec![wanted.to_owned()]));
    }
    for hop in ["carrier.example:5062", "pbx", "pbx."] {
        let (asked, _) = zone.find(hop, 1);
        assert!(matches!(asked.as_slice(), [Question::Addresses { announced: false, .. }]), "{hop}: {asked:?}");
    }
    let mut search = Search::new(&"carrier.example".parse().expect("a hop"), false, 1);
    assert!(matches!(search.question(), Some(Question::Addresses { .. })), "where records are not wanted");
    search.answer(Answer::Servers(vec![server(1, 1, 1, "a.b")]), None);
    assert!(search.question().is_none() && search.found().places.is_empty(), "an answer to something else is none");
}

#[test]
fn the_domain_says_which_transport() {
    let mut zone = carrier();
    zone.services.insert(
        "carrier.example",
        vec![
            service(30, 1, "SIP+D2U", "_sip._udp.carrier.example"),
            service(10, 50, "SIPS+D2T", "_sips._tcp.carrier.example"),
            service(5, 1, "SIP+D2S", "_sip._sctp.carrier.example"),
        ],
    );
    zone.servers.insert("_sips._tcp.carrier.example", vec![server(1, 1, 5_061, "a.carrier.example")]);
    let (asked, found) = zone.find("carrier.example", 1);
    assert_eq!((found.transport, places(&found)[0].as_str()), (Transport::Tls, "192.0.2.51:5061"));
    assert!(!asked.contains(&Question::Servers("_sip._sctp.carrier.example".into())), "nobody here speaks SCTP");
    assert_eq!(zone.find("carrier.example;transport=udp", 1).1.transport, Transport::Udp, "unless the owner did");

    // Without NAPTR, whatever has servers; without those, the host itself.
    let (asked, found) = carrier().find("carrier.example", 1);
    assert_eq!((asked.len(), found.transport, found.places[0].port()), (4, Transport::Udp, 5_070));
    let mut bare = carrier();
    bare.servers.clear();
    assert_eq!(places(&bare.find("carrier.example", 1).1), ["192.0.2.99:5060"]);
    // A dot: the domain has no SIP server.
    bare.servers.insert("_sip._udp.carrier.example", vec![server(0, 0, 0, ".")]);
    assert_eq!(places(&bare.find("carrier.example;transport=udp", 1).1), [""; 0]);
}

#[test]
fn weights_are_shares_and_the_same_luck_gives_the_same_order() {
    let mut zone = Zone::default();
    let named = |host: &'static str, weight| server(1, weight, 5_060, host);
    zone.addresses.insert("heavy.example", vec!["192.0.2.1"]);
    zone.addresses.insert("light.example", vec!["192.0.2.2"]);
    let mut first = HashMap::new();
    for seed in 0..1_000 {
        zone.servers.insert("_sip._udp.c.example", vec![named("heavy.example", 75), named("light.example", 25)]);
        let (_, found) = zone.find("c.example;transport=udp", seed);
        zone.servers.insert("_sip._udp.c.example", vec![named("light.example", 25), named("heavy.example", 75)]);
        assert_eq!(zone.find("c.example;transport=udp", seed).1, found, "however the name server turns them");
        assert_eq!(found.places.len(), 2);
        *first.entry(found.places[0].to_string()).or_insert(0) += 1;
    }
    assert!((700..800).contains(&first["192.0.2.1:5060"]), "{first:?}");
}

#[test]
fn whoever_answers_can_not_make_it_endless() {
    let mut zone = Zone::default();
    let many = (0..500).map(|at| server(at, 1, 5_060, "many.example")).collect();
    zone.servers.insert("_sip._udp.c.example", many);
    zone.addresses.insert("many.example", vec!["192.0.2.1"; 500]);
    let (asked, found) = zone.find("c.example;transport=udp", 1);
    assert!(asked.len() <= 9 && found.places.len() <= 16, "{} questions, {} places", asked.len(), found.places.len());
}

#[test]
fn where_nobody_answers_the_host_itself_is_looked_up() {
    let mut search = Search::new(&"carrier.example".parse().expect("a hop"), true, 1);
    search.give_up();
    let plain = Question::Addresses { host: "carrier.example".into(), announced: false };
    assert_eq!(search.question(), Some(&plain));
    search.answer(Answer::Addresses(vec!["192.0.2.99".parse().expect("an address")]), None);
    assert_eq!(places(&search.found()), ["192.0.2.99:5060"]);
}

/// Where the last OPTIONS of these goes.
fn pinged(seen: &Seen) -> Option<String> {
    seen.sent.iter().rfind(|(_, text)| text.starts_with("OPTIONS")).map(|(to, _)| to.to_string())
}

#[test]
fn a_trunk_goes_on_to_the_next_server_and_asks_again_when_the_records_are_old() {
    let zone = carrier();
    let trunk = Trunk {
        name: "carrier".into(),
        targets: vec!["carrier.example".parse().expect("a hop")],
        from: Vec::new(),
        credentials: Some(Credentials { user: "u".into(), password: "p".into() }),
        ping: Some(Duration::from_secs(10)),
    };
    let mut config = Config::new(at(BOX));
    config.trunks = vec![trunk];
    let mut bench = Bench::with(config);
    let resolve = |bench: &mut Bench, seen: Seen| {
        let (query, mut search) = seen.resolves.into_iter().next().expect("a search");
        while let Some(question) = search.question().cloned() {
            search.answer(zone.answer(&question), Some(Duration::from_secs(90)));
        }
        bench.handle(Input::Resolved { query, found: search.found(), own: None })
    };
    let seen = bench.command(Command::SignOn);
    let seen = resolve(&mut bench, seen);
    assert_eq!(pinged(&seen).as_deref(), Some("192.0.2.51:5070"));
    let mut all = Vec::new();
    for second in 0..89 {
        let seen = bench.pass(Duration::from_secs(1));
        assert!(seen.resolves.is_empty(), "the records are good for longer than {second} s");
        all.extend(pinged(&seen));
    }
    assert!(all.contains(&"[2001:db8::51]:5070".to_owned()) && all.contains(&"192.0.2.52:5080".to_owned()), "{all:?}");
    assert_eq!(bench.pass(Duration::from_secs(2)).resolves.len(), 1, "not kept longer than they are good");
}
