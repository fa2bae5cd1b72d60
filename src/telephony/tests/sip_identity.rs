//! Who calls and who sent them here, by the word of peers that are trusted (RFC 3325, RFC 5806).
#![allow(clippy::expect_used)] // a test may fail

mod peer;

use peer::{BOX, Bench, OFFER, at, request};
use telephony::sip::{Background, Config, Event, Party};

fn called(trusted: bool, fields: &str) -> (Party, Background) {
    let mut config = Config::new(at(BOX));
    if trusted {
        config.allow = vec!["192.0.2.9".parse().expect("a network")];
    }
    let fields = format!("Content-Type: application/sdp\n{fields}");
    let seen = Bench::with(config).send(&request("INVITE", "a", &fields, OFFER));
    match &seen.events[..] {
        [Event::Incoming { caller, background, .. }] => (caller.clone(), (**background).clone()),
        other => panic!("{other:?}"),
    }
}

const ASSERTED: &str = "P-Asserted-Identity: \"Law Office\" <sip:+15550100@carrier.example>\n";
const DIVERTED: &str =
    "Diversion: <sip:+15550199@carrier.example>;reason=no-answer;counter=1, <sip:1@x>;reason=deflection\n";

#[test]
fn a_trusted_peer_says_who_calls_and_who_sent_them_on() {
    let (caller, background) = called(true, &format!("{ASSERTED}{DIVERTED}"));
    assert_eq!((caller.display.as_deref(), caller.user.as_deref()), (Some("Law Office"), Some("+15550100")));
    assert!(background.asserted);
    let diversion = background.diversion.expect("a diversion");
    assert_eq!((diversion.by.user.as_deref(), diversion.why.as_deref()), (Some("+15550199"), Some("no-answer")));
    let (caller, _) = called(true, "P-Asserted-Identity: <tel:+15550100>\n");
    assert_eq!((caller.display.as_deref(), caller.user.as_deref()), (Some("Ann"), Some("+15550100")), "a tel: number");
}

#[test]
fn nobody_else_is_believed() {
    let (caller, background) = called(false, &format!("{ASSERTED}{DIVERTED}"));
    assert_eq!((caller.display.as_deref(), caller.user.as_deref()), (Some("Ann"), Some("ann")));
    assert_eq!(background, Background::default());
}

#[test]
fn who_wants_to_be_nobody_is_nobody() {
    for privacy in ["Privacy: id\n", "Privacy: critical;id\n", "Privacy: header\n"] {
        let (caller, background) = called(true, &format!("{ASSERTED}{privacy}"));
        assert_eq!((caller, background.asserted), (Party::default(), false), "{privacy}");
    }
    let (caller, _) = called(true, &format!("{ASSERTED}Privacy: none\n"));
    assert_eq!(caller.user.as_deref(), Some("+15550100"));
    let (_, background) = called(true, "Diversion: <sip:2@x>;reason=unknown;privacy=full\n");
    assert_eq!(background.diversion.expect("a diversion").by, Party::default());
}

#[test]
fn what_can_not_be_read_is_as_if_it_were_not_there() {
    for broken in
        ["P-Asserted-Identity: <<>\n", "P-Asserted-Identity: <mailto:a@b>\n", "Diversion: ;;;\n", "Diversion: <\n"]
    {
        let (caller, background) = called(true, broken);
        assert_eq!((caller.user.as_deref(), background.asserted), (Some("ann"), false), "{broken}");
        assert_eq!(background.diversion, None, "{broken}");
    }
}
