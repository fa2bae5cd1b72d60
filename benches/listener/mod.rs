//! A brain for measurements of hearing alone.

use std::sync::Arc;

use dialogue::agent::{Agent, Caller, Trust};
use dialogue::business::{Business, READY};
use dialogue::{Act, Ask, Brain, Expect, Heard, Line, ToolCall, ToolResult};
use jiff::civil::DateTime;

/// An agent that says one word to everything, and expects what it is told to.
#[derive(Clone)]
pub struct Listener {
    agent: Agent,
    expects: Expect,
}

impl Listener {
    pub fn new(expects: Expect) -> Self {
        let business = READY.iter().find(|ready| ready.name == "salon").expect("a ready business");
        let business = Business::parse(business.files[0].1, "business.toml").expect("it is in order");
        Listener { agent: Agent::new(Arc::new(business), Trust::default(), Caller::default(), 1), expects }
    }
}

impl Brain for Listener {
    fn greet(&mut self, _: DateTime) -> Vec<Act> {
        Vec::new()
    }
    fn ask(&self, _: DateTime, _: &Heard) -> Ask {
        Ask::Nothing
    }
    fn decide(&mut self, _: DateTime, _: &Heard, _: Option<&str>) -> Vec<Act> {
        vec![Act::Say(line())]
    }
    fn tool_result(&mut self, _: DateTime, _: &ToolCall, _: ToolResult) -> Vec<Act> {
        Vec::new()
    }
    fn expects(&self) -> Expect {
        self.expects
    }
    fn complete(&self, text: &str) -> bool {
        self.agent.complete(text)
    }
    fn closes(&self, text: &str) -> bool {
        self.agent.closes(text)
    }
    fn silence(&mut self, _: u8) -> Vec<Act> {
        Vec::new()
    }
    fn not_understood(&mut self, _: u8) -> Vec<Act> {
        vec![Act::Say(line())]
    }
    fn delay(&self, _: u8) -> Line {
        line()
    }
    fn time_is_up(&mut self) -> Vec<Act> {
        Vec::new()
    }
    fn cut_off(&mut self, _: &str) {}
    fn phrases(&self) -> Vec<String> {
        Vec::new()
    }
}

fn line() -> Line {
    Line { text: "Yes.".into(), interruptible: true }
}
