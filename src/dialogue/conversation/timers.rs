use machine::Now;

/// Everything a conversation waits for, each with when it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timer {
    /// The caller fell silent: until the utterance is probably over.
    Probable,
    /// The text is there: until the turn is over.
    Over,
    /// The voice is held: until noise is told from interruption.
    Verdict,
    /// A final transcript is asked for, or would be were recognition up.
    TranscriptDue,
    /// The turn is over and the model asked.
    DecisionDue,
    /// A tool runs.
    ToolDue,
    /// Something is owed and nothing is heard: until a delay phrase.
    Delay,
    /// Nobody speaks and nothing is owed: until the agent asks.
    Silence,
    /// The voice has work: until it is taken to have failed.
    VoiceStall,
    /// A line failed: until it is tried again.
    Retry,
    /// The last word was played: until the line is closed.
    Linger,
    /// The caller's turn has begun: until the agent speaks up anyhow.
    TurnCap,
    /// Until the brain is told that time is up.
    TimeIsUp,
    /// Until the longest call ends.
    CallCap,
}

impl Timer {
    /// In the order in which timers due at one instant run.
    const ALL: [Timer; 14] = [
        Timer::CallCap,
        Timer::TimeIsUp,
        Timer::Probable,
        Timer::Over,
        Timer::Verdict,
        Timer::TranscriptDue,
        Timer::DecisionDue,
        Timer::ToolDue,
        Timer::VoiceStall,
        Timer::Retry,
        Timer::Linger,
        Timer::TurnCap,
        Timer::Delay,
        Timer::Silence,
    ];
}

/// One deadline a kind.
#[derive(Debug, Clone, Default)]
pub(super) struct Timers([Option<Now>; Timer::ALL.len()]);

impl Timers {
    pub(super) fn set(&mut self, timer: Timer, at: Now) {
        self.0[timer as usize] = Some(at);
    }

    pub(super) fn clear(&mut self, timer: Timer) {
        self.0[timer as usize] = None;
    }

    /// Sets or clears.
    pub(super) fn arm(&mut self, timer: Timer, at: Option<Now>) {
        self.0[timer as usize] = at;
    }

    pub(super) fn clear_all(&mut self) {
        *self = Timers::default();
    }

    pub(super) fn at(&self, timer: Timer) -> Option<Now> {
        self.0[timer as usize]
    }

    pub(super) fn next(&self) -> Now {
        self.0.iter().flatten().min().copied().unwrap_or(Now::NEVER)
    }

    /// Takes the earliest timer that is due.
    pub(super) fn take_due(&mut self, now: Now) -> Option<Timer> {
        let due = Timer::ALL.into_iter().filter(|timer| self.at(*timer).is_some_and(|at| at <= now));
        let first = due.min_by_key(|timer| self.at(*timer))?;
        self.clear(first);
        Some(first)
    }
}
