//! A caller who does not want to be recorded is told that it has stopped, whatever was asked, and the talk goes
//! on where it was. Where nothing is recorded nothing is said of it.

mod front_desk;

use dialogue::agent::{Caller, Trust};
use front_desk::{Stage, business};

fn recorded() -> Stage {
    let mut business = business("salon");
    business.recording.on = true;
    Stage::with(business, Trust::default(), Caller::default())
}

const OBJECTIONS: [&str; 12] = [
    "please don't record this",
    "please don't record this call",
    "i don't want to be recorded",
    "i do not want this recorded",
    "can you stop recording please",
    "stop the recording",
    "i don't consent to being recorded",
    "i do not consent",
    "i'd rather not be recorded",
    "turn off the recording",
    "no recording please",
    "could you delete the recording",
];

#[test]
fn an_objection_is_understood_and_the_talk_goes_on() {
    for text in OBJECTIONS {
        let mut call = recorded();
        let said = call.say(text);
        assert_eq!(call.agent.last_command().0, "unrecorded", "{text}");
        assert!(said.contains("erased") && said.contains("How can I help you?"), "{text}: {said}");
        call.say("what are your opening hours");
        assert_eq!(call.agent.last_command().0, "hours");
    }
}

#[test]
fn it_is_understood_in_the_middle_of_something() {
    let mut call = recorded();
    call.say("i would like to leave a message");
    call.say("please don't record this");
    assert_eq!(call.agent.last_command().0, "unrecorded");
}

#[test]
fn what_allows_it_or_is_about_something_else_is_none() {
    for text in [
        "i don't mind being recorded",
        "is this a recording",
        "no problem with the recording",
        "no thank you",
        "i do not want a haircut",
        "for the record i am not a new customer",
    ] {
        let mut call = recorded();
        call.say(text);
        assert_ne!(call.agent.last_command().0, "unrecorded", "{text}");
    }
}

#[test]
fn where_nothing_is_recorded_nothing_is_said_of_it() {
    let mut call = Stage::at("salon");
    call.say("please don't record this");
    assert_ne!(call.agent.last_command().0, "unrecorded");
}
