use std::fmt::Write;

use serde::Serialize;

use super::level::Measured;
use super::report::page;
use super::svg::{self, Axes, Series, escaped};
use super::usage::PROCESSES;
use crate::load::{Capacity, Noted, STAGES, Station};

/// Callers' place among [`PROCESSES`].
const CALLERS: usize = PROCESSES.len() - 1;
/// Fewer answers of an engine than this say less than trying it did.
const ENOUGH: u32 = 5;
/// How far beyond the knee the curve is drawn.
const BEYOND: f64 = 1.3;

/// What a machine has.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Machine {
    /// What its processor calls itself.
    pub processor: String,
    /// Processors this program may use.
    pub processors: usize,
    /// Memory, in megabytes.
    pub memory_mb: f64,
    /// Of it free for programs.
    pub memory_free_mb: f64,
    /// Graphics processors that could compute.
    pub gpus: Vec<String>,
}

/// A model that was chosen, and what it costs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Chosen {
    /// Which engine.
    pub engine: &'static str,
    /// Its name.
    pub model: String,
    /// Time of the engine that a piece of a call takes, alone, in milliseconds.
    pub service_ms: f64,
    /// Memory its manifest asks for, in megabytes.
    pub memory_mb: u32,
    /// What the engine says of itself: also what it computes on.
    pub about: String,
}

/// How many calls a box serves, and how that is known.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Size {
    /// The machine.
    pub machine: Machine,
    /// The engines.
    pub models: Vec<Chosen>,
    /// Callers are answered within this, 95 of 100 times, in milliseconds.
    pub goal_ms: f64,
    /// Calls it was measured with.
    pub measured_at: usize,
    /// What they waited, in milliseconds.
    pub measured_p95_ms: f64,
    /// What the box can do, its callers elsewhere.
    pub capacity: Capacity,
    /// Processors that one caller on this machine takes, as in `callbox bench calls`.
    pub caller: f64,
    /// Calls, callers elsewhere.
    pub calls: u32,
    /// What they wait, in milliseconds.
    pub p95_ms: f64,
    /// Calls with the callers on this machine.
    pub calls_with_callers: u32,
    /// Memory of the box without calls, and of one call, in megabytes.
    pub idle_mb: f64,
    /// Of one call.
    pub call_mb: f64,
}

/// What a box can do, from a level of calls and its own notes of it. Work that is shed under load
/// is not in it.
pub fn capacity(level: &Measured, notes: &[Noted], tried_ms: [f64; STAGES.len()]) -> Option<Capacity> {
    let calls = level.calls as f64;
    let full: Vec<&Noted> = notes.iter().filter(|note| note.second.calls as usize == level.calls).collect();
    let last = full.last()?;
    let seconds = full.len() as f64;
    let sum = |of: &dyn Fn(&Noted) -> f64| full.iter().map(|note| of(note)).sum::<f64>();
    let mut stations = [Station::default(); STAGES.len()];
    for (stage, station) in stations.iter_mut().enumerate() {
        let busy_ms = sum(&|note| note.second.busy_ms[stage]);
        let done: u32 = full.iter().map(|note| note.second.done[stage]).sum();
        let service_ms = if done >= ENOUGH { busy_ms / f64::from(done) } else { tried_ms[stage] };
        *station = Station { service_ms, demand: busy_ms / 1_000.0 / (calls * seconds) };
    }
    let callers = level.usage.as_ref().map_or(0.0, |usage| usage.cores[CALLERS]);
    let mut capacity = Capacity {
        stations,
        per_call: sum(&|note| note.second.own) / (calls * seconds),
        others: (sum(&|note| note.second.others) / seconds - callers).max(0.0),
        measured_at: calls,
        fixed_ms: 0.0,
        processors: last.capacity.processors,
    };
    // What is left of the median wait when the engines are taken out of it.
    let median_ms =
        if level.full_voice_to_voice.count >= 20 { &level.full_voice_to_voice } else { &level.voice_to_voice };
    capacity.fixed_ms = (median_ms.p50_ms - capacity.mean_ms(calls)).max(0.0);
    Some(capacity)
}

impl Size {
    /// The same box with its callers on it.
    pub fn with_callers(&self) -> Capacity {
        Capacity { per_call: self.capacity.per_call + self.caller, ..self.capacity }
    }

