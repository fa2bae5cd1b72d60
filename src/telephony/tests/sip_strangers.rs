//! Who may call, who must prove it, and what insisting brings: nothing.
#![allow(clippy::expect_used)] // a test may fail

mod peer;

use std::time::Duration;

use peer::{BOX, Bench, OFFER, Seen, at, header, invite, media, request};
use sipx_sip::auth::{Challenge, Credentials as Known, respond, strongest};
use telephony::sip::{Command, Config, Credentials, Denial, Flood, Notice};

fn config() -> Config {
    let mut config = Config::new(at(BOX));
    config.users = vec![Credentials { user: "ann".into(), password: "right".into() }];
    config
}

/// The challenges of a 401.
fn challenges(seen: &Seen) -> Vec<Challenge> {
    let (_, text) = seen.sent.last().expect("an answer");
    assert!(text.starts_with("SIP/2.0 401"), "{text}");
    let rows = text.lines().filter_map(|line| line.strip_prefix("WWW-Authenticate: "));
    rows.filter_map(|row| Challenge::parse(row.as_bytes(), false)).collect()
}

/// An INVITE that answers the strongest challenge of `seen`.
fn proven(id: &str, seen: &Seen, user: &str, password: &str, count: u32) -> String {
    let challenge = strongest(challenges(seen)).expect("a challenge");
    let value = respond(&challenge, &Known::new(user, password), "INVITE", "sip:box@192.0.2.1", count, "c1");
    request("INVITE", id, &format!("Authorization: {value}\nContent-Type: application/sdp\n"), OFFER)
}

fn denials(seen: &Seen) -> Vec<Denial> {
    let why = |notice: &Notice| match notice {
        Notice::Denied { why, .. } => Some(*why),
        _ => None,
    };
    seen.notices.iter().filter_map(why).collect()
}

#[test]
fn who_knows_the_password_is_let_in_and_sha_256_is_asked_for_first() {
    let mut bench = Bench::with(config());
    let asked = bench.send(&invite("a", OFFER));
    let names: Vec<_> = challenges(&asked).iter().map(|challenge| challenge.algorithm.as_str()).collect();
    assert_eq!(names, ["SHA-256", "MD5"]);
    assert_eq!(bench.endpoint.load(), telephony::sip::Load::default(), "asking keeps nothing");
    assert!(bench.send(&proven("b", &asked, "ann", "right", 1)).incoming().is_some());
}

#[test]
fn md5_is_enough_where_a_phone_has_nothing_better() {
    let mut bench = Bench::with(config());
    let asked = bench.send(&invite("a", OFFER));
    let md5 = challenges(&asked).pop().expect("MD5");
    let value = respond(&md5, &Known::new("ann", "right"), "INVITE", "sip:box@192.0.2.1", 1, "c");
    let text = request("INVITE", "b", &format!("Authorization: {value}\nContent-Type: application/sdp\n"), OFFER);
    assert!(bench.send(&text).incoming().is_some());
}

#[test]
fn a_nonce_is_good_once_for_one_address_and_not_for_ever() {
    let mut bench = Bench::with(config());
    let asked = bench.send(&invite("a", OFFER));
    let call = proven("b", &asked, "ann", "right", 1);
    assert!(bench.send(&call).incoming().is_some());
    let replay = bench.send(&proven("c", &asked, "ann", "right", 1));
    assert!(replay.incoming().is_none() && challenges(&replay)[0].stale, "{replay:?}");
    assert!(bench.send(&proven("d", &asked, "ann", "right", 2)).incoming().is_some(), "counted up");
    bench.from = at("192.0.2.200:5060");
    let stolen = bench.send(&proven("e", &asked, "ann", "right", 3));
    assert!(stolen.incoming().is_none() && !challenges(&stolen)[0].stale, "{stolen:?}");
    bench.from = at(peer::PHONE);
    let _ = bench.pass(Duration::from_secs(301));
    let old = bench.send(&proven("f", &asked, "ann", "right", 4));
    assert!(old.incoming().is_none() && challenges(&old)[0].stale, "{old:?}");
}

