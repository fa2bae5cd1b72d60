//! The stages of a turn as bars.

use store::Stages;

/// Characters of the longest bar.
const WIDTH: i64 = 40;

/// From the caller's last speech to the first audio of the answer.
pub(super) fn end_to_audio_ms(stages: &Stages) -> Option<i64> {
    Some(stages.audio_ms? - stages.speech_end_ms?)
}

/// A line for each stage reached: its bar from the stage before it to itself, on a common scale.
/// Empty for a turn without speech of the caller.
pub(super) fn timeline(stages: &Stages) -> String {
    let Some(origin) = stages.speech_end_ms else {
        return String::new();
    };
    let all = [
        ("transcript", stages.transcript_ms),
        ("turn over", stages.turn_end_ms),
        ("decision", stages.decision_ms),
        ("tools", stages.tools_ms),
        ("to voice", stages.say_ms),
        ("voice", stages.voice_ms),
        ("audio", stages.audio_ms),
    ];
    let mut reached: Vec<(&str, i64)> =
        all.into_iter().filter_map(|(name, at)| Some((name, (at? - origin).max(0)))).collect();
    // Thinking ahead reaches a decision before the turn is over.
    reached.sort_by_key(|(_, at)| *at);
    let whole = reached.last().map_or(1, |(_, at)| (*at).max(1));
    let column = |at: i64| at * WIDTH / whole;
    let mut text = String::new();
    let mut before = 0;
    for (name, at) in reached {
        let (from, to) = (column(before), column(at).max(column(before) + i64::from(at > before)));
        let bar = " ".repeat(usize::try_from(from).unwrap_or(0)) + &"#".repeat(usize::try_from(to - from).unwrap_or(0));
        text.push_str(&format!("          {name:<10} |{bar:<40}| {at:>5} ms\n"));
        before = at;
    }
    text + &engines(stages)
}

fn engines(stages: &Stages) -> String {
    let spent = [
        ("recogniser", stages.stt_decode_ms),
        ("model's first token", stages.llm_first_ms),
        ("last token", stages.llm_total_ms),
    ];
    let spent = spent.into_iter().filter_map(|(name, ms)| ms.map(|ms| format!("{name} {ms} ms")));
    let spent = spent.collect::<Vec<_>>().join(", ");
    if spent.is_empty() { spent } else { format!("          time spent: {spent}\n") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_follow_each_other_on_one_scale() {
        let stages = Stages {
            speech_end_ms: Some(1_000),
            transcript_ms: Some(1_100),
            decision_ms: Some(1_150),
            turn_end_ms: Some(1_300),
            audio_ms: Some(1_400),
            ..Stages::default()
        };
        let text = timeline(&stages);
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        assert_eq!(lines[0], format!("transcript |{}{}|   100 ms", "#".repeat(10), " ".repeat(30)));
        assert!(lines[1].starts_with("decision"), "thought ahead: {text}");
        assert_eq!(lines[3], format!("audio      |{}{}|   400 ms", " ".repeat(30), "#".repeat(10)));
        assert_eq!(end_to_audio_ms(&stages), Some(400));
    }

    #[test]
    fn the_greeting_has_no_timeline() {
        assert_eq!(timeline(&Stages { audio_ms: Some(80), ..Stages::default() }), "");
    }
}
