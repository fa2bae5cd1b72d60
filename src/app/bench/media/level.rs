use std::net::{Ipv4Addr, SocketAddr};
use std::process::Stdio;
use std::time::Duration;

use serde::Serialize;
use telephony::media::Codec;
use telephony::sip::{self, Command as SipCommand, Endpoint, Event, LocalMedia, Transport};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::{Instant, sleep, timeout};

use super::answer::Counted;
use super::cost::Cost;
use super::load::{self, Load};
use crate::drivers::{Clock, sip as driver};

/// How long the box may take to start, or to answer.
const START: Duration = Duration::from_secs(20);
/// Between one set-up and the next: how fast calls come is not what is measured here.
const STAGGER: Duration = Duration::from_millis(5);
/// How long a level talks before anything is counted.
const SETTLE: Duration = Duration::from_secs(3);
/// Name of the sending thread, cut as the system cuts it.
const PACER: &str = "rtp-pacer";
const CODER: &str = "rtp-coder";
/// Packets of a call, a second.
const PACKETS_A_SECOND: f64 = 50.0;
/// Of them, those that must leave: a second's counting is a few packets off.
const ENOUGH: f64 = 0.995;

/// What to measure.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Calls at once.
    pub calls: usize,
    /// How long they are measured.
    pub talk: Duration,
    /// What they speak.
    pub codec: Codec,
}

/// What is asked of a level.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Bars {
    /// Packets that the box may lose.
    pub lost: u64,
    /// 99 of 100 packets leave within this of the one before.
    pub send_gap_p99_ms: f64,
    /// Memory of a call.
    pub memory_kb: f64,
}

impl Default for Bars {
    fn default() -> Self {
        Bars { lost: 0, send_gap_p99_ms: 22.0, memory_kb: 512.0 }
    }
}

/// What so many calls cost.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    /// Calls at once.
    pub calls: usize,
    /// Of them, those in which both sides heard the other's tone when the measuring ended.
    pub tones_both_ways: usize,
    /// Seconds measured.
    pub took_s: f64,
    /// Packets the box sent meanwhile.
    pub box_sent: u64,
    /// Of all that the box sent, those that never came.
    pub box_sent_lost: u64,
    /// Packets the box heard meanwhile.
    pub box_received: u64,
    /// Of all that was sent to the box, those that never came or came too late.
    pub box_received_lost: u64,
    /// Between the packets of a call as the box sent them.
    pub send_gap_p50_ms: f64,
    /// 99 of 100.
    pub send_gap_p99_ms: f64,
    /// 999 of 1,000.
    pub send_gap_p999_ms: f64,
    /// All; 100 stands for longer too.
    pub send_gap_most_ms: f64,
    /// Between the packets of a call as the telephones read them, every millisecond.
    pub receive_gap_p99_ms: f64,
    /// Of one processor, by the box.
    pub box_cpu_percent: f64,
    /// Of that, the sending thread.
    pub pacer_cpu_percent: f64,
    /// And what codes Opus.
    pub coder_cpu_percent: f64,
    /// Of one processor, by the telephones.
    pub load_cpu_percent: f64,
    /// Of one processor, a call of the box.
    pub cpu_percent_a_call: f64,
    /// Memory of the box with these calls.
    pub box_memory_mb: f64,
    /// Memory a call took.
    pub memory_kb_a_call: f64,
}

impl Measured {
    /// What of it misses the bars, in words.
    pub fn misses(&self, bars: Bars) -> Vec<String> {
        let calls = self.calls;
        let mut misses = Vec::new();
        if self.tones_both_ways < calls {
            misses.push(format!("{} of {calls} calls heard a tone both ways", self.tones_both_ways));
        }
        let due = self.took_s * PACKETS_A_SECOND * calls as f64;
        if (self.box_sent as f64) < ENOUGH * due {
            misses.push(format!("{} of {due:.0} packets sent with {calls} calls", self.box_sent));
        }
        let lost = self.box_sent_lost + self.box_received_lost;
        if lost > bars.lost {
            misses.push(format!("{lost} packets lost with {calls} calls"));
        }
        if self.send_gap_p99_ms > bars.send_gap_p99_ms {
            misses.push(format!("a send gap of {:.1} ms (p99) with {calls} calls", self.send_gap_p99_ms));
        }
        if self.memory_kb_a_call > bars.memory_kb {
            misses.push(format!("{:.0} kB a call with {calls} calls", self.memory_kb_a_call));
        }
        misses
    }
}

