//! One task per worker: start it, wait until it is warm, pass work and answers, notice when it
//! dies or hangs, start it again.

use std::time::Duration;

use engine::{Down, Engine, PROTOCOL, Ticket, Up};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::process::Child;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, interval, sleep, timeout};

use super::client::{Client, Reply, State};
use super::launch::Launch;
use crate::load::machine;

/// Work that may wait for a worker; beyond it calls are told "no" at once.
const QUEUE: usize = 4096;
const HEARTBEAT: Duration = Duration::from_millis(200);
/// After this without an answer to a heartbeat it is looked whether the worker was stopped; one that is
/// merely starved on a busy machine is given longer.
const STOPPED: Duration = Duration::from_millis(500);
/// A worker that was never ready is given up after so many starts.
const HOPELESS: u32 = 5;
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What the watcher must know of an engine's events: whose they are and whether more will come.
pub trait Answer {
    /// The request answered.
    fn ticket(&self) -> Ticket;
    /// True when no more follows.
    fn is_last(&self) -> bool;
}

impl Answer for engine::Transcript {
    fn ticket(&self) -> Ticket {
        self.ticket
    }
    fn is_last(&self) -> bool {
        true
    }
}

impl Answer for engine::LlmEvent {
    fn ticket(&self) -> Ticket {
        match self {
            engine::LlmEvent::Piece { ticket, .. } | engine::LlmEvent::Done { ticket, .. } => *ticket,
        }
    }
    fn is_last(&self) -> bool {
        matches!(self, engine::LlmEvent::Done { .. })
    }
}

impl Answer for engine::TtsEvent {
    fn ticket(&self) -> Ticket {
        match self {
            engine::TtsEvent::Audio { ticket, .. } | engine::TtsEvent::Done { ticket, .. } => *ticket,
        }
    }
    fn is_last(&self) -> bool {
        matches!(self, engine::TtsEvent::Done { .. })
    }
}

impl<E: Engine> Client<E>
where
    E::Event: Answer,
{
    /// Starts a worker and the task that keeps it alive for as long as any client is left.
    pub fn launch(launch: Launch) -> Self {
        let (to_worker, work) = mpsc::channel(QUEUE);
        let (state, watch) = watch::channel(State::Starting);
        let client = Client::new(to_worker, watch);
        tokio::spawn(keep_alive::<E>(launch, work, state, client.clone()));
        client
    }
}

async fn keep_alive<E: Engine>(
    launch: Launch,
    mut work: mpsc::Receiver<Down<E::Work>>,
    state: watch::Sender<State>,
    client: Client<E>,
) where
    E::Event: Answer,
{
    let mut starts = 0;
    let mut failures = 0;
    let mut was_ever_ready = false;
    let mut since = None;
    loop {
        starts += 1;
        let mut is_there = true;
        let mut was_ready = false;
        let why = match launch.spawn() {
            Err(error) => {
                is_there = false;
                error.to_string()
            }
            Ok((child, stream)) => {
                let mut run = Run::<E> { launch: &launch, state: &state, client: &client, start: starts, ready: false };
                let why = run.serve(child, stream, &mut work).await;
                was_ready = run.ready;
                why
            }
        };
        was_ever_ready |= was_ready;
        if was_ready {
            since = None;
        }
        failures = if was_ready { 0 } else { failures + 1 };
        tracing::error!(engine = E::NAME, why, "worker is gone");
        // What has worked may work again: a box on its own goes on trying for ever.
        let over = !was_ever_ready && (failures >= HOPELESS || !is_there);
        let since = *since.get_or_insert_with(std::time::Instant::now);
        state.send_replace(if over { State::Failed { why } } else { State::Down { why, since } });
        client.fail_all();
        while work.try_recv().is_ok() {} // it was meant for a session that no longer exists
        if over {
            return;
        }
        sleep(pause_before_start(failures)).await;
    }
}

/// None after a worker that had been ready; ever longer ones after failures to get there.
fn pause_before_start(failures: u32) -> Duration {
    match failures {
        0 => Duration::ZERO,
        _ => Duration::from_millis(250 << failures.min(16)).min(LONGEST_PAUSE),
    }
}

/// One life of a worker.
struct Run<'a, E: Engine> {
    launch: &'a Launch,
    state: &'a watch::Sender<State>,
    client: &'a Client<E>,
    start: u32,
    ready: bool,
}

