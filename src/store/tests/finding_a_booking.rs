//! A caller is found by what they say of themselves, as a recogniser writes it.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use common::{Scratch, haircut, half_hour, request};
use store::{Booked, Held, Store, Who};

fn salon(scratch: &Scratch) -> Store {
    let store = scratch.store();
    let people = [
        ("Maria Gomez", Some("+1 555 123 4567")),
        ("Mario Lopez", Some("555-987-6543")),
        ("Zoë Weiß", None),
        ("Stephen O'Brien", Some("(555) 123-0000")),
        ("Lee", None),
        ("Maria Gomes", None),
    ];
    for (nth, (name, phone)) in people.into_iter().enumerate() {
        let (call, nth) = (format!("c{nth}"), i64::try_from(nth).unwrap());
        let Held::Hold(hold) = store.hold(request(&call, "1"), &haircut(half_hour(nth), 1)).unwrap() else {
            panic!("it is free")
        };
        assert!(matches!(store.book(request(&call, "2"), hold, name, phone, "").unwrap(), Booked::Booking(_)));
    }
    store
}

fn found(store: &Store, name: Option<&str>, phone: Option<&str>) -> Vec<String> {
    let found = store.find("main", Who { name, phone }, half_hour(0).start, 10).unwrap();
    found.into_iter().map(|booking| booking.name.as_str().to_owned()).collect()
}

#[test]
fn by_name_with_small_differences() {
    let scratch = Scratch::new("find-name");
    let store = salon(&scratch);
    assert_eq!(found(&store, Some("zoe weiss"), None), ["Zoë Weiß"]);
    assert_eq!(found(&store, Some("mister lopez"), None), ["Mario Lopez"]);
    assert_eq!(found(&store, Some("Steven OBrien"), None), ["Stephen O'Brien"]);
    assert_eq!(found(&store, Some("mark lopez"), None), Vec::<String>::new(), "too different to guess");
    assert_eq!(found(&store, Some("stephan obrien"), None), ["Stephen O'Brien"]);
    assert_eq!(found(&store, Some("leo"), None), Vec::<String>::new(), "short names must be right");
    assert_eq!(found(&store, Some("maria lopez"), None), ["Mario Lopez"], "one letter off");
    assert_eq!(found(&store, Some("anna gomez"), None), Vec::<String>::new(), "one right word is not a name");
}

#[test]
fn by_name_however_it_is_spelled() {
    let scratch = Scratch::new("find-spelled");
    let store = scratch.store();
    for (nth, name) in
        ["Anna Smith", "Sara Clarke", "Catherine Knight", "Nick Ward", "Ann Reed"].into_iter().enumerate()
    {
        let (call, nth) = (format!("c{nth}"), i64::try_from(nth).unwrap());
        let Held::Hold(hold) = store.hold(request(&call, "1"), &haircut(half_hour(nth), 1)).unwrap() else {
            panic!("it is free")
        };
        assert!(matches!(store.book(request(&call, "2"), hold, name, None, "").unwrap(), Booked::Booking(_)));
    }
    for (heard, booked) in [
        ("annah smith", "Anna Smith"),
        ("anna smithe", "Anna Smith"),
        ("ana smyth", "Anna Smith"),
        ("sarah clark", "Sara Clarke"),
        ("katherine night", "Catherine Knight"),
        ("neck ward", "Nick Ward"),
        ("anne reed", "Ann Reed"),
    ] {
        assert_eq!(found(&store, Some(heard), None), [booked], "{heard}");
    }
    for other in ["anna smart", "sam clarke", "mick ward", "nick wood"] {
        assert_eq!(found(&store, Some(other), None), Vec::<String>::new(), "{other}");
    }
}

#[test]
fn the_exact_name_goes_before_those_it_resembles() {
    let scratch = Scratch::new("find-exact");
    let store = salon(&scratch);
    assert_eq!(found(&store, Some("Maria Gomez"), None), ["Maria Gomez"]);
    assert_eq!(found(&store, Some("Maria Gomec"), None), ["Maria Gomez", "Maria Gomes"]);
}

#[test]
fn by_number_in_national_or_international_form() {
    let scratch = Scratch::new("find-phone");
    let store = salon(&scratch);
    assert_eq!(found(&store, None, Some("5551234567")), ["Maria Gomez"]);
    assert_eq!(found(&store, None, Some("001 555 123 0000")), ["Stephen O'Brien"]);
    assert_eq!(found(&store, None, Some("1 555 987 6543")), ["Mario Lopez"]);
    assert_eq!(found(&store, None, Some("4567")), Vec::<String>::new(), "four digits are nobody's number");
    assert_eq!(found(&store, Some("Maria"), Some("5551234567")), ["Maria Gomez"]);
    assert_eq!(found(&store, Some("Mario"), Some("5550000000")), Vec::<String>::new(), "all facts must fit");
}

#[test]
fn nothing_said_nothing_told() {
    let scratch = Scratch::new("find-nothing");
    let store = salon(&scratch);
    assert!(found(&store, None, None).is_empty());
    assert!(found(&store, Some("  "), Some("-")).is_empty());
}

#[test]
fn only_what_is_coming_and_not_cancelled() {
    let scratch = Scratch::new("find-coming");
    let store = salon(&scratch);
    let who = Who { name: Some("Maria Gomez"), phone: None };
    let past = store.find("main", who, half_hour(1).start, 10).unwrap();
    assert!(past.iter().all(|booking| booking.span.start > half_hour(0).start));
    let lopez = store.find("main", Who { name: Some("Lopez"), phone: None }, half_hour(0).start, 10).unwrap();
    assert!(store.cancel(request("x", "1"), lopez[0].id).unwrap());
    assert!(found(&store, Some("Lopez"), None).is_empty());
}