    /// For a terminal.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let Machine { processor, processors, memory_mb, memory_free_mb, gpus } = &self.machine;
        let _ = writeln!(
            text,
            "{processors} processors ({processor}), {memory_mb:.0} MB memory, {memory_free_mb:.0} MB free"
        );
        let _ = writeln!(text, "{}", if gpus.is_empty() { "no GPU".to_owned() } else { gpus.join(", ") });
        for Chosen { engine, model, service_ms, memory_mb, about } in &self.models {
            let _ =
                writeln!(text, "{engine}: {model}, {service_ms:.1} ms for a piece of a call, {memory_mb} MB; {about}");
        }
        let Capacity { per_call, others, fixed_ms, stations, .. } = &self.capacity;
        let _ = writeln!(text, "measured with {} calls: p95 {:.0} ms", self.measured_at, self.measured_p95_ms);
        let _ = write!(text, "a call takes {per_call:.3} processors");
        for (engine, station) in STAGES.iter().zip(stations) {
            let _ = write!(text, ", {:.2} % of the {engine} engine", 100.0 * station.demand);
        }
        let _ = writeln!(text, " and {:.1} MB; {others:.2} processors are busy with other things", self.call_mb);
        let _ = writeln!(text, "whatever the load, callers wait {fixed_ms:.0} ms\n");
        text.push_str(&self.plot());
        let bottleneck = self.capacity.bottleneck(f64::from(self.calls + 1));
        let _ = writeln!(
            text,
            "\nthis box: {} calls at p95 {:.0} ms (then the {bottleneck} end it), {:.0} MB; with the callers on it, as in \
             `callbox bench calls`: {} calls",
            self.calls,
            self.p95_ms,
            self.idle_mb + f64::from(self.calls) * self.call_mb,
            self.calls_with_callers
        );
        let _ = writeln!(text, "\n[sip]\nmax_calls = {}\n[engines.llm]\nslots = {}", self.calls.max(1), self.slots());
        text
    }

    /// As one page that needs nothing else.
    pub fn html(&self) -> String {
        let curve = |name: &str, capacity: &Capacity, calls: u32| Series {
            name: name.to_owned(),
            points: points(capacity, calls),
        };
        let series = [
            curve("callers elsewhere", &self.capacity, self.calls),
            curve("callers on this machine", &self.with_callers(), self.calls_with_callers),
            Series { name: "measured".into(), points: vec![(self.measured_at as f64, self.measured_p95_ms)] },
        ];
        let plot = svg::curves(Axes { x: "calls at once", y: "p95 voice to voice, ms" }, &series);
        page("Size of this box", &format!("<h1>Size of this box</h1>\n{plot}\n<pre>{}</pre>\n", escaped(&self.text())))
    }

    fn slots(&self) -> u32 {
        self.calls.clamp(1, 200)
    }

    fn plot(&self) -> String {
        let mut text = String::new();
        for (calls, p95_ms) in points(&self.capacity, self.calls) {
            let bar = "#".repeat((p95_ms / self.goal_ms * 40.0).min(60.0) as usize);
            let _ = writeln!(text, "{calls:>5} calls {p95_ms:>6.0} ms {bar}");
        }
        text
    }
}

/// The curve from one call to beyond the knee.
fn points(capacity: &Capacity, knee: u32) -> Vec<(f64, f64)> {
    let last = (f64::from(knee.max(3)) * BEYOND).ceil();
    (0..=12)
        .map(|step| (1.0 + (last - 1.0) * f64::from(step) / 12.0).round())
        .map(|calls| (calls, capacity.p95_ms(calls).min(5_000.0)))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::figures::Figures;
    use super::super::usage::Usage;
    use super::*;
    use crate::load::{Relief, Second};

    #[test]
    fn a_box_is_known_from_what_its_calls_cost() {
        let truth = Capacity::presumed(2, [60.0, 8.0, 25.0]);
        let truth = Capacity { fixed_ms: 220.0, measured_at: 5.0, ..truth };
        let waits = vec![220.0 + truth.mean_ms(5.0); 40];
        let figures =
            Figures { calls: 5, full_voice_to_voice_ms: waits.clone(), voice_to_voice_ms: waits, ..Figures::default() };
        let usage = Usage { full_s: 20.0, cores: [0.0, 0.0, 0.0, 0.0, 0.3], memory_mb: [0.0; 5], box_memory_mb: 0.0 };
        let level = Measured { usage: Some(usage), ..Measured::of(figures, Duration::from_secs(30)) };
        let second = Second {
            calls: 5,
            busy_ms: truth.stations.map(|station| 5_000.0 * station.demand),
            done: truth.stations.map(|station| (5_000.0 * station.demand / station.service_ms).round() as u32),
            own: 5.0 * truth.per_call,
            others: 0.4,
        };
        let noted = Noted { second, relief: Relief::None, p95_ms: 0.0, p95_with_one_more_ms: 0.0, capacity: truth };
        let Some(found) = capacity(&level, &vec![noted; 20], [60.0, 8.0, 25.0]) else { panic!("notes") };
        assert!((found.others - 0.1).abs() < 1e-9 && (found.per_call - truth.per_call).abs() < 1e-9);
        let share = f64::from(found.knee(900.0)) / f64::from(Capacity { others: 0.1, ..truth }.knee(900.0));
        assert!((0.97..=1.03).contains(&share), "{share}: {found:?}");
        assert_eq!(capacity(&level, &[], [1.0; 3]), None);
    }
}
