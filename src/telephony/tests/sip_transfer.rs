//! A peer is sent to somebody else by REFER, blind or in another call's place, and whatever becomes
//! of it the call stands until we hang up (RFC 3515, RFC 3891, RFC 5589).
#![allow(clippy::expect_used)] // a test may fail

mod ends;
mod peer;

use std::time::Duration;

use ends::{CALLEE, CALLER, Ends};
use peer::{Bench, Seen, ack, header, media, request, within};
use telephony::sip::{CallKey, Command, Event, ReferTo, Referral};

const WINDOW: Duration = Duration::from_secs(40);

/// A call of a phone that says it can do this.
fn called(bench: &mut Bench, id: &str, can: &str) -> (CallKey, String) {
    let more = format!("Content-Type: application/sdp\n{can}");
    let seen = bench.send(&request("INVITE", id, &more, peer::OFFER));
    let call = seen.incoming().expect("an incoming call");
    let to = bench.command(Command::Answer { call, media: media() }).header("To");
    let _ = bench.send(&ack(id, &to, 1));
    (call, to)
}

fn refer(bench: &mut Bench, call: CallKey) -> Seen {
    let to = ReferTo::Address("sip:desk@192.0.2.7?X-Why=hair".to_owned());
    bench.command(Command::Refer { call, to, within: WINDOW })
}

fn response(to: &str, status: &str) -> String {
    let field = |name: &str| header(to, name).expect("a field");
    let (via, from, to_, id, cseq) = (field("Via"), field("From"), field("To"), field("Call-ID"), field("CSeq"));
    format!("SIP/2.0 {status}\nVia: {via}\nFrom: {from}\nTo: {to_}\nCall-ID: {id}\nCSeq: {cseq}\nContent-Length: 0\n\n")
}

fn news(to: &str, sequence: u32, state: &str, status: &str) -> String {
    let body = if status.is_empty() { String::new() } else { format!("SIP/2.0 {status}\r\n") };
    let kind = format!(
        "Event: refer\nSubscription-State: {state}\nContent-Type: message/sipfrag;version=2.0\nContent-Length: {}",
        body.len()
    );
    within("NOTIFY", "a", to, sequence, "").replace("Content-Length: 0", &kind) + &body
}

#[test]
fn a_refer_names_the_target_and_its_news_is_told_in_order() {
    let mut bench = Bench::new();
    let (call, to) = called(&mut bench, "a", "Allow: INVITE, ACK, BYE, REFER, NOTIFY\n");
    let seen = refer(&mut bench, call);
    assert_eq!(seen.methods(), ["REFER"]);
    assert_eq!(seen.header("Refer-To"), "<sip:desk@192.0.2.7?X-Why=hair>");
    assert_eq!(seen.header("Referred-By"), "<sip:192.0.2.1:5060>");
    let sent = seen.sent[0].1.clone();
    let seen = bench.send(&response(&sent, "202 Accepted"));
    assert_eq!(seen.events, [Event::Referral { call, news: Referral::Progress(100) }]);
    for (sequence, status, code) in [(2, "100 Trying", 100), (3, "180 Ringing", 180)] {
        let seen = bench.send(&news(&to, sequence, "active;expires=60", status));
        assert_eq!(seen.statuses(), [200]);
        assert_eq!(seen.events, [Event::Referral { call, news: Referral::Progress(code) }]);
    }
    let seen = bench.send(&news(&to, 4, "terminated;reason=noresource", "200 OK"));
    assert_eq!(seen.events, [Event::Referral { call, news: Referral::Done }]);
    assert!(bench.pass(WINDOW * 2).events.is_empty(), "said once, and the call stands");
    assert_eq!(bench.send(&news(&to, 5, "active", "200 OK")).statuses(), [481], "that subscription is over");
    assert_eq!(bench.command(Command::HangUp { call }).methods(), ["BYE"]);
}

