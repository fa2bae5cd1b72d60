use std::time::Duration;

use machine::Now;

/// The same key told in another way within this time is the same press.
const SAME_PRESS: Duration = Duration::from_millis(400);
/// INFO tells a press when it is over: so long after its tone it may still come.
const TOLD_LATE: Duration = Duration::from_millis(1_500);

/// How the other side tells a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// RFC 4733.
    Event,
    /// SIP INFO.
    Signalling,
    /// As a tone in the audio.
    Tone,
}

/// Counts each press once, in however many ways it is told. Who tells keys in words is believed;
/// what then sounds like a key is the echo of one, or somebody's voice.
#[derive(Debug, Default)]
pub(super) struct Presses {
    last: Option<(Now, char, Way)>,
    told: bool,
}

impl Presses {
    /// True when this is a new press.
    pub fn press(&mut self, now: Now, key: char, way: Way) -> bool {
        if way == Way::Tone && self.told {
            return false;
        }
        self.told |= way != Way::Tone;
        let same = self.last.filter(|(at, last, by)| {
            let window = if *by == Way::Tone { TOLD_LATE } else { SAME_PRESS };
            *last == key && *by != way && now.since(*at) <= window
        });
        // Once told, what follows is measured by that.
        if same.is_none_or(|(_, _, by)| by == Way::Tone) {
            self.last = Some((now, key, way));
        }
        same.is_none()
    }
}
