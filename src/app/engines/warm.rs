use engine::{Llm, LlmWork, Prompt, Session};

use super::{Client, State};

/// Has the language model read what the prompts of all calls begin with, now and whenever its
/// worker was started anew: nobody's first words wait for it, also after a crash.
pub fn keep_warm(llm: Client<Llm>, shared: String) {
    tokio::spawn(async move {
        let session = llm.session();
        let mut state = llm.state();
        let mut warmed = 0;
        loop {
            let ready = state.wait_for(|state| matches!(state, State::Ready { start, .. } if *start != warmed)).await;
            let Ok(State::Ready { start, .. }) = ready.as_deref() else { return };
            warmed = *start;
            drop(ready);
            llm.tell(work(session, &shared));
        }
    });
}

fn work(session: Session, shared: &str) -> LlmWork {
    LlmWork::Prefill { session, prompt: Prompt { shared: shared.to_owned(), own: String::new() } }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
mod tests {
    use engine::{Down, LlmWork};
    use tokio::sync::{mpsc, watch};

    use super::*;

    #[tokio::test]
    async fn every_life_of_the_worker_reads_the_shared_part_first() {
        let (to_worker, mut work) = mpsc::channel(8);
        let (state, seen) = watch::channel(State::Starting);
        keep_warm(Client::new(to_worker, seen), "these are the rules".to_owned());
        for start in [1, 2] {
            state.send_replace(State::Ready { about: String::new(), pid: 1, start });
            let Some(Down::Work(LlmWork::Prefill { prompt, .. })) = work.recv().await else { panic!("nothing read") };
            assert_eq!((prompt.shared.as_str(), prompt.own.as_str()), ("these are the rules", ""));
            state.send_replace(State::Down { why: "killed".to_owned(), since: std::time::Instant::now() });
        }
        assert!(work.try_recv().is_err(), "once in a life");
    }
}