impl<E: Engine> Run<'_, E>
where
    E::Event: Answer,
{
    /// Serves until the worker is gone; says why.
    async fn serve(
        &mut self,
        mut child: Child,
        stream: UnixStream,
        work: &mut mpsc::Receiver<Down<E::Work>>,
    ) -> String {
        let last_words = relay_log(E::NAME, &mut child);
        let why = self.talk(&child, stream, work).await;
        let _ = child.kill().await;
        let status = child.wait().await.map_or_else(|error| error.to_string(), |status| status.to_string());
        let said = timeout(Duration::from_millis(200), last_words).await.ok().and_then(Result::ok).flatten();
        match said {
            Some(line) => format!("{why} ({status}); its last words: {line}"),
            None => format!("{why} ({status})"),
        }
    }

    async fn talk(&mut self, child: &Child, stream: UnixStream, work: &mut mpsc::Receiver<Down<E::Work>>) -> String {
        let (mut from, mut to) = stream.into_split();
        // Reading is a task of its own: it is never cancelled half-way through a frame.
        let (answers, mut incoming) = mpsc::channel::<Result<Up<E::Event>, String>>(1024);
        let reader = tokio::spawn(async move {
            loop {
                let frame = read_frame(&mut from).await;
                let over = frame.is_err();
                if answers.send(frame).await.is_err() || over {
                    return;
                }
            }
        });
        let why = self.exchange(child.id().unwrap_or(0), &mut to, &mut incoming, work).await;
        reader.abort();
        why
    }

    async fn exchange(
        &mut self,
        pid: u32,
        to: &mut (impl AsyncWriteExt + Unpin),
        incoming: &mut mpsc::Receiver<Result<Up<E::Event>, String>>,
        work: &mut mpsc::Receiver<Down<E::Work>>,
    ) -> String {
        if let Err(error) = send(to, encode::<E>(&Down::Hello { protocol: PROTOCOL })).await {
            return error;
        }
        let mut beat = interval(HEARTBEAT);
        let mut beats = 0;
        let mut last_sign = Instant::now();
        loop {
            tokio::select! {
                answer = incoming.recv() => {
                    last_sign = Instant::now();
                    match answer {
                        Some(Ok(up)) => if let Err(why) = self.take(up, pid) { return why },
                        Some(Err(why)) => return why,
                        None => return "its socket closed".into(),
                    }
                }
                Some(down) = work.recv(), if self.ready => {
                    if let Err(why) = send(to, encode::<E>(&down)).await { return why }
                }
                _ = beat.tick() => {
                    let limit = if self.ready { self.launch.silence_limit } else { self.launch.start_limit };
                    let silent = last_sign.elapsed();
                    if silent > limit {
                        return format!("no sign of life for {} s", limit.as_secs());
                    }
                    if silent > STOPPED && machine::is_stopped(pid) {
                        return "it was stopped".into();
                    }
                    if self.client.is_stalled(self.launch.work_limit) {
                        return format!("it has worked for {} s without any answer", self.launch.work_limit.as_secs());
                    }
                    if self.ready {
                        beats += 1;
                        if let Err(why) = send(to, encode::<E>(&Down::Ping(beats))).await { return why }
                    }
                }
            }
        }
    }

    fn take(&mut self, up: Up<E::Event>, pid: u32) -> Result<(), String> {
        match up {
            Up::Ready { protocol, .. } if protocol != PROTOCOL => {
                return Err(format!(
                    "it speaks protocol {protocol} and this program {PROTOCOL}: install both from one release"
                ));
            }
            Up::Ready { about, warm_ms, .. } => {
                tracing::info!(engine = E::NAME, about, warm_ms, pid, "worker is ready");
                self.ready = true;
                self.state.send_replace(State::Ready { about, pid, start: self.start });
            }
            Up::Pong(_) => {}
            Up::Event(event) => {
                let (ticket, is_last) = (event.ticket(), event.is_last());
                self.client.deliver(ticket, Reply::Event(event), is_last);
            }
            Up::Failed { ticket, why } => {
                tracing::warn!(engine = E::NAME, ticket = ticket.0, why, "work failed");
                self.client.deliver(ticket, Reply::Failed, true);
            }
        }
        Ok(())
    }
}

fn encode<E: Engine>(down: &Down<E::Work>) -> Result<Vec<u8>, String> {
    engine::frame::encode(down).map_err(|error| error.to_string())
}

async fn send(to: &mut (impl AsyncWriteExt + Unpin), frame: Result<Vec<u8>, String>) -> Result<(), String> {
    let frame = frame?;
    // A worker that does not read for this long hangs.
    match timeout(Duration::from_secs(4), to.write_all(&frame)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(format!("its socket failed: {error}")),
        Err(_) => Err("it reads no more work".into()),
    }
}

async fn read_frame<V: for<'de> serde::Deserialize<'de>>(
    from: &mut (impl AsyncReadExt + Unpin),
) -> Result<Up<V>, String> {
    let mut length = [0; 4];
    from.read_exact(&mut length).await.map_err(|_| "its socket closed".to_owned())?;
    let length = u32::from_le_bytes(length) as usize;
    if length > engine::MAX_FRAME {
        return Err(format!("it sent a frame of {length} bytes"));
    }
    let mut frame = vec![0; length];
    from.read_exact(&mut frame).await.map_err(|_| "its socket closed in mid-frame".to_owned())?;
    engine::frame::decode(&frame).map_err(|error| error.to_string())
}

/// Passes a worker's standard error to the log, line by line and bounded; keeps the last line.
fn relay_log(engine: &'static str, child: &mut Child) -> tokio::task::JoinHandle<Option<String>> {
    let stderr = child.stderr.take();
    tokio::spawn(async move {
        let mut lines = BufReader::new(stderr?).lines();
        let mut last = None;
        while let Ok(Some(mut line)) = lines.next_line().await {
            line.truncate(line.floor_char_boundary(400));
            tracing::debug!(engine, line, "worker says");
            last = Some(line);
        }
        last
    })
}
