//! One question to the server.

use std::time::Duration;

use engine::Prompt;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Url};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use super::grammar::Grammar;
use super::place::{OnPremises, chat_url};
use super::stream::{Said, Stream, compact};
use crate::config::{Hold, Remote};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_millis(500);

/// The server.
pub(super) struct Server {
    client: Client,
    url: Url,
    key: Option<String>,
    model: String,
    hold: Hold,
    deadline: Duration,
}

/// What it answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) text: String,
    pub(super) tokens: u32,
    pub(super) first: Duration,
    pub(super) total: Duration,
}

impl Server {
    /// The server of the configuration, which nobody has reached yet.
    pub(super) fn new(wanted: &Remote) -> Result<Self, String> {
        // Somebody may have installed one already: any will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .dns_resolver(OnPremises)
            .connect_timeout(CONNECT)
            .tcp_nodelay(true)
            .pool_idle_timeout(Duration::from_secs(300))
            .user_agent(concat!("callbox/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| format!("no connection can be made from here: {error}"))?;
        Ok(Server {
            client,
            url: chat_url(&wanted.url)?,
            key: wanted.key_file.as_deref().map(read_key).transpose()?,
            model: wanted.model.clone(),
            hold: wanted.hold,
            deadline: Duration::from_millis(u64::from(wanted.deadline_ms)),
        })
    }

    /// Asks for a decision; dropping the future drops the connection, which ends the work there.
    /// Whatever comes is held to the grammar before anybody sees it.
    pub(super) async fn ask(&self, prompt: &Prompt, text: &str, max_tokens: u16) -> Result<Answer, String> {
        let began = Instant::now();
        let late = || format!("no whole answer within {} ms", self.deadline.as_millis());
        let answer = timeout_at(began + self.deadline, self.stream(prompt, text, max_tokens, began));
        answer.await.map_err(|_| late())?
    }

    async fn stream(&self, prompt: &Prompt, text: &str, max_tokens: u16, began: Instant) -> Result<Answer, String> {
        let grammar = Grammar::parse(text).ok_or("a grammar that can't be checked here")?;
        let mut request = self.client.post(self.url.clone()).header(CONTENT_TYPE, "application/json");
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        let body = self.body(prompt, text, &grammar, max_tokens).to_string();
        let mut response = request.body(body).send().await.map_err(|error| unreachable(&error))?;
        if !response.status().is_success() {
            return Err(format!("status {}", response.status().as_u16()));
        }
        let mut stream = Stream::default();
        let mut first = None;
        loop {
            let Some(bytes) = response.chunk().await.map_err(|error| unreachable(&error))? else {
                if stream.is_complete() {
                    break;
                }
                return Err("an answer that was cut off".to_owned());
            };
            let said = stream.push(&bytes)?;
            if stream.tokens > 0 {
                first.get_or_insert_with(|| began.elapsed());
            }
            if said == Said::Over {
                break;
            }
        }
        let text = compact(&stream.text);
        if !grammar.holds(&text) {
            return Err("an answer outside of the turn's grammar".to_owned());
        }
        let total = began.elapsed();
        Ok(Answer { text, tokens: stream.tokens, first: first.unwrap_or(total), total })
    }

    fn body(&self, prompt: &Prompt, text: &str, grammar: &Grammar, max_tokens: u16) -> Value {
        let mut body = json!({
            "model": self.model,
            "messages": [
                { "role": "system", "content": prompt.shared },
                { "role": "user", "content": prompt.own },
            ],
            "stream": true,
            "temperature": 0,
            "max_tokens": max_tokens,
            // Thinking aloud takes time that nobody on a telephone has; templates without it ignore this.
            "chat_template_kwargs": { "enable_thinking": false },
        });
        let (key, value) = match self.hold {
            Hold::JsonSchema => ("response_format", schema(grammar)),
            Hold::Vllm => ("structured_outputs", json!({ "grammar": text })),
            Hold::Sglang => ("ebnf", json!(text)),
            Hold::LlamaServer => ("grammar", json!(text)),
        };
        if let Some(object) = body.as_object_mut() {
            object.insert(key.to_owned(), value);
        }
        body
    }
}

/// A decision as a JSON schema: less than the grammar says, which is checked all the same.
fn schema(grammar: &Grammar) -> Value {
    let commands = grammar.choices("action");
    let words = grammar.choices("word");
    let text = if words.is_empty() {
        json!({ "type": "string" })
    } else {
        let words: Vec<String> = words.iter().map(|word| word.replace('.', "\\.")).collect();
        json!({ "type": "string", "pattern": format!("^( ({}))+$", words.join("|")) })
    };
    let command = if commands.is_empty() { json!({ "type": "string" }) } else { json!({ "enum": commands }) };
    json!({ "type": "json_schema", "json_schema": { "name": "decision", "strict": true, "schema": {
        "type": "object",
        "properties": {
            "do": command,
            "args": { "type": "object", "additionalProperties": text },
            "say": { "type": "string" },
        },
        "required": ["do", "args"],
        "additionalProperties": false,
    } } })
}

fn read_key(path: &std::path::Path) -> Result<String, String> {
    let key = std::fs::read_to_string(path).map_err(|error| {
        format!("engines.remote.key_file: {} can't be read ({error}): name the file that holds the key", path.display())
    })?;
    Ok(key.trim().to_owned())
}

/// Why there is no answer; never with the address, which the log has already.
fn unreachable(error: &reqwest::Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    format!("no answer ({innermost})")
}
