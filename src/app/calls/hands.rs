//! The hands of one call: tools run beside the call, never in it.

use std::sync::Arc;

use dialogue::io::Input;
use dialogue::{ToolCall, ToolResult};
use jiff::civil::DateTime;
use tokio::sync::mpsc;

use crate::drivers::Clock;
use crate::tools::Tools;

/// One call's hands.
pub struct Hands {
    tools: Arc<Tools>,
    call: String,
    done: mpsc::Sender<(u32, ToolResult)>,
    results: mpsc::Receiver<(u32, ToolResult)>,
}

impl Hands {
    /// Tools run in the name of this call.
    pub fn new(tools: Arc<Tools>, call: String) -> Self {
        let (done, results) = mpsc::channel(64);
        Hands { tools, call, done, results }
    }

    /// The next result.
    pub async fn result(&mut self) -> Input {
        match self.results.recv().await {
            Some((request, result)) => Input::ToolDone { request, result },
            None => std::future::pending().await, // `done` is ours: the channel never closes
        }
    }

    /// Runs a tool on a thread that may block.
    pub fn run(&self, request: u32, key: String, local: DateTime, call: ToolCall) {
        let (tools, id, done) = (Arc::clone(&self.tools), self.call.clone(), self.done.clone());
        tokio::task::spawn_blocking(move || {
            let result = tools.run(&id, &key, local, Clock::unix_ms(), &call);
            if let ToolResult::Failed { why } = &result {
                tracing::warn!(call = id, key, why, "a tool failed");
            }
            let _ = done.blocking_send((request, result)); // the call may be over: the effect stands
        });
    }
}
