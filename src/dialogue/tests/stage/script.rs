//! A brain that does as it is told, and writes down what it was asked.

use dialogue::{Act, Ask, Brain, Expect, Heard, Line, Outcome, ToolCall, ToolResult};
use jiff::civil::DateTime;

#[derive(Debug, Clone)]
pub struct Script {
    /// Acts for the first pattern found in what was heard.
    pub answers: Vec<(&'static str, Vec<Act>)>,
    pub greeting: Vec<Act>,
    pub after_tool: Vec<Act>,
    /// When the caller hangs up.
    pub farewell: Vec<Act>,
    pub expects: Expect,
    pub uses_model: bool,
    /// Everything that happened to *this* brain, clones apart.
    pub log: Vec<String>,
}

pub fn line(text: &str) -> Line {
    Line { text: text.into(), interruptible: true }
}

pub fn act(text: &str) -> Act {
    Act::Say(line(text))
}

pub const GREETING: &str = "Hello, I am an automated assistant.";

impl Default for Script {
    fn default() -> Self {
        Script {
            answers: Vec::new(),
            greeting: vec![Act::Say(Line { text: GREETING.into(), interruptible: false }), act("How can I help?")],
            after_tool: vec![act("That is done.")],
            farewell: Vec::new(),
            expects: Expect::Open,
            uses_model: true,
            log: Vec::new(),
        }
    }
}

impl Script {
    pub fn answering(pattern: &'static str, acts: Vec<Act>) -> Self {
        Script { answers: vec![(pattern, acts)], ..Script::default() }
    }

    pub fn expecting(expects: Expect) -> Self {
        Script { expects, ..Script::default() }
    }

    pub fn logged(&self, what: &str) -> usize {
        self.log.iter().filter(|entry| entry.starts_with(what)).count()
    }
}

impl Brain for Script {
    fn greet(&mut self, _now: DateTime) -> Vec<Act> {
        self.greeting.clone()
    }

    fn ask(&self, _now: DateTime, heard: &Heard) -> Ask {
        if !self.uses_model {
            return Ask::Nothing;
        }
        let own = format!("decided {}{}", heard.text, heard.keyed);
        Ask::Model { shared: String::new(), own, grammar: "root ::= \"x\"".into(), max_tokens: 40 }
    }

    fn decide(&mut self, _now: DateTime, heard: &Heard, decision: Option<&str>) -> Vec<Act> {
        let how = if decision.is_some() { "model" } else { "alone" };
        self.log.push(format!("decide {how}: {}|{}", heard.text, heard.keyed));
        let found = self.answers.iter().find(|(pattern, _)| heard.text.contains(pattern));
        match found {
            Some((_, acts)) => acts.clone(),
            None => vec![act("I understand you very well.")],
        }
    }

    fn tool_result(&mut self, _now: DateTime, _call: &ToolCall, result: ToolResult) -> Vec<Act> {
        let failed = matches!(result, ToolResult::Failed { .. });
        self.log.push(format!("tool {}", if failed { "failed" } else { "done" }));
        self.after_tool.clone()
    }

    fn expects(&self) -> Expect {
        self.expects
    }

    fn complete(&self, text: &str) -> bool {
        !text.ends_with("to") && !text.ends_with("at") && !text.ends_with("name is")
    }

    fn silence(&mut self, nth: u8) -> Vec<Act> {
        self.log.push(format!("silence {nth}"));
        match nth {
            1 | 2 => vec![act("Are you still there?")],
            _ => vec![act("Goodbye then."), Act::HangUp(Outcome::Silence)],
        }
    }

    fn resumed(&mut self) -> Vec<Act> {
        self.log.push("resumed".to_owned());
        vec![act("Welcome back.")]
    }

    fn not_understood(&mut self, nth: u8) -> Vec<Act> {
        self.log.push(format!("pardon {nth}"));
        vec![act("Pardon me?")]
    }

    fn delay(&self, nth: u8) -> Line {
        line(match nth {
            1 => "One moment.",
            2 => "Still looking.",
            _ => "Sorry, nearly there.",
        })
    }

    fn time_is_up(&mut self) -> Vec<Act> {
        self.log.push("time is up".into());
        vec![act("Our time is up."), Act::HangUp(Outcome::TooLong)]
    }

    fn hung_up(&mut self, _now: DateTime, unfinished: &Heard) -> Vec<Act> {
        self.log.push(format!("hung up in: {}", unfinished.text));
        self.farewell.clone()
    }

    fn cut_off(&mut self, heard_text: &str) {
        self.log.push(format!("cut: {heard_text}"));
    }

    fn phrases(&self) -> Vec<String> {
        Vec::new()
    }
}
