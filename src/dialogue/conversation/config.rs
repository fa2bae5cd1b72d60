use crate::shaping::Language;

/// The knobs of a conversation's timing. Every one has a price, said beside it; the defaults
/// aim at an answer 350 to 450 ms after the caller's last sound when recognition takes 100 ms.
/// Times are in milliseconds, levels in dBFS.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The language lines are shaped in.
    pub language: Language,
    /// When speech begins.
    pub hearing: HearingConfig,
    /// When a turn is over.
    pub turn: TurnConfig,
    /// What speech over the agent means.
    pub floor: FloorConfig,
    /// How the wait for engines and tools is filled and bounded.
    pub delay: DelayConfig,
    /// What happens when nobody speaks.
    pub silence: SilenceConfig,
    /// Longest call. At this instant the line is closed, whatever is being said.
    pub max_call_ms: u64,
    /// So long before the end the brain is told that time is up. Shorter risks that its
    /// words are cut; longer gives away talking time.
    pub time_is_up_lead_ms: u64,
    /// What is said when an engine fails and the brain has no words for it.
    pub lines: Lines,
}

/// When an utterance begins, and what of it is recognised.
#[derive(Debug, Clone, PartialEq)]
pub struct HearingConfig {
    /// Speech needed within a window a third longer before an utterance begins. Shorter hears
    /// clicks as speech; longer is made good by the pre-roll, but delays a barge-in.
    pub onset_ms: u32,
    /// Audio before the first speech frame that belongs to the utterance. Shorter loses the
    /// soft first consonant; longer costs recognition time.
    pub preroll_ms: u32,
    /// A pause shorter than this is part of speech. Longer makes ends later by nothing, but
    /// lets a single noisy frame restart the clock of the end of turn.
    pub hangover_ms: u32,
    /// Speech needed, after a longer pause, to count as going on. Shorter lets clicks delay
    /// the answer; longer notices a caller who goes on later.
    pub resume_ms: u32,
    /// Less speech than this is never sent to recognition, which invents words on noise.
    /// Longer loses a clipped "no".
    pub min_speech_ms: u32,
    /// Speech before the first hypothesis in mid-speech is asked for, and between two of
    /// them; 0 for none. Each costs one recognition; they make interruptions better judged
    /// and are the text of last resort when a final is late.
    pub partial_every_ms: u32,
    /// Below this confidence a transcript counts as not understood. Lower acts on guesses;
    /// higher asks callers to repeat themselves.
    pub min_confidence: f32,
    /// An utterance longer than this is closed at its next pause, its text kept, so that
    /// recognition time does not grow with the turn.
    pub segment_ms: u32,
    /// An utterance of this length is recognised and a new one begun in mid-speech.
    /// Recognisers see at most 30 s.
    pub max_utterance_ms: u32,
}

/// When the caller's turn is over: silence since the last speech frame.
#[derive(Debug, Clone, PartialEq)]
pub struct TurnConfig {
    /// Silence after which the turn is *probably* over: the final transcript is asked for
    /// and thought about. Shorter answers sooner and wastes recognitions on mid-turn pauses.
    pub probable_ms: u32,
    /// The same where the hypothesis in mid-speech already has everything expected.
    pub probable_complete_ms: u32,
    /// Over, when yes or no or a choice was expected and the text is complete.
    pub short_ms: u32,
    /// Over, when the text is complete. Shorter cuts in on people who breathe.
    pub complete_ms: u32,
    /// Over, when a complete name was given: a surname may follow.
    pub name_ms: u32,
    /// Over, when the text may be complete but is not clearly so.
    pub unsure_ms: u32,
    /// Over, when the text trails off ("to", "at", "um") or a slot is not full. Longer is
    /// kinder to those who think, and slower for those who meant it.
    pub stretched_ms: u32,
    /// Over, in the middle of a message.
    pub message_ms: u32,
    /// Most that a caller's habit of pausing adds to the waits for complete text.
    pub habit_max_ms: u32,
    /// The ear is sure that the caller goes on at this probability of an end or less. Higher cuts
    /// fewer off and makes more of those wait who had finished.
    pub goes_on_below: f32,
    /// Over, at the earliest, when it is. Longer is kinder to those who think, and slower for those
    /// it was wrong about.
    pub goes_on_ms: u32,
    /// The ear is sure that the caller has finished from this probability on. Lower answers sooner
    /// and cuts more off.
    pub finished_above: f32,
    /// Over, at the latest, when it is and the words only leave open whether the sentence is all.
    pub finished_ms: u32,
    /// Upper bound of every wait for silence.
    pub max_wait_ms: u32,
    /// Sound goes on, but the words have not changed for this long: a noisy line, and the turn
    /// is over. Shorter cuts in on drawn-out words; needs hypotheses in mid-speech.
    pub stable_ms: u32,
    /// Sound goes on for this long and no words are in it: the caller is asked to repeat.
    pub wordless_ms: u32,
    /// Longest turn; then the agent speaks up, even over speech (or over a noisy line).
    pub max_turn_ms: u32,
    /// Time after a key in which another may follow. '#' or a full slot ends at once.
    pub keypad_ms: u32,
    /// Think before the turn is confirmed. Off saves model time on every mid-turn pause and
    /// costs the model's whole time on every answer.
    pub speculate: bool,
}

