//! A person, please: called where the business allows it, and a caller nobody takes is where they
//! were before.
#![allow(clippy::expect_used)] // a test may fail

mod front_desk;

use dialogue::agent::{Caller, Trust};
use dialogue::business::{Business, TransferTarget, TransferWay};
use dialogue::{NotReached, Outcome, ToolCall, ToolResult};
use front_desk::{Stage, business, says};

fn desk(hours: &str) -> Business {
    let mut business = business("salon");
    business.transfer.to = vec![TransferTarget { address: "sip:desk@192.0.2.9".into(), way: TransferWay::Bridge }];
    business.transfer.always = hours == "always";
    business
}

fn call(business: Business, result: ToolResult) -> Stage {
    let caller = Caller { number: Some("5550100".into()), name: None };
    let mut stage = Stage::with(business, Trust::default(), caller);
    stage.calendar.transfer = Some(result);
    stage
}

fn summaries(stage: &Stage) -> Vec<String> {
    let summary = |tool: &ToolCall| match tool {
        ToolCall::Transfer { summary } => Some(summary.clone()),
        _ => None,
    };
    stage.tools.iter().filter_map(summary).collect()
}

#[test]
fn who_is_put_through_is_no_longer_the_agents() {
    let mut stage = call(desk("always"), ToolResult::Transferred);
    let said = stage.say("this is anna smith can i speak to a person please");
    says(&said, &["trying to reach"]);
    assert_eq!(stage.ended, Some(Outcome::Transferred));
    let told = summaries(&stage);
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("Anna Smith") && told[0].contains("Press one"), "{told:?}");
}

#[test]
fn who_is_not_leaves_a_message_and_goes_on_where_they_were() {
    for (why, words) in [
        (NotReached::Busy, "another call"),
        (NotReached::NoAnswer, "nobody is answering"),
        (NotReached::Declined, "put you through"),
        (NotReached::Voicemail, "put you through"),
        (NotReached::Failed, "put you through"),
    ] {
        let mut stage = call(desk("always"), ToolResult::NotReached { why });
        stage.say("i would like a haircut on tuesday at three");
        let said = stage.say("can i speak to a person please");
        says(&said, &[words, "pass on"]);
        stage.say("please tell them that my hair was green");
        let said = stage.say("anna smith");
        assert_eq!(stage.calendar.messages.len(), 1, "{why:?}: {said}");
        // The appointment that was being made is taken up again.
        says(&said, &["back to your appointment"]);
        // Asked for once more: the person is not called again.
        stage.say("i want to talk to a person");
        assert_eq!(summaries(&stage).len(), 1);
    }
}

#[test]
fn nobody_is_called_out_of_hours_or_where_nobody_is_named() {
    let mut closed = desk("open");
    closed.hours = dialogue::business::Hours::default();
    for business in [closed, business("salon")] {
        let mut stage = call(business, ToolResult::Transferred);
        let said = stage.say("can i speak to a person please");
        says(&said, &["message"]);
        assert!(summaries(&stage).is_empty());
    }
    let mut stage = call(desk("open"), ToolResult::Transferred);
    // A wednesday, eleven o'clock.
    stage.now = jiff::civil::date(2026, 11, 25).at(11, 0, 0, 0);
    stage.say("can i speak to a person please");
    assert_eq!(summaries(&stage).len(), 1, "within the hours");
}

#[test]
fn a_business_file_says_who_and_how() {
    let text = "[business]\nname = \"A\"\nkind = \"salon\"\ntimezone = \"Europe/Berlin\"\n[hours]\nmonday = [\"09:00-17:00\"]\n[transfer]\n";
    let good = "to = [\"attended sip:desk@10.0.0.9:5070\", \"blind  tel:+15550100\"]\nring_s = 15\nalways = true\n";
    let business = Business::parse(&format!("{text}{good}"), "business.toml").expect("in order");
    assert_eq!((business.transfer.to.len(), business.transfer.ring_s, business.transfer.always), (2, 15, true));
    let ways: Vec<_> = business.transfer.to.iter().map(|target| (target.address.as_str(), target.way)).collect();
    let wanted = [("sip:desk@10.0.0.9:5070", TransferWay::Attended), ("tel:+15550100", TransferWay::Blind)];
    assert_eq!(ways, wanted);
    for bad in [
        "to = [\"shout sip:a@b\"]\n",
        "to = [\"5550100\"]\n",
        "to = [\"sip:a@b?Replaces=x\"]\n",
        "to = [\"sip:a@b>,<sip:c@d\"]\n",
        "to = [\"tel:1-800-CALL\"]\n",
        "to = [\"sip:a@b\", \"sip:b@b\", \"sip:c@b\", \"sip:d@b\", \"sip:e@b\"]\n",
        "method = \"magic\"\n",
        "ring_s = 1000\n",
    ] {
        let errors = Business::parse(&format!("{text}{bad}"), "business.toml").expect_err(bad);
        assert_eq!((errors.len(), errors[0].line), (1, 8), "{bad}: {errors:?}");
    }
}
