//! `callbox chat`: the whole agent by text, without telephone, ears or voice.

use std::io::{BufRead, Write};
use std::sync::Arc;

use dialogue::agent::{Agent, Caller, Trust};
use dialogue::business::Business;
use dialogue::{Act, Ask, Brain, Heard, ToolCall};
use engine::{Llm, LlmEvent, LlmWork, Priority, Prompt, Session};
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{CliError, block_on, run::trust};
use crate::config::{Arguments, Config, load_business};
use crate::drivers::Clock;
use crate::engines::{Client, Reply, model, models_folder, start_llm, thinking};
use crate::observe;
use crate::tools::Tools;
use engine::manifest::Kind;

/// A turn of tools that call tools ends here.
const MOST_TOOLS: usize = 16;

/// Talk to the agent by text: a caller's turn a line, a decision a line back; an empty line
/// starts a new call. Bookings and messages are real and go into the configured database.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// One object a turn: do, args, say, and what the tools did.
    #[arg(long)]
    json: bool,
    /// The caller's number.
    #[arg(long)]
    from: Option<String>,
    #[command(flatten)]
    config: Arguments,
}

/// Runs the verb.
///
/// # Errors
/// When the agent can't be started.
pub fn run(args: Args) -> Result<(), CliError> {
    let config = args.config.load().map_err(CliError::not_ready)?.config;
    observe::log("warn");
    block_on(async {
        let mut desk = Desk::open(&config).await?;
        let mut call = desk.call(args.from.clone(), args.json);
        for line in std::io::stdin().lock().lines() {
            let line = line.map_err(CliError::failed)?;
            if line.trim().is_empty() || call.over {
                call = desk.call(args.from.clone(), args.json);
            }
            if !line.trim().is_empty() {
                desk.turn(&mut call, line.trim().to_owned(), args.json).await;
            }
        }
        Ok(())
    })
}

/// What is behind all calls of a chat.
struct Desk {
    business: Arc<Business>,
    trust: Trust,
    zone: TimeZone,
    tools: Tools,
    model: Client<Llm>,
    session: Session,
    calls: u32,
}

struct Chat {
    agent: Agent,
    id: String,
    turn: u32,
    over: bool,
}

impl Desk {
    async fn open(config: &Config) -> Result<Self, CliError> {
        let loaded = load_business(&config.business.folder).map_err(CliError::not_ready)?;
        let business = Arc::new(loaded.business.clone());
        let manifest =
            model(&models_folder(&config.engines), Kind::Llm, &config.engines.llm.model).map_err(CliError::NotReady)?;
        let trust = trust(&manifest)?;
        let store = store::Store::open(&config.records.database).map_err(CliError::not_ready)?;
        let tools = Tools::new(store, &loaded).map_err(CliError::not_ready)?;
        let model =
            thinking(&config.engines, start_llm(&config.engines, &manifest, 1, None)).map_err(CliError::NotReady)?;
        model.ready().await.map_err(CliError::NotReady)?;
        let session = model.session();
        Ok(Desk { business, trust, zone: loaded.timezone, tools, model, session, calls: 0 })
    }

    /// A new call, greeted.
    fn call(&mut self, number: Option<String>, as_json: bool) -> Chat {
        self.calls += 1;
        let caller = Caller { number, name: None };
        let mut agent = Agent::new(Arc::clone(&self.business), self.trust, caller, u64::from(self.calls));
        let greeting = agent.greet(self.local());
        let said: Vec<String> = greeting.into_iter().filter_map(said).collect();
        if as_json {
            print(&json!({ "do": "greet", "args": {}, "say": said.join(" ") }).to_string());
        } else {
            print(&format!("agent: {}", said.join(" ")));
        }
        let id = format!("chat-{}-{}", Clock::unix_ms(), self.calls);
        Chat { agent, id, turn: 0, over: false }
    }

    async fn turn(&self, call: &mut Chat, text: String, as_json: bool) {
        call.turn += 1;
        let heard = Heard { text, confidence: 1.0, ..Heard::default() };
        let decision = match call.agent.ask(self.local(), &heard) {
            Ask::Nothing => None,
            Ask::Model { shared, own, grammar, max_tokens } => {
                self.think(Prompt { shared, own }, grammar, max_tokens).await
            }
        };
        let mut acts = call.agent.decide(self.local(), &heard, decision.as_deref());
        let (mut lines, mut tools) = (Vec::new(), Vec::new());
        while !acts.is_empty() && tools.len() < MOST_TOOLS {
            let mut next = Vec::new();
            for act in acts {
                match act {
                    Act::Tool(tool) => next.extend(self.tool(call, &tool, &mut tools)),
                    Act::HangUp(_) => call.over = true,
                    act @ Act::Say(_) => lines.extend(said(act)),
                }
            }
            acts = next;
        }
        let say = lines.join(" ");
        if as_json {
            let model = decision.and_then(|text| serde_json::from_str::<Value>(&text).ok());
            let (command, args) = call.agent.last_command();
            let turn = json!({ "do": command, "args": args, "model": model, "say": say, "tools": tools });
            print(&turn.to_string());
        } else {
            print(&format!("agent: {say}"));
        }
    }

    fn tool(&self, call: &mut Chat, tool: &ToolCall, done: &mut Vec<Value>) -> Vec<Act> {
        let key = format!("{}-{}", call.turn, done.len());
        let result = self.tools.run(&call.id, &key, self.local(), Clock::unix_ms(), tool);
        done.push(json!({ "call": tool, "result": result }));
        call.agent.tool_result(self.local(), tool, result)
    }

    async fn think(&self, prompt: Prompt, grammar: String, max_tokens: u16) -> Option<String> {
        let (to_me, mut replies) = mpsc::channel(256);
        let ticket = self.model.ticket();
        let work =
            LlmWork::Decide { session: self.session, ticket, prompt, grammar, max_tokens, priority: Priority::Turn };
        self.model.submit(ticket, work, to_me).then_some(())?;
        loop {
            match replies.recv().await? {
                (_, Reply::Event(LlmEvent::Done { text, .. })) => return Some(text),
                (_, Reply::Event(LlmEvent::Piece { .. })) => {}
                (_, Reply::Failed) => return None,
            }
        }
    }

    fn local(&self) -> jiff::civil::DateTime {
        jiff::Timestamp::now().to_zoned(self.zone.clone()).datetime()
    }
}

fn said(act: Act) -> Option<String> {
    match act {
        Act::Say(line) => Some(line.text),
        Act::Tool(_) | Act::HangUp(_) => None,
    }
}

/// A line at once, also into a pipe.
fn print(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush()); // a reader that has gone is told by SIGPIPE
}