/// What speech over the agent means.
#[derive(Debug, Clone, PartialEq)]
pub struct FloorConfig {
    /// Speech needed while the agent is audible before the voice is held. Shorter holds it
    /// for clicks; longer talks over the caller.
    pub onset_ms: u32,
    /// Level that speech must reach while the agent is audible. Higher keeps echo out and
    /// quiet callers too.
    pub min_level_db: f32,
    /// Once the caller's own level is known, speech over the agent must come within this of
    /// it. Smaller takes less for echo's sake.
    pub echo_margin_db: f32,
    /// Each false interruption raises the level asked for by this much, three times at most.
    pub false_step_db: f32,
    /// Speech over the agent after which a hypothesis is asked for. Shorter comes back empty;
    /// longer comes after the verdict, for which the voice is held meanwhile.
    pub hypothesis_ms: u32,
    /// After the voice was held this long, a caller who is silent again is taken to have
    /// made a noise, and the voice goes on.
    pub verdict_ms: u32,
    /// Held this long with speech going on and no text: an interruption without text.
    pub sure_ms: u32,
    /// A "yes" this near to the end of a question is its answer, not a nod.
    pub answer_window_ms: u32,
    /// Between leaving the box and the caller's ear: what was played within it is not
    /// counted as heard.
    pub wire_lag_ms: u32,
}

/// How the wait for engines and tools is filled and bounded.
#[derive(Debug, Clone, PartialEq)]
pub struct DelayConfig {
    /// Without any sound for this long while something is owed: the first delay phrase.
    /// Shorter chatters where the answer was about to come.
    pub first_ms: u32,
    /// Time an answer is given from the moment it is owed, however long the silence before
    /// it was. Shorter puts a phrase before answers that were about to come.
    pub patience_ms: u32,
    /// From the end of a phrase to the next.
    pub next_ms: u32,
    /// The same, at most, where no tool works and only engines are waited for: they answer at once
    /// or are in trouble. Longer is silence that nobody understands.
    pub engines_ms: u32,
    /// Each gap is longer than the one before by this factor, in percent.
    pub growth_percent: u32,
    /// A final transcript not there by then: the last hypothesis is used, where it reaches to
    /// the end of what was said.
    pub transcript_ms: u32,
    /// And by then, whatever it lacks; where there is none the caller is asked to repeat. Shorter
    /// acts on half of what was said; longer trusts in phrases to keep the caller.
    pub transcript_most_ms: u32,
    /// A decision not there by then after the turn's end: the brain decides without it.
    pub decision_ms: u32,
    /// A tool that has not answered by then has failed, as far as this call is concerned.
    /// The one who runs it must give up, or keep it for later, before this.
    pub tool_ms: u32,
    /// The same where people are called: as long as all of them may ring and listen.
    pub transfer_ms: u32,
    /// Speech handed to the voice that makes no progress for this long has failed.
    pub voice_ms: u32,
    /// A line that failed is tried again after this.
    pub retry_ms: u32,
    /// At most so many times.
    pub retries: u8,
}

