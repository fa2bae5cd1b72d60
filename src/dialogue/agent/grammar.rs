//! The grammar of one turn: only what is possible now, only words that were said.

use super::asked::Asked;
use super::command::Command;

/// Arguments of a decision, in the order the model was taught.
pub(super) const ARGS: [&str; 5] = ["name", "day", "time", "service", "reason"];
/// Most words of one argument.
const MOST_ARG_WORDS: usize = 12;
/// Longest wording of the model's own, in characters.
const LONGEST_SAY: usize = 160;

/// What decides about what is possible in a turn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Possible {
    /// What was asked last.
    pub(super) asked: Asked,
    /// A flow is under way that needs a day and time.
    pub(super) wants_time: bool,
    /// There is something to book.
    pub(super) bookable: bool,
    /// The model may word something.
    pub(super) free: bool,
}

impl Possible {
    /// True when the caller could mean this now.
    pub(super) fn allows(&self, command: Command) -> bool {
        match command {
            Command::Book => self.bookable,
            Command::Yes | Command::No => self.asked.is_yes_no() || self.asked.is_options(),
            Command::ChooseOption => self.asked.is_options(),
            Command::GiveTime => self.wants_time,
            Command::GivePhone => matches!(self.asked, Asked::Phone | Asked::CallerPhone | Asked::Message),
            Command::GiveName => !matches!(self.asked, Asked::Phone | Asked::Options | Asked::Which),
            _ => true,
        }
    }

    /// GBNF with the start symbol `root`. Arguments are made of `said` words, so that nothing
    /// can be invented.
    pub(super) fn grammar(&self, said: &[String]) -> String {
        let quoted = |name: &str| format!("\"{name}\"");
        let allowed = Command::ALL.iter().filter(|(command, _)| self.allows(*command));
        let actions: Vec<String> = allowed.map(|(_, name)| quoted(name)).collect();
        let mut said: Vec<&String> = said.iter().filter(|word| plain(word)).collect();
        said.sort_unstable();
        said.dedup();
        let args = if said.is_empty() { "\"\"" } else { "(arg (\",\" arg){0,4})?" };
        let say = if self.free { " (\",\\\"say\\\":\\\"\" say \"\\\"\")?" } else { "" };
        let mut grammar = format!(
            "root ::= \"{{\\\"do\\\":\\\"\" action \"\\\",\\\"args\\\":{{\" {args} \"}}\"{say} \"}}\"\naction ::= {}\n",
            actions.join(" | ")
        );
        if !said.is_empty() {
            let keys: Vec<String> = ARGS.iter().map(|key| quoted(key)).collect();
            let words: Vec<String> = said.iter().map(|word| quoted(word)).collect();
            grammar.push_str(&format!(
                "arg ::= \"\\\"\" ({}) \"\\\":\\\"\" (\" \" word){{1,{MOST_ARG_WORDS}}} \"\\\"\"\nword ::= {}\n",
                keys.join(" | "),
                words.join(" | ")
            ));
        }
        if self.free {
            grammar.push_str(&format!("say ::= [a-zA-Z0-9 .,?'!-]{{1,{LONGEST_SAY}}}\n"));
        }
        grammar
    }
}

/// True for a word that needs no escape in a grammar and in JSON.
fn plain(word: &str) -> bool {
    word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '\'' || c == ':')
}
