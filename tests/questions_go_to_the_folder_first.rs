//! What the owner wrote answers a question, whatever command a small model takes it for; where the
//! folder has nothing to the point, the command is acted on as before.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use callbox::config::load_business;
use callbox::tools::Tools;
use dialogue::agent::{Agent, Caller, Trust};
use dialogue::business::READY;
use dialogue::{Act, Brain, Heard};
use jiff::civil::{DateTime, date};
use store::Store;

const MONDAY: DateTime = date(2026, 11, 23).at(8, 0, 0, 0);
const NOW_MS: i64 = 1_795_438_800_000;
/// What a small model may take any of these for.
const GUESSES: [Option<&str>; 6] =
    [None, Some("address"), Some("hours"), Some("out_of_scope"), Some("book"), Some("give_time")];

/// A business as `callbox init` writes it.
struct Shop {
    folder: PathBuf,
    tools: Tools,
    agent: Agent,
}

impl Shop {
    fn open(name: &str, test: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("asks-{test}-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let ready = READY.iter().find(|ready| ready.name == name).unwrap();
        for (path, text) in ready.files {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let loaded = load_business(&folder).unwrap();
        let store = Store::open(&folder.join("callbox.db")).unwrap();
        let tools = Tools::new(store, &loaded).unwrap();
        let agent = Agent::new(Arc::new(loaded.business), Trust::default(), Caller::default(), 7);
        Shop { folder, tools, agent }
    }

    /// A new call's answer to this question, when the model guesses so.
    fn answer(&self, question: &str, guess: Option<&str>) -> String {
        let mut agent = self.agent.clone();
        agent.greet(MONDAY);
        let heard = Heard { text: question.into(), confidence: 0.9, ..Heard::default() };
        let guess = guess.map(|command| format!("{{\"do\":\"{command}\",\"args\":{{}}}}"));
        let mut acts = agent.decide(MONDAY, &heard, guess.as_deref());
        let (mut said, mut key) = (String::new(), 0);
        while !acts.is_empty() {
            let mut more = Vec::new();
            for act in acts {
                match act {
                    Act::Say(line) => said = format!("{said} {}", line.text),
                    Act::Tool(call) => {
                        key += 1;
                        let result = self.tools.run("x", &key.to_string(), MONDAY, NOW_MS, &call);
                        more.extend(agent.tool_result(MONDAY, &call, result));
                    }
                    Act::HangUp(_) => {}
                }
            }
            acts = more;
        }
        said
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Business, question, part of the passage that answers it.
const ASKED: [(&str, &str, &str); 37] = [
    ("returns", "how long does a refund take", "five working days"),
    ("returns", "where is the return label", "in the box"),
    ("returns", "what is your return policy", "30 days"),
    ("returns", "what is your return palisy", "30 days"),
    ("returns", "how long does shipping take", "three to five days"),
    ("returns", "can i exchange a gift", "without a receipt"),
    ("property", "are pets allowed", "small dogs"),
    ("property", "when is the rent due", "first of the month"),
    ("property", "when do i get my deposit back", "within 30 days"),
    ("property", "is there a laundry room", "basement"),
    ("property", "how can i apply", "apply online"),
    ("childcare", "from which age do you take children", "six months"),
    ("childcare", "how much does a full day cost", "60 dollars"),
    ("childcare", "do you serve lunch", "breakfast, lunch"),
    ("childcare", "can my child come with a fever", "at home"),
    ("childcare", "is there a waiting list", "waiting list"),
    ("clinic", "when will my test results be ready", "three working days"),
    ("clinic", "do you have parking", "free parking"),
    ("clinic", "do you take new patients", "15 minutes early"),
    ("dental", "do you take my insurance", "insurance plans"),
    ("dental", "where can i park", "parking garage"),
    ("dental", "can i eat after a filling", "numbness"),
    ("dental", "how long does a cleaning take", "half an hour"),
    ("dental", "is there an elevator", "second floor"),
    ("hvac", "do you give a warranty", "one year"),
    ("hvac", "do you repair all brands", "all brands"),
    ("hvac", "how long does a tune up take", "about an hour"),
    ("hvac", "do you offer financing", "new furnace"),
    ("law", "do you handle tax cases", "tax cases"),
    ("law", "is what i tell you confidential", "confidential"),
    ("law", "how long is the first consultation", "half an hour"),
    ("salon", "do you sell shampoo", "shampoo and conditioner"),
    ("salon", "how much is a haircut for my child", "25 dollars"),
    ("salon", "do i need a skin test before a color", "two days earlier"),
    ("salon", "can i pay by card", "by card"),
    ("towing", "how long do you keep a towed car", "24 hours"),
    ("towing", "what do i need to get my car back", "license"),
];

/// Not looked at while the rules were made: 117 of 144 answers were right at the first run.
const HELD_OUT: [(&str, &str, &str); 22] = [
    ("salon", "are children welcome at your place", "Children are welcome"),
    ("salon", "do you sell gift cards", "front desk"),
    ("salon", "do you take walk ins", "when a chair is free"),
    ("salon", "is your place okay for a wheelchair", "ground floor"),
    ("salon", "what if i am running late", "15 minutes"),
    ("dental", "what's the youngest age of children you see", "age of three"),
    ("dental", "can i pay in monthly instalments", "instalments"),
    ("dental", "do you validate parking tickets", "two hours"),
    ("clinic", "how long does a prescription refill take", "two working days"),
    ("clinic", "what do you charge for a missed visit", "20 dollars"),
    ("clinic", "are there steps at the entrance", "no steps"),
    ("towing", "does my insurance pay for towing", "insurance plans"),
    ("towing", "how many miles do you tow", "200 miles"),
    ("towing", "where should i wait for the truck", "safe place"),
    ("hvac", "can i pay by check when the work is done", "check or cash"),
    ("law", "do you handle family law", "family law"),
    ("law", "is there a garage near you", "Harbor Street"),
    ("property", "how much is a second parking space", "50 dollars a month"),
    ("property", "can i pay the rent online", "online or by check"),
    ("returns", "do you replace damaged items", "free of charge"),
    ("childcare", "what happens with a late pickup", "one dollar a minute"),
    ("childcare", "do you have free places for a child of three", "free places"),
];

#[track_caller]
fn all_answered(asked: &[(&str, &str, &str)], test: &str) {
    let mut missed = Vec::new();
    for (name, question, part) in asked {
        let shop = Shop::open(name, test);
        for guess in GUESSES {
            let said = shop.answer(question, guess);
            if !said.contains(part) {
                missed.push(format!("{name}: {question} ({guess:?}):{said}"));
            }
        }
    }
    assert!(missed.is_empty(), "{} of {}:\n{}", missed.len(), asked.len() * GUESSES.len(), missed.join("\n"));
}

#[test]
fn what_the_owner_wrote_is_found() {
    all_answered(&ASKED, "found");
}

#[test]
fn questions_nobody_thought_of_are_found_too() {
    all_answered(&HELD_OUT, "held-out");
}

#[test]
fn what_the_business_data_tell_is_told_from_there() {
    for (name, question, guess, part) in [
        ("salon", "how much is a haircut", "price", "45 dollars"),
        ("salon", "are you open on saturday", "hours", "nine am to three pm"),
        ("salon", "where is the salon", "address", "12 Maple Street"),
        ("dental", "how much does a cleaning cost", "price", "95 dollars"),
        ("hvac", "which area do you cover", "service_area", "valley"),
        ("towing", "what does a tow cost", "price", "85 dollars"),
        ("clinic", "until when are you open today", "hours", "are open"),
        ("childcare", "what does a trial day cost", "price", "30 dollars"),
    ] {
        let said = Shop::open(name, "data").answer(question, Some(guess));
        assert!(said.contains(part), "{name}: {question}:{said}");
    }
}

#[test]
fn a_wish_stays_a_wish() {
    for (name, wish) in [
        ("dental", "can i come in for a cleaning"),
        ("dental", "i need a filling"),
        ("salon", "could you do my color this week"),
        ("hvac", "can somebody do a tune up"),
        ("returns", "i would like to have a pickup please"),
        ("property", "can i have a viewing"),
    ] {
        let said = Shop::open(name, "wish").answer(wish, Some("book"));
        assert!(said.contains("Which day") || said.contains("I have"), "{name}: {wish}:{said}");
    }
}

#[test]
fn what_stands_nowhere_is_not_answered_from_the_folder() {
    for (name, question) in [
        ("salon", "do you sell bicycles"),
        ("law", "will i win my case against my landlord"),
        ("clinic", "should i take two pills or three"),
        ("returns", "what is the weather tomorrow"),
        ("dental", "who won the football game"),
        ("property", "do you know a good restaurant"),
    ] {
        for guess in [Some("out_of_scope"), Some("address"), None] {
            let shop = Shop::open(name, "nowhere");
            let said = shop.answer(question, guess);
            let ready = READY.iter().find(|ready| ready.name == name).unwrap();
            let quoted = ready.files.iter().filter(|(path, _)| path.starts_with("knowledge")).any(|(_, text)| {
                text.lines().any(|line| !line.is_empty() && !line.starts_with('#') && said.contains(line))
            });
            assert!(!quoted, "{name}: {question} ({guess:?}):{said}");
        }
    }
}