/// What happens when nobody speaks.
#[derive(Debug, Clone, PartialEq)]
pub struct SilenceConfig {
    /// Mutual silence before the agent asks. Shorter hurries people who look for a diary.
    pub after_ms: u32,
    /// The same where digits or a message are expected.
    pub patient_ms: u32,
    /// After so many times without an answer the call is closed, even if the brain does not.
    pub most: u8,
}

/// Words for failures the brain can't know of. Have the voice make them ahead.
#[derive(Debug, Clone, PartialEq)]
pub struct Lines {
    /// Recognition is down; keys still work.
    pub hearing_down: String,
    /// Recognition is back.
    pub hearing_back: String,
    /// Nothing more can be done in this call.
    pub failed: String,
    /// The brain had no words where the caller was not understood.
    pub pardon: String,
}

impl Lines {
    /// All of them.
    pub fn phrases(&self) -> Vec<String> {
        [&self.hearing_down, &self.hearing_back, &self.failed, &self.pardon].into_iter().cloned().collect()
    }
}

impl Default for Config {
    fn default() -> Self {
        Config {
            language: Language::English,
            hearing: HearingConfig::default(),
            turn: TurnConfig::default(),
            floor: FloorConfig::default(),
            delay: DelayConfig::default(),
            silence: SilenceConfig::default(),
            max_call_ms: 15 * 60_000,
            time_is_up_lead_ms: 30_000,
            lines: Lines::default(),
        }
    }
}

impl Default for HearingConfig {
    fn default() -> Self {
        HearingConfig {
            onset_ms: 60,
            preroll_ms: 240,
            hangover_ms: 60,
            resume_ms: 40,
            min_speech_ms: 100,
            partial_every_ms: 700,
            min_confidence: 0.45,
            segment_ms: 6_000,
            max_utterance_ms: 20_000,
        }
    }
}

impl Default for TurnConfig {
    fn default() -> Self {
        TurnConfig {
            probable_ms: 120,
            probable_complete_ms: 80,
            short_ms: 180,
            complete_ms: 220,
            name_ms: 350,
            unsure_ms: 500,
            stretched_ms: 900,
            message_ms: 1_200,
            habit_max_ms: 250,
            goes_on_below: 0.2,
            goes_on_ms: 600,
            finished_above: 0.85,
            finished_ms: 350,
            max_wait_ms: 1_200,
            stable_ms: 1_800,
            wordless_ms: 6_000,
            max_turn_ms: 90_000,
            keypad_ms: 2_000,
            speculate: true,
        }
    }
}

impl Default for FloorConfig {
    fn default() -> Self {
        FloorConfig {
            onset_ms: 80,
            min_level_db: -48.0,
            echo_margin_db: 14.0,
            false_step_db: 3.0,
            hypothesis_ms: 240,
            verdict_ms: 300,
            sure_ms: 600,
            answer_window_ms: 1_500,
            wire_lag_ms: 40,
        }
    }
}

impl Default for DelayConfig {
    fn default() -> Self {
        DelayConfig {
            first_ms: 800,
            patience_ms: 400,
            next_ms: 2_500,
            engines_ms: 1_500,
            growth_percent: 160,
            transcript_ms: 2_000,
            transcript_most_ms: 5_000,
            decision_ms: 2_000,
            tool_ms: 12_000,
            transfer_ms: 300_000,
            voice_ms: 3_000,
            retry_ms: 800,
            retries: 3,
        }
    }
}

impl Default for SilenceConfig {
    fn default() -> Self {
        SilenceConfig { after_ms: 7_000, patient_ms: 10_000, most: 3 }
    }
}

impl Default for Lines {
    fn default() -> Self {
        Lines {
            hearing_down: "I'm sorry, I can't hear you just now. Please hold on, or use the keys of your phone.".into(),
            hearing_back: "I can hear you again. Could you say that once more?".into(),
            failed: "I'm sorry, something here is not working. Please call again a little later. Goodbye.".into(),
            pardon: "Sorry, I didn't catch that. Could you say it again?".into(),
        }
    }
}
