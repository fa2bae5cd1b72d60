//! The mind of a simulated caller: what it says to what it hears.
#![allow(clippy::expect_used)]

use callbox::caller::script::{Act, Start, Turn};
use callbox::rehearse::{Persona, Scenario, Step};
use dialogue::business::Phrases;

const GREETING: &str = "Hello, this is Maple Street Salon. I am an AI assistant for bookings, questions and messages. \
                        How can I help you?";
const FACTS: &str = "[facts]\nname = \"anna smith\"\nphone = \"5550142\"\nservice = \"haircut\"\nday = \"tuesday\"\n\
                     time = \"15:00\"\n";

fn scenario(more: &str) -> Scenario {
    let head = "title = \"a\"\n[caller]\nvoice = \"x\"\n[goal]\nwish = \"book\"\nopening = [\"a haircut please\"]\n";
    Scenario::parse(&format!("{head}{FACTS}{more}")).expect("a scenario")
}

fn read_back(when: &str, name: &str) -> String {
    format!("So that is haircut, {when}, for {name}. Shall I book it?")
}

fn words(step: &Step) -> Vec<String> {
    let Step::Take(turns) = step else { panic!("{step:?}") };
    let said = |turn: &Turn| match &turn.act {
        Act::Say { text, .. } => text.clone(),
        Act::Digits(keys) => format!("#{keys}"),
        other => format!("{other:?}"),
    };
    turns.iter().map(said).collect()
}

/// What the caller answers to these sentences in turn.
fn answers(scenario: &Scenario, heard: &[&str]) -> Vec<String> {
    let mut persona = Persona::new(scenario, &Phrases::default());
    assert!(persona.begin().is_empty());
    heard.iter().map(|said| words(&persona.next(said)).join(" / ")).collect()
}

#[test]
fn it_answers_from_what_it_knows() {
    let heard = [
        GREETING,
        "Which day would suit you?",
        "What time on Tuesday, November twenty fourth would suit you?",
        "What is your full name, please?",
        "Please spell your last name for me, letter by letter.",
        "Please spell your first name for me, letter by letter.",
        "What is the best phone number for you? You can say it or key it in.",
        "I did not hear your name clearly. What is your full name, please?",
        "I did not hear the time clearly. What time was that?",
    ];
    let said = answers(&scenario(""), &heard);
    let expected = [
        "a haircut please",
        "on tuesday please",
        "at three o'clock",
        "my name is anna smith",
        "s m i t h",
        "a n n a",
        "five five five oh one four two",
        "my name is anna smith",
        "at three o'clock",
    ];
    assert_eq!(said, expected);
}

#[test]
fn it_says_yes_to_what_is_right_and_corrects_what_is_not() {
    let right = "Tuesday, November twenty fourth, at three pm";
    let hear = |said: String| answers(&scenario(""), &[GREETING, &said])[1].clone();
    assert_eq!(hear(read_back(right, "Anna Smyth")), "yes that's right", "an ear hears no letters");
    assert_eq!(hear(read_back(right, "Anna Smart")), "no my name is anna smith");
    assert_eq!(
        hear(read_back("Tuesday, November twenty fourth, at four pm", "Anna Smith")),
        "no on tuesday at three o'clock"
    );
    assert_eq!(hear(read_back("Thursday, at three pm", "Anna Smith")), "no on tuesday at three o'clock");
    assert_eq!(hear(read_back(right, "Anna Smith").replace("haircut", "facial")), "no i would like a haircut");
}

#[test]
fn asked_what_to_change_it_names_what_was_wrong() {
    let wrong = read_back("Tuesday, at three pm", "Anna Smart");
    let heard = [GREETING, &wrong, "What should I change: the service, the time, or the name?"];
    assert_eq!(answers(&scenario(""), &heard)[2], "the name");
}

#[test]
fn it_takes_its_own_time_when_it_is_offered_and_no_other() {
    let offer = "I have Tuesday, November twenty fourth, at two pm or three pm. Which would you like?";
    assert_eq!(answers(&scenario(""), &[GREETING, offer])[1], "at three o'clock");
    let other = "I have Tuesday, November twenty fourth, at one pm or two pm. Which would you like?";
    assert_eq!(answers(&scenario(""), &[GREETING, other])[1], "on tuesday at three o'clock");
}

#[test]
fn it_changes_its_mind_once() {
    let more = "[behaviour.changes_mind]\ntime = \"16:00\"\n";
    let three = read_back("Tuesday, at three pm", "Anna Smith");
    let four = read_back("Tuesday, at four pm", "Anna Smith");
    let said = answers(&scenario(more), &[GREETING, &three, &four]);
    assert_eq!(said[1..], ["could we make it at four o'clock instead", "yes that's right"]);
}

#[test]
fn it_gives_up_politely_and_then_leaves() {
    let scenario = scenario("");
    let mut persona = Persona::new(&scenario, &Phrases::default());
    persona.next(GREETING);
    let name = "What is your full name, please?";
    for _ in 0..4 {
        assert_eq!(words(&persona.next(name)), ["my name is anna smith"]);
    }
    assert_eq!(words(&persona.next(name)), ["never mind thank you goodbye"]);
    assert!(persona.gave_up().expect("a reason").contains("ask_name"));
    assert_eq!(persona.next("Is there anything else?"), Step::Leave);
}

#[test]
fn it_hears_the_agent_out_and_goes_when_it_is_dismissed() {
    let scenario = scenario("");
    let mut persona = Persona::new(&scenario, &Phrases::default());
    persona.next(GREETING);
    assert_eq!(persona.next("One moment, please."), Step::HearOn);
    assert_eq!(persona.next("There is free parking behind the salon."), Step::HearOn);
    assert_eq!(persona.next("Thank you for calling. Goodbye."), Step::Leave);
}

#[test]
fn manners_are_as_the_scenario_says() {
    let more = "[behaviour]\ninterrupts_greeting_s = 0.5\nkeys = true\nsilent_turns = [3]\n\
                says = [{ turn = 4, say = \"what about the weather\" }]\n\
                interrupts = [{ after_turn = 5, after_s = 1.0, say = \"wait\" }]\n";
    let scenario = scenario(more);
    let mut persona = Persona::new(&scenario, &Phrases::default());
    let begin = persona.begin();
    assert!(matches!(begin.as_slice(), [Turn { start: Start::BargeIn(_), .. }]), "{begin:?}");
    assert_eq!(
        words(&persona.next("What is the best phone number for you? You can say it or key it in.")),
        ["#5550142"]
    );
    assert_eq!(words(&persona.next("Which day would suit you?")), ["Silence"]);
    assert_eq!(words(&persona.next("Are you still there?")), ["what about the weather"]);
    assert_eq!(words(&persona.next("Which day would suit you?")), ["on tuesday please", "wait"]);
}

#[test]
fn yes_or_no_is_answered_in_the_words_for_what_was_asked() {
    let scenario = scenario("[answers]\nconfirm_cancel = [\"no i would like to keep it\"]\n");
    let asked = "I have haircut, Tuesday, November twenty fourth, at three pm, for anna smith. Shall I cancel it?";
    let which = "Please say yes or no, or press one for yes and two for no.";
    let said = answers(&scenario, &[GREETING, asked, &format!("{asked} {which}"), which]);
    assert!(said.iter().skip(1).all(|said| said == "no i would like to keep it"), "{said:?}");
}
