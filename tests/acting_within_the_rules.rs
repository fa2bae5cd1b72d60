//! What the agent does holds to the business's rules and is done once, whatever it asks for.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};

use callbox::config::{LoadedBusiness, load_business};
use callbox::tools::Tools;
use dialogue::business::READY;
use dialogue::{ToolCall, ToolResult};
use jiff::ToSpan;
use jiff::civil::{DateTime, date};
use store::Store;

/// A Monday, when the salon is closed. It opens on Tuesday at 9.
const MONDAY: DateTime = date(2026, 11, 23).at(8, 0, 0, 0);
const NOW_MS: i64 = 1_795_438_800_000;

struct Salon {
    folder: PathBuf,
    loaded: LoadedBusiness,
    store: Store,
    tools: Tools,
    asked: std::cell::Cell<u32>,
}

impl Salon {
    fn open(test: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("acting-{test}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let ready = READY.iter().find(|ready| ready.name == "salon").unwrap();
        for (path, text) in ready.files {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let loaded = load_business(&folder).unwrap();
        let store = Store::open(&folder.join("callbox.db")).unwrap();
        let tools = Tools::new(store.clone(), &loaded).unwrap();
        Salon { folder, loaded, store, tools, asked: 0.into() }
    }

    /// Asks under a fresh key.
    fn ask(&self, call: &str, tool: ToolCall) -> ToolResult {
        self.asked.set(self.asked.get() + 1);
        self.tools.run(call, &self.asked.get().to_string(), MONDAY, NOW_MS, &tool)
    }

    fn slots(&self, from: DateTime, until: DateTime, limit: u8) -> Vec<DateTime> {
        match self.ask("x", ToolCall::FreeSlots { service: "haircut".into(), from, until, limit }) {
            ToolResult::Slots { starts } => starts,
            other => panic!("{other:?}"),
        }
    }

    fn hold(&self, call: &str, start: DateTime) -> Option<i64> {
        match self.ask(call, ToolCall::Hold { service: "haircut".into(), start }) {
            ToolResult::Held { hold } => Some(hold),
            ToolResult::Taken => None,
            other => panic!("{other:?}"),
        }
    }

    fn book(&self, call: &str, start: DateTime, name: &str) -> Option<i64> {
        let hold = self.hold(call, start)?;
        match self.ask(
            call,
            ToolCall::Book { hold, name: name.into(), phone: Some("(555) 010-0000".into()), notes: String::new() },
        ) {
            ToolResult::Booked { booking } => Some(booking),
            other => panic!("{other:?}"),
        }
    }
}

impl Drop for Salon {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn tuesday(hour: i8, minute: i8) -> DateTime {
    date(2026, 11, 24).at(hour, minute, 0, 0)
}

#[test]
fn a_time_offered_is_held_booked_found_moved_and_cancelled() {
    let salon = Salon::open("whole");
    assert_eq!(salon.slots(MONDAY, tuesday(23, 0), 2), [tuesday(9, 0), tuesday(9, 30)]);
    let booking = salon.book("anna", tuesday(9, 0), " Anna\nSmith ").unwrap();

    let find = ToolCall::FindBookings { name: Some("ana smith".into()), phone: None };
    let ToolResult::Bookings { bookings } = salon.ask("later", find.clone()) else { panic!("bookings expected") };
    assert_eq!((bookings.len(), bookings[0].id, bookings[0].start), (1, booking, tuesday(9, 0)));
    assert_eq!((bookings[0].name.as_str(), bookings[0].service.as_str()), ("Anna Smith", "haircut"));

    let hold = salon.hold("later", tuesday(10, 0)).unwrap();
    assert_eq!(salon.ask("later", ToolCall::Move { booking, hold }), ToolResult::Booked { booking });
    assert_eq!(salon.store.booking(booking).unwrap().unwrap().span.start, tuesday(10, 0));
    assert_eq!(salon.ask("later", ToolCall::Cancel { booking }), ToolResult::Done);
    assert_eq!(salon.ask("later", find), ToolResult::Bookings { bookings: Vec::new() });
}

#[test]
fn times_full_of_others_are_not_offered() {
    let salon = Salon::open("full");
    // The salon takes two at once.
    assert!(salon.book("anna", tuesday(9, 0), "Anna").is_some());
    assert!(salon.hold("ben", tuesday(9, 0)).is_some());
    assert_eq!(salon.hold("cleo", tuesday(9, 0)), None);
    assert_eq!(salon.slots(MONDAY, tuesday(23, 0), 1), [tuesday(9, 30)]);
    salon.tools.call_over("ben");
    salon.store.flush().unwrap();
    assert_eq!(salon.slots(MONDAY, tuesday(23, 0), 1), [tuesday(9, 0)]);
}

#[test]
fn times_the_business_does_not_offer_are_never_held() {
    let salon = Salon::open("hours");
    let horizon = i64::from(salon.loaded.business.booking.horizon_days);
    let refused = [
        ("closed on Mondays", MONDAY + 2.hours()),
        ("before opening", tuesday(8, 30)),
        ("would end after closing", tuesday(18, 0)),
        ("not on the grid", tuesday(9, 10)),
        ("in the past", tuesday(9, 0) - 7.days()),
        ("beyond the horizon", tuesday(9, 0) + (horizon / 7 * 7 + 7).days()),
        ("closed for Christmas", date(2026, 12, 25).at(10, 0, 0, 0)),
    ];
    for (why, start) in refused {
        assert_eq!(salon.hold("anna", start), None, "{why}");
    }
    let unknown = salon.ask("anna", ToolCall::Hold { service: "surgery".into(), start: tuesday(9, 0) });
    assert!(matches!(unknown, ToolResult::Failed { .. }));
    assert!(salon.slots(MONDAY, MONDAY + (horizon * 3).days(), 255).len() <= 64, "bounded");
}

#[test]
fn foreign_holds_and_bookings_that_are_none_are_refused() {
    let salon = Salon::open("foreign");
    let hold = salon.hold("anna", tuesday(9, 0)).unwrap();
    let steal = salon.ask("ben", ToolCall::Book { hold, name: "Ben".into(), phone: None, notes: String::new() });
    assert!(matches!(steal, ToolResult::Failed { .. }), "{steal:?}");
    for tool in [ToolCall::Cancel { booking: 77 }, ToolCall::Move { booking: 77, hold }] {
        assert!(matches!(salon.ask("anna", tool), ToolResult::Failed { .. }));
    }
    let nameless = salon.ask("anna", ToolCall::Book { hold, name: " \n".into(), phone: None, notes: String::new() });
    assert!(matches!(nameless, ToolResult::Failed { .. }));
}

#[test]
fn a_booking_that_has_begun_stays() {
    let salon = Salon::open("begun");
    let booking = salon.book("anna", tuesday(9, 0), "Anna").unwrap();
    let late = tuesday(9, 1);
    let refused = salon.tools.run("anna", "late", late, NOW_MS + 90_000_000, &ToolCall::Cancel { booking });
    assert!(matches!(refused, ToolResult::Failed { .. }), "{refused:?}");
}

#[test]
fn the_same_key_books_once() {
    let salon = Salon::open("once");
    let hold = salon.hold("anna", tuesday(9, 0)).unwrap();
    let book = ToolCall::Book { hold, name: "Anna".into(), phone: None, notes: String::new() };
    let first = salon.tools.run("anna", "turn-3", MONDAY, NOW_MS, &book);
    assert_eq!(salon.tools.run("anna", "turn-3", MONDAY, NOW_MS, &book), first);
    assert!(matches!(first, ToolResult::Booked { .. }));
    assert_eq!(salon.store.bookings(MONDAY, 10).unwrap().len(), 1);
}

#[test]
fn bookings_carry_the_instant_of_the_business_time_zone() {
    let salon = Salon::open("zone");
    let booking = salon.book("anna", tuesday(9, 0), "Anna").unwrap();
    let span = salon.store.booking(booking).unwrap().unwrap().span;
    let instant = jiff::Timestamp::from_millisecond(span.start_unix_ms).unwrap();
    assert_eq!(instant.to_string(), "2026-11-24T14:00:00Z", "New York is five hours behind in winter");
}

#[test]
fn messages_are_kept_within_bounds() {
    let salon = Salon::open("message");
    let text = "help ".repeat(5_000);
    let message = ToolCall::Message { name: None, phone: Some("+1 (555) 0".into()), text, urgent: true };
    assert!(matches!(salon.ask("anna", message), ToolResult::MessageKept { .. }));
    let kept = &salon.store.messages(1).unwrap()[0];
    assert!(kept.urgent && kept.text.chars().count() <= 4_000);
    assert_eq!(kept.phone.as_deref(), Some("+15550"));
    assert_eq!(kept.business, "Maple Street Salon");
}

#[test]
fn questions_are_answered_from_the_folder_or_not_at_all() {
    let salon = Salon::open("knowledge");
    let answer = |question: &str| match salon.ask("x", ToolCall::Knowledge { question: question.into() }) {
        ToolResult::Passages { passages } => passages.into_iter().next().map(|passage| passage.source),
        other => panic!("{other:?}"),
    };
    for (question, source) in [
        ("is there parking", "visit: Parking"),
        ("can i pay with credit card", "visit: Payment"),
        ("do you do walk ins", "services: Walk ins"),
        ("what if i am running late", "visit: Being late"),
        ("how much is a haircut for my kid", "visit: Children"),
        ("do i need an allergy test", "services: Allergy test"),
        ("do you sell shampoo", "services: Products"),
    ] {
        assert_eq!(answer(question).as_deref(), Some(source), "{question}");
    }
    for question in ["do you repair bicycles", "who is the president", "hello"] {
        assert_eq!(answer(question), None, "{question}");
    }
}