#[test]
fn a_wrong_password_and_an_unknown_user_are_told_the_same() {
    let mut bench = Bench::with(config());
    let asked = bench.send(&invite("a", OFFER));
    let wrong = bench.send(&proven("b", &asked, "ann", "wrong", 1));
    let unknown = bench.send(&proven("b", &asked, "bob", "wrong", 1));
    assert_eq!(denials(&wrong), [Denial::WrongPassword]);
    let plain = |seen: &Seen| {
        let (_, text) = seen.sent.last().expect("an answer").clone();
        text.lines().filter(|line| !line.starts_with("WWW-")).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(plain(&wrong), plain(&unknown));
    assert_eq!(challenges(&wrong)[0].stale, challenges(&unknown)[0].stale);
    for method in ["REGISTER", "OPTIONS", "SUBSCRIBE", "FROBNICATE"] {
        assert_eq!(bench.send(&request(method, "x", "", "")).statuses(), [401], "{method}");
    }
}

#[test]
fn insisting_bans_and_the_ban_ends() {
    let mut bench = Bench::with(config());
    for turn in 0..5u32 {
        let asked = bench.send(&invite(&format!("a{turn}"), OFFER));
        let seen = bench.send(&proven(&format!("b{turn}"), &asked, "ann", "wrong", 1));
        let banned = seen.notices.iter().any(|notice| matches!(notice, Notice::Banned { .. }));
        assert_eq!(banned, turn == 4, "{seen:?}");
    }
    assert!(bench.send(&invite("c", OFFER)).sent.is_empty(), "not even an answer");
    let mut other = at("192.0.2.10:5060");
    std::mem::swap(&mut bench.from, &mut other);
    assert_eq!(bench.send(&invite("d", OFFER)).statuses(), [401], "nobody else is concerned");
    bench.from = other;
    bench.now += Duration::from_secs(601);
    assert_eq!(bench.send(&invite("e", OFFER)).statuses(), [401]);
}

#[test]
fn a_forged_source_bans_nobody() {
    let mut bench = Bench::with(config());
    let asked = bench.send(&invite("a", OFFER));
    bench.from = at("192.0.2.200:5060"); // whoever asked for the nonce now lies about its address
    for turn in 0..50 {
        let seen = bench.send(&proven(&format!("b{turn}"), &asked, "ann", "wrong", 1));
        assert_eq!((seen.statuses(), seen.notices.len()), (vec![401], 0));
    }
}

#[test]
fn the_allow_list_always_wins() {
    let mut config = config();
    config.allow = vec!["192.0.2.0/28".parse().expect("a network")];
    config.flood = Some(Flood { per_source: 1, in_all: 1 });
    let mut bench = Bench::with(config);
    for turn in 0..20 {
        let asked = bench.send(&request("OPTIONS", &format!("o{turn}"), "Authorization: Digest x=y\n", ""));
        assert_eq!(asked.statuses(), [200]);
    }
    assert!(bench.send(&invite("a", OFFER)).incoming().is_some(), "without a password");
    bench.from = at("192.0.2.77:5060");
    assert_eq!(bench.send(&invite("b", OFFER)).statuses(), [401]);
}

#[test]
fn with_a_list_and_no_users_strangers_are_forbidden() {
    let mut config = Config::new(at(BOX));
    config.allow = vec!["192.0.2.9".parse().expect("an address")];
    config.restricted = true;
    let mut bench = Bench::with(config);
    assert!(bench.send(&invite("a", OFFER)).incoming().is_some());
    bench.from = at("198.51.100.9:5060");
    let first = bench.send(&invite("b", OFFER));
    let second = bench.send(&invite("c", OFFER));
    assert_eq!((first.statuses(), second.statuses()), (vec![403], vec![403]));
    assert_eq!((denials(&first), denials(&second)), (vec![Denial::NotAllowed], vec![]), "told once for a while");
    assert_eq!(bench.endpoint.load().transactions, 1, "of the call that was let in");
}

#[test]
fn a_flood_from_one_source_is_cut_and_costs_nobody_else_anything() {
    let mut config = Config::new(at(BOX));
    config.flood = Some(Flood { per_source: 100, in_all: 10_000 });
    let mut bench = Bench::with(config);
    bench.from = at("198.51.100.9:5060");
    let mut answered = 0;
    let mut told = 0;
    for turn in 0..10_000u32 {
        let seen = bench.send(&request("OPTIONS", &format!("f{turn}"), "", ""));
        answered += seen.sent.len();
        told += seen.notices.len();
        bench.now += Duration::from_micros(100); // 10,000 a second
    }
    assert!((295..=305).contains(&answered), "200 at once and 100 a second: {answered}");
    assert_eq!(told, 1);
    bench.from = at(peer::PHONE);
    let (call, to) = bench.call("good");
    assert!(header(&to, "nothing").is_none() && bench.endpoint.load().active_calls == 1, "{call}");
}

#[test]
fn a_flood_from_everywhere_leaves_running_calls_and_friends_alone() {
    let mut config = Config::new(at(BOX));
    config.flood = Some(Flood { per_source: 100, in_all: 1_000 });
    config.allow = vec!["192.0.2.50".parse().expect("an address")];
    let mut bench = Bench::with(config);
    let (_, to) = bench.call("good");
    for turn in 0..20_000u32 {
        bench.from = std::net::SocketAddr::new(std::net::Ipv4Addr::from_bits(0x0b00_0000 + turn).into(), 5060);
        let _ = bench.send(&request("OPTIONS", &format!("f{turn}"), "", ""));
    }
    assert!(bench.endpoint.sources_heard() <= 8_192, "{}", bench.endpoint.sources_heard());
    assert!(bench.send(&request("OPTIONS", "other", "", "")).sent.is_empty(), "the common allowance is used up");
    bench.from = at(peer::PHONE);
    assert_eq!(bench.send(&peer::within("BYE", "good", &to, 2, "")).statuses(), [200]);
    bench.from = at("192.0.2.50:5060");
    assert!(bench.send(&invite("friend", OFFER)).incoming().is_some());
}

#[test]
fn calls_that_nobody_acknowledges_make_room() {
    let mut bench = Bench::with(Config::new(at(BOX)).max_calls(3));
    let (_, to) = bench.call("good");
    for forged in ["198.51.100.9:5060", "198.51.100.10:5060"] {
        bench.from = at(forged);
        let call = bench.invite(forged);
        let _ = bench.command(Command::Answer { call, media: media() });
    }
    bench.from = at(peer::PHONE);
    let _ = bench.pass(Duration::from_millis(1_500));
    assert_eq!(bench.send(&invite("early", OFFER)).statuses(), [503], "an ACK may take that long");
    let _ = bench.pass(Duration::from_millis(600));
    let seen = bench.send(&invite("later", OFFER));
    assert!(seen.incoming().is_some() && seen.ended() == 1, "one place is enough for one caller: {seen:?}");
    assert!(!seen.methods().contains(&"BYE".to_owned()), "nothing goes to the forged address: {seen:?}");
    assert_eq!(bench.send(&peer::within("OPTIONS", "good", &to, 2, "")).statuses(), [200], "who talks is left alone");
}

#[test]
fn headers_made_to_break_the_reader_do_not() {
    let mut bench = Bench::with(config());
    let mut random = fastrand::Rng::with_seed(3);
    let parts = ["Digest ", "realm=\"callbox\"", ",", "nonce=\"", "\\", "\"", "nc=", "zz", "=", "é", "uri", "\t", "x="];
    for turn in 0..3_000 {
        let value: String = (0..random.usize(0..40)).map(|_| parts[random.usize(0..parts.len())]).collect();
        let text = request("INVITE", &format!("h{turn}"), &format!("Authorization: {value}\n"), "");
        let seen = bench.send(&text);
        assert!(
            seen.incoming().is_none() && seen.statuses().iter().all(|status| [400, 401].contains(status)),
            "{value}"
        );
    }
}
