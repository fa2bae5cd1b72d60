//! The thinking of one call: requests of the conversation to the language model and back.

use std::collections::HashMap;

use dialogue::io::Input;
use engine::{Llm, LlmEvent, LlmWork, Priority, Prompt, Session, Ticket};
use tokio::sync::mpsc;

use crate::engines::{Client, Reply};

/// One call's mind.
pub struct Mind {
    client: Client<Llm>,
    session: Session,
    under_way: HashMap<Ticket, u32>,
    to_me: mpsc::Sender<(Ticket, Reply<LlmEvent>)>,
    replies: mpsc::Receiver<(Ticket, Reply<LlmEvent>)>,
}

impl Mind {
    /// A session of its own on the worker.
    pub fn new(client: Client<Llm>) -> Self {
        let (to_me, replies) = mpsc::channel(256);
        Mind { session: client.session(), client, under_way: HashMap::new(), to_me, replies }
    }

    /// The worker's next answer.
    pub async fn reply(&mut self) -> (Ticket, Reply<LlmEvent>) {
        match self.replies.recv().await {
            Some(reply) => reply,
            None => std::future::pending().await, // `to_me` is ours: the channel never closes
        }
    }

    /// Asks the model. When it can't be asked, that is the answer.
    pub fn think(&mut self, request: u32, prompt: Prompt, grammar: String, max_tokens: u16) -> Option<Input> {
        let ticket = self.client.ticket();
        let work =
            LlmWork::Decide { session: self.session, ticket, prompt, grammar, max_tokens, priority: Priority::Turn };
        if self.client.submit(ticket, work, self.to_me.clone()) {
            self.under_way.insert(ticket, request);
            return None;
        }
        Some(failed(request))
    }

    /// Has the model read what it will probably be asked.
    pub fn read_ahead(&self, prompt: Prompt) {
        self.client.tell(LlmWork::Prefill { session: self.session, prompt });
    }

    /// The answer to this request is no longer wanted.
    pub fn cancel(&mut self, request: u32) {
        let client = &self.client;
        self.under_way.retain(|&ticket, &mut asked| {
            if asked == request {
                client.cancel(ticket);
            }
            asked != request
        });
    }

    /// Takes an answer of the worker.
    pub fn take(&mut self, ticket: Ticket, reply: Reply<LlmEvent>) -> Option<Input> {
        match reply {
            Reply::Event(LlmEvent::Piece { .. }) => None,
            Reply::Event(LlmEvent::Done { text, first_ms, total_ms, .. }) => {
                let request = self.under_way.remove(&ticket)?;
                Some(Input::Decision { request, text: Some(text), first_ms, total_ms })
            }
            Reply::Failed => self.under_way.remove(&ticket).map(failed),
        }
    }
}

impl Drop for Mind {
    fn drop(&mut self) {
        self.client.close(self.session);
    }
}

fn failed(request: u32) -> Input {
    Input::Decision { request, text: None, first_ms: 0, total_ms: 0 }
}
