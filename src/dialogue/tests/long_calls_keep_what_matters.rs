//! However long a call, the prompt stays short, its instructions whole, and what was done in the call is in it.

mod front_desk;

use dialogue::agent::{Caller, PromptStyle, SpeechMode, Trust};
use dialogue::{Ask, Brain};
use front_desk::{Stage, business, heard, says};

/// In bytes: some 300 tokens of a model's 4,096.
const LONGEST_OWN: usize = 1_200;
const QUESTIONS: [&str; 5] = [
    "what are your opening hours",
    "how much is a haircut",
    "where are you located",
    "is there parking near you",
    "are you open on saturday",
];

/// What the model would be asked, and what it would read.
fn prompt(call: &Stage, said: &str) -> (String, String) {
    match call.agent.ask(call.now, &heard(said)) {
        Ask::Model { shared, own, .. } => (shared, own),
        Ask::Nothing => panic!("a model would not be asked about {said:?}"),
    }
}

fn chat() -> Stage {
    let trust = Trust { speech: SpeechMode::Quoted, prompt: PromptStyle::Chat };
    Stage::with(business("salon"), trust, Caller::default())
}

fn book(call: &mut Stage) {
    call.say("i would like to book a haircut on tuesday at three o'clock");
    call.say("my name is anna smith");
    call.say("five five five one two three four five six seven");
    call.say("yes please");
    assert_eq!(call.bookings().len(), 1, "{}", call.said);
}

#[test]
fn two_hundred_turns() {
    const LAST: &str = "well my sister thought that the earlier one was so much nicer for her";
    let mut call = chat();
    let (instructions, _) = prompt(&call, LAST);
    book(&mut call);
    for turn in 0..200 {
        call.say(QUESTIONS[turn % QUESTIONS.len()]);
        assert_eq!(call.ended, None, "turn {turn}");
        let (shared, own) = prompt(&call, LAST);
        assert_eq!(shared, instructions);
        assert!(own.len() <= LONGEST_OWN, "turn {turn}: {} bytes", own.len());
        assert!(own.contains("booked haircut, Tuesday, November twenty fourth"), "turn {turn}: {own}");
        assert!(own.ends_with(&format!("asked: anything_else\ncaller: {LAST}\n")), "turn {turn}: {own}");
    }
    let (_, own) = prompt(&call, LAST);
    for told in ["told the hours", "told the price of haircut", "told the address", "parking"] {
        assert!(own.contains(told), "{told}: {own}");
    }
}

/// So many words, no two alike.
fn talk(count: usize) -> String {
    let letter = |n: usize| char::from(b'a' + u8::try_from(n % 26).unwrap_or_default());
    let word = |n: usize| format!("w{}{}x", letter(n / 26), letter(n));
    (0..count).map(word).collect::<Vec<_>>().join(" ")
}

/// Five minutes of speech.
const WORDS: usize = 600;

#[test]
fn a_caller_who_talks_for_five_minutes_is_read_by_beginning_and_end() {
    let mut call = chat();
    book(&mut call);
    let said = format!("hello there {} could somebody tell me about this", talk(WORDS));
    let (_, own) = prompt(&call, &said);
    assert!(own.len() <= LONGEST_OWN, "{} bytes", own.len());
    assert!(own.contains("booked haircut") && own.contains("caller: hello there"), "{own}");
    assert!(own.ends_with("could somebody tell me about this\n"), "{own}");
    // Rules read the end as well.
    says(&call.say(&format!("{} what are your opening hours", talk(WORDS))), &["We are open"]);
}

#[test]
fn a_message_of_five_minutes_is_passed_on_whole() {
    let mut call = Stage::at("salon");
    says(&call.say("can i leave a message"), &["pass on"]);
    let said = talk(WORDS);
    call.say(&said);
    call.say("this is anna smith");
    says(&call.say("five five five one two three four five six seven"), &["passed that on"]);
    assert_eq!(call.calendar.messages[0].2, said);
}

#[test]
fn danger_in_the_middle_of_five_minutes_is_heard() {
    let mut call = Stage::at("salon");
    says(&call.say(&format!("{} there is a fire in my kitchen {}", talk(300), talk(300))), &["in danger"]);
}

/// Its four lines hold what it was taught to hold; there is no room for more in 256 tokens.
#[test]
fn the_starter_model_is_asked_as_it_was_taught() {
    let mut call = Stage::at("salon");
    let before = prompt(&call, "oh could we make it a little nicer").1;
    book(&mut call);
    let after = prompt(&call, "oh could we make it a little nicer").1;
    assert_eq!((before.lines().count(), after.lines().count()), (3, 3), "{after}");
}