/// Starts a box, sets up the calls, lets them talk, and says what that took.
///
/// # Errors
/// What went wrong, in words.
pub async fn measure(plan: Plan) -> Result<Measured, String> {
    let mut answerer = Answerer::start(plan).await?;
    let idle = answerer.cost()?;
    let load =
        Load::start(plan.calls, plan.codec).map_err(|error| format!("no sockets for the telephones: {error}"))?;
    let sip = set_up(&answerer, &load, plan).await?;
    sleep(SETTLE).await;
    let own = std::process::id();
    let cost_of_own = || Cost::of(own).map_err(|error| error.to_string());
    let (own_before, before) = (cost_of_own()?, answerer.cost()?);
    let (there_before, here_before) = (answerer.count().await?, counted(&load)?);
    let began = Instant::now();
    sleep(plan.talk).await;
    let took_s = began.elapsed().as_secs_f64();
    let (after, own_after) = (answerer.cost()?, cost_of_own()?);
    let (there, here) = (answerer.count().await?, counted(&load)?);
    drop(sip);
    drop(load);
    answerer.stop().await;
    let percent = |seconds: f64| 100.0 * seconds / took_s;
    let box_cpu_percent = percent(after.seconds_since(&before, None));
    let sending = there.gaps.since(&there_before.gaps);
    let gap = |share| sending.quantile_ms(share).unwrap_or_default();
    let hear_tone = usize::try_from(there.hear_tone).unwrap_or_default();
    // Every packet that a telephone received has a tone, or one of them hears none.
    let heard_tone = if here.tones + plan.calls as u64 * 50 >= here.received { plan.calls } else { 0 };
    let memory_kb = after.resident_kb.saturating_sub(idle.resident_kb) as f64;
    Ok(Measured {
        calls: plan.calls,
        tones_both_ways: hear_tone.min(heard_tone),
        took_s,
        box_sent: there.sent - there_before.sent,
        box_sent_lost: here.lost,
        box_received: there.received - there_before.received,
        box_received_lost: there.lost + there.dropped,
        send_gap_p50_ms: gap(0.5),
        send_gap_p99_ms: gap(0.99),
        send_gap_p999_ms: gap(0.999),
        send_gap_most_ms: gap(1.0),
        receive_gap_p99_ms: here.gaps.since(&here_before.gaps).quantile_ms(0.99).unwrap_or_default(),
        box_cpu_percent,
        pacer_cpu_percent: percent(after.seconds_since(&before, Some(PACER))),
        coder_cpu_percent: percent(after.seconds_since(&before, Some(CODER))),
        load_cpu_percent: percent(own_after.seconds_since(&own_before, None)),
        cpu_percent_a_call: box_cpu_percent / plan.calls as f64,
        box_memory_mb: after.resident_kb as f64 / 1_024.0,
        memory_kb_a_call: memory_kb / plan.calls as f64,
    })
}

fn counted(load: &Load) -> Result<load::Counted, String> {
    load.count().ok_or_else(|| "the telephones' thread is gone".to_owned())
}

/// Dials until all calls are up. The calls last as long as what is given back.
async fn set_up(answerer: &Answerer, load: &Load, plan: Plan) -> Result<driver::Line, String> {
    let calls = plan.calls;
    let fault = |error: std::io::Error| format!("no SIP socket for the telephones: {error}");
    let clock = Clock::start();
    let local = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let sockets = driver::Sockets::bind(local, false).await.map_err(fault)?;
    let bound = sockets.udp.local_addr().map_err(fault)?;
    let endpoint = Endpoint::new(sip::Config::new(bound).max_calls(calls), fastrand::u64(..));
    let mut line = driver::run(clock, sockets, endpoint);
    let mut tokens = std::collections::HashMap::new();
    let (mut dialled, mut up) = (0, 0);
    let mut next = Instant::now();
    while up < calls {
        tokio::select! {
            () = tokio::time::sleep_until(next), if dialled < calls => {
                let address = load.address(dialled).ok_or("a telephone without a socket")?;
                let dial = SipCommand::Dial {
                    token: dialled as u64,
                    target: format!("sip:bench@{}", answerer.address),
                    destination: Some(answerer.address),
                    from_display: None,
                    from_user: format!("bench{dialled}"),
                    media: LocalMedia::plain(address, vec![plan.codec]),
                    transport: Transport::Udp,
                    connection: None,
                };
                let _ = line.commands.send(dial).await;
                dialled += 1;
                next += STAGGER;
            }
            event = timeout(START, line.events.recv()) => match event {
                Ok(Some(Event::Dialled { token, call })) => drop(tokens.insert(call, token)),
                Ok(Some(Event::Media { call, media })) => {
                    let token = tokens.get(&call).ok_or("a call that nobody dialled")?;
                    load.talk(usize::try_from(*token).unwrap_or_default(), media.remote);
                }
                Ok(Some(Event::Established { .. })) => up += 1,
                Ok(Some(Event::Ended { cause, .. })) => return Err(format!("call {up} ended at once: {cause:?}")),
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => return Err(format!("only {up} of {calls} calls came up")),
            },
        }
    }
    Ok(line)
}

/// The box, as a process of its own.
struct Answerer {
    child: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    address: SocketAddr,
}

impl Answerer {
    async fn start(plan: Plan) -> Result<Self, String> {
        let program = std::env::current_exe().map_err(|error| format!("this program can't find itself: {error}"))?;
        let mut child = Command::new(program)
            .args(["bench", "answer", "--calls", &plan.calls.to_string(), "--codec", plan.codec.name()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("the box can't be started: {error}"))?;
        let (Some(orders), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("the box has no input and output".into());
        };
        let mut answers = BufReader::new(answers).lines();
        let ready = line(&mut answers).await?;
        let address = ready.strip_prefix("ready sip:").and_then(|address| address.parse().ok());
        let address = address.ok_or_else(|| format!("the box said {ready:?} instead of being ready"))?;
        Ok(Answerer { child, orders, answers, address })
    }

    fn cost(&self) -> Result<Cost, String> {
        let pid = self.child.id().ok_or("the box has ended")?;
        Cost::of(pid).map_err(|error| format!("what the box takes can't be read: {error}"))
    }

    async fn count(&mut self) -> Result<Counted, String> {
        self.orders.write_all(b"count\n").await.map_err(|error| format!("the box does not listen: {error}"))?;
        let counted = line(&mut self.answers).await?;
        serde_json::from_str(&counted).map_err(|error| format!("the box's counters can't be read: {error}"))
    }

    async fn stop(mut self) {
        drop(self.orders);
        if timeout(START, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
    }
}

async fn line(answers: &mut Lines<BufReader<ChildStdout>>) -> Result<String, String> {
    match timeout(START, answers.next_line()).await {
        Ok(Ok(Some(line))) => Ok(line),
        Ok(_) => Err("the box ended; it said why above".into()),
        Err(_) => Err(format!("the box said nothing for {} s", START.as_secs())),
    }
}
