//! What a rehearsal found is counted right, told on one page, and compared with an earlier one.
#![allow(clippy::expect_used)]

use std::collections::BTreeMap;

use callbox::rehearse::{Change, Fault, FaultKind, LedgerTurn, Played, Report, Totals, Verdict, changes, html};

fn played(scenario: &str, faults: &[FaultKind], must_fail: &[FaultKind]) -> Played {
    let fault = |kind: &FaultKind| Fault { kind: *kind, what: format!("<b>{kind:?}") };
    let wrong = faults.iter().filter(|kind| kind.is_wrong_effect()).count();
    Played {
        scenario: scenario.into(),
        title: "a <call>".into(),
        business: "salon".into(),
        voice: "espeak-en-us+m3".into(),
        took_ms: 20_000,
        must_fail: must_fail.to_vec(),
        verdict: Verdict {
            success: faults.is_empty(),
            wrong_effects: u32::try_from(wrong).expect("few"),
            disclosed: true,
            turns: 3,
            latencies_ms: vec![300.0, 500.0],
            faults: faults.iter().map(fault).collect(),
            ..Verdict::default()
        },
        turns: vec![LedgerTurn { caller: "<script>".into(), agent: "hello".into(), interrupted: true }],
    }
}

fn report(played: Vec<Played>) -> Report {
    Report {
        version: "0".into(),
        target: "a box".into(),
        began: "today".into(),
        took_s: 60.0,
        at_once: 2,
        totals: Totals::of(&played),
        played,
        unplayed: BTreeMap::from([("x/broken".to_owned(), "no <voice>".to_owned())]),
    }
}

#[test]
fn tests_of_the_judge_are_counted_apart() {
    use FaultKind as F;
    let calls = vec![
        played("a", &[], &[]),
        played("b", &[F::BookingMissing, F::BookingMissing], &[]),
        played("c", &[F::BookingWrong], &[]),
        played("d", &[F::BookingWrong, F::BookingMissing], &[F::BookingWrong]),
        played("e", &[], &[F::NotSaid]),
    ];
    let words: Vec<&str> = calls.iter().map(Played::word).collect();
    assert_eq!(words, ["right", "missed", "WRONG", "caught", "NOT CAUGHT"]);
    let totals = Totals::of(&calls);
    assert_eq!((totals.calls, totals.right, totals.wrong_effects), (3, 1, 1));
    assert_eq!((totals.judge_tests, totals.judge_caught), (2, 1));
    assert_eq!(totals.faults, BTreeMap::from([(F::BookingMissing, 1), (F::BookingWrong, 1)]), "calls, not faults");
    assert_eq!((totals.turns, totals.voice_to_voice.count, totals.voice_to_voice.p95_ms), (9, 6, 500.0));
}

#[test]
fn the_page_stands_alone_and_no_name_breaks_it() {
    let report = report(vec![played("a", &[], &[]), played("b", &[FaultKind::NotSaid], &[])]);
    let page = html(&report, Some(&report));
    assert!(page.contains("<th>now</th>"), "held against the earlier run");
    let (wrong, right) = (page.find("missed</b> b").expect("told"), page.find("right</b> a").expect("told"));
    assert!(wrong < right && page.contains("open=\"\""), "what went wrong comes first, unfolded");
    assert!(!html(&report, None).contains("<th>now</th>"));
    assert!(page.contains("</html>") && page.contains("<svg") && page.contains("Every scenario came out as before"));
    for bad in ["<script>", "<call>", "<voice>", "<b>NotSaid", "http://", "https://"] {
        assert!(!page.contains(bad), "{bad}");
    }
}

#[test]
fn only_what_changed_is_told() {
    let earlier = report(vec![played("a", &[], &[]), played("b", &[], &[]), played("gone", &[], &[])]);
    let now = report(vec![played("a", &[], &[]), played("b", &[FaultKind::NotSaid], &[]), played("new", &[], &[])]);
    let change = |scenario: &str, before: &str, now: &str, why: &str| Change {
        scenario: scenario.into(),
        before: before.into(),
        now: now.into(),
        why: why.into(),
    };
    let expected =
        [change("b", "right", "missed", "<b>NotSaid"), change("gone", "right", "", ""), change("new", "", "right", "")];
    assert_eq!(changes(&earlier, &now), expected);
    let text = serde_json::to_string(&now).expect("json");
    assert_eq!(serde_json::from_str::<Report>(&text).expect("the same report"), now);
}