#[test]
fn every_way_to_fail_leaves_the_call_up_and_says_why() {
    let busy = |to: &str| news(to, 2, "terminated;reason=noresource", "486 Busy Here");
    let declined = |to: &str| news(to, 2, "active;expires=1", "603 Decline");
    let nothing = |to: &str| news(to, 2, "terminated;reason=timeout", "");
    type Told<'a> = &'a dyn Fn(&str) -> String;
    for (answer, told, wanted) in [
        ("501 Not Implemented", None, Referral::Refused(501)),
        ("403 Forbidden", None, Referral::Refused(403)),
        ("603 Decline", None, Referral::Refused(603)),
        ("202 Accepted", Some(&busy as Told<'_>), Referral::Failed(486)),
        ("202 Accepted", Some(&declined), Referral::Failed(603)),
        ("202 Accepted", Some(&nothing), Referral::Silent),
    ] {
        let mut bench = Bench::new();
        let (call, to) = called(&mut bench, "a", "");
        let sent = refer(&mut bench, call).sent[0].1.clone();
        let mut seen = bench.send(&response(&sent, answer));
        if let Some(told) = told {
            seen = bench.send(&told(&to));
            assert_eq!(seen.statuses(), [200]);
        }
        assert_eq!(seen.events, [Event::Referral { call, news: wanted }], "{answer}");
        assert_eq!(bench.send(&within("OPTIONS", "a", &to, 9, "")).statuses(), [200], "the call stands");
        assert_eq!(refer(&mut bench, call).methods(), ["REFER"], "it may be tried again");
    }
}

#[test]
fn who_never_answers_or_never_tells_is_not_waited_for_longer_than_the_window() {
    let mut bench = Bench::new();
    let (call, _) = called(&mut bench, "a", "");
    let sent = refer(&mut bench, call).sent[0].1.clone();
    let _ = bench.send(&response(&sent, "202 Accepted"));
    assert!(bench.pass(WINDOW - Duration::from_millis(100)).events.is_empty());
    let seen = bench.pass(Duration::from_millis(200));
    assert_eq!(seen.events, [Event::Referral { call, news: Referral::Silent }]);
    let _ = refer(&mut bench, call);
    let seen = bench.pass(Duration::from_secs(33));
    assert_eq!(seen.events, [Event::Referral { call, news: Referral::Refused(408) }], "64*T1");
}

#[test]
fn who_says_that_it_knows_no_refer_is_not_asked() {
    let mut bench = Bench::new();
    let (call, _) = called(&mut bench, "a", "Allow: INVITE, ACK, BYE\n");
    let seen = refer(&mut bench, call);
    assert!(seen.sent.is_empty());
    assert_eq!(seen.events, [Event::Referral { call, news: Referral::Refused(405) }]);
}

#[test]
fn news_that_is_not_of_our_refer_changes_nothing() {
    let mut bench = Bench::new();
    let (call, to) = called(&mut bench, "a", "");
    let stray = news(&to, 2, "active", "200 OK");
    assert_eq!(bench.send(&stray).statuses(), [481], "nothing was asked");
    let sent = refer(&mut bench, call).sent[0].1.clone();
    // News may be faster than the 202.
    let seen = bench.send(&news(&to, 3, "active", "180 Ringing").replace("Event: refer", "Event: refer;id=1"));
    assert_eq!((seen.statuses(), seen.events.len()), (vec![200], 1));
    let strays = [("Event: refer;id=77", 481), ("Event: presence", 489), ("Event: refer;id=x", 481)];
    for (sequence, (more, status)) in (4..).zip(strays) {
        let seen = bench.send(&news(&to, sequence, "active", "200 OK").replace("Event: refer", more));
        assert_eq!((seen.statuses(), seen.events.len()), (vec![status], 0), "{more}");
    }
    let seen = bench.send(&news(&to, 90, "active", "").replace("message/sipfrag;version=2.0", "text/plain"));
    assert_eq!((seen.statuses(), seen.events.len()), (vec![400], 0));
    let seen = bench.send(&response(&sent, "202 Accepted"));
    assert_eq!(seen.events.len(), 1, "still waiting");
}

#[test]
fn an_attended_transfer_names_the_other_call_as_its_far_end_knows_it() {
    let mut bench = Bench::new();
    let (caller, _) = called(&mut bench, "a", "");
    let (person, to) = called(&mut bench, "b", "Supported: replaces\n");
    let tag = to.rsplit_once("tag=").expect("a tag").1;
    let seen = bench.command(Command::Refer { call: caller, to: ReferTo::Call(person), within: WINDOW });
    let wanted = format!("<sip:ann@192.0.2.9:5060?Replaces=b%40192.0.2.9%3Bto-tag%3Dftb%3Bfrom-tag%3D{tag}>");
    assert_eq!(seen.header("Refer-To"), wanted);
    // A phone that knows no Replaces would only ring a second time.
    let (other, _) = called(&mut bench, "c", "Supported: timer\n");
    let (again, _) = called(&mut bench, "d", "");
    let seen = bench.command(Command::Refer { call: again, to: ReferTo::Call(other), within: WINDOW });
    assert_eq!(seen.events, [Event::Referral { call: again, news: Referral::Refused(488) }]);
}

#[test]
fn by_default_nobody_sends_us_anywhere() {
    let mut ends = Ends::up(|_, _| {});
    let call = ends.call(CALLEE);
    let to = ReferTo::Address("sip:premium@192.0.2.66".to_owned());
    ends.command(CALLEE, Command::Refer { call, to, within: WINDOW });
    ends.pass(Duration::from_secs(1));
    let told: Vec<_> = ends.events.iter().filter(|(_, event)| matches!(event, Event::Referral { .. })).collect();
    assert_eq!(told, [&(CALLEE, Event::Referral { call, news: Referral::Refused(603) })]);
    assert!(!ends.events.iter().any(|(_, event)| matches!(event, Event::Refer { .. })));
    let mut bench = Bench::new();
    let outside = request("REFER", "r", "Refer-To: <sip:premium@192.0.2.66>\n", "");
    assert_eq!(bench.send(&outside).statuses(), [603]);
    assert_eq!(bench.send(&request("NOTIFY", "n", "Event: message-summary\n", "")).statuses(), [489]);
}

#[test]
fn who_may_sends_us_on_and_is_told_how_it_goes() {
    let mut ends = Ends::up(|end, config| {
        if end == CALLER {
            config.referrers = vec!["192.0.2.0/24".parse().expect("a network")];
        }
    });
    let (asked, asks) = (ends.call(CALLER), ends.call(CALLEE));
    let to = "sip:desk@192.0.2.7?Replaces=x%3Bto-tag%3D1%3Bfrom-tag%3D2".to_owned();
    ends.command(CALLEE, Command::Refer { call: asks, to: ReferTo::Address(to.clone()), within: WINDOW });
    ends.pass(Duration::from_secs(1));
    assert!(ends.events.contains(&(CALLER, Event::Refer { call: asked, to })), "{:#?}", ends.events);
    for status in [180, 200] {
        ends.command(CALLER, Command::Referred { call: asked, status });
        ends.pass(Duration::from_secs(1));
    }
    ends.command(CALLER, Command::Referred { call: asked, status: 500 });
    ends.pass(Duration::from_secs(1));
    let told = ends.events.iter().filter_map(|(end, event)| match event {
        Event::Referral { news, .. } => Some((*end, *news)),
        _ => None,
    });
    let told: Vec<_> = told.collect();
    let progress = |status| (CALLEE, Referral::Progress(status));
    assert_eq!(told.last(), Some(&(CALLEE, Referral::Done)));
    assert!(told.contains(&progress(100)) && told.contains(&progress(180)), "{told:?}");
    let states: Vec<_> = ends.sent.iter().filter_map(|(_, _, text)| header(text, "Subscription-State")).collect();
    assert_eq!(states, ["active;expires=180", "active;expires=180", "terminated;reason=noresource"]);
    assert!(ends.ended(CALLER).is_none() && ends.ended(CALLEE).is_none(), "the call stands until somebody hangs up");
}

#[test]
fn a_refer_that_can_not_be_followed_is_refused() {
    let mut config = telephony::sip::Config::new(peer::at(peer::BOX));
    config.referrers = vec!["0.0.0.0/0".parse().expect("a network")];
    let mut bench = Bench::with(config);
    let (call, to) = called(&mut bench, "a", "");
    let refer = |sequence, fields: &str| {
        within("REFER", "a", &to, sequence, "").replace("Content-Length", &format!("{fields}Content-Length"))
    };
    for (sequence, fields, status) in [
        (2, "", 400),
        (3, "Refer-To: <http://evil.example>\n", 400),
        (4, "Refer-To: <sip:a@192.0.2.7>\nRefer-To: <sip:b@192.0.2.7>\n", 400),
        (5, "Refer-To: sip:a@192.0.2.7\n", 202),
        (6, "Refer-To: sip:b@192.0.2.7\n", 491),
    ] {
        let seen = bench.send(&refer(sequence, fields));
        assert_eq!(seen.statuses(), [status], "{fields}");
        let told = Event::Refer { call, to: "sip:a@192.0.2.7".into() };
        assert_eq!(seen.events.contains(&told), status == 202, "{seen:?}");
        assert_eq!(seen.methods(), if status == 202 { vec!["NOTIFY"] } else { vec![] });
    }
}
