use super::packet::Event;

/// Events 0 to 15 are the keys (RFC 4733 3.2), in this order.
const KEYS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D'];

/// The key of an event code.
pub(super) fn key(code: u8) -> Option<char> {
    KEYS.get(usize::from(code)).copied()
}

/// The event code of a key.
pub(super) fn code(key: char) -> Option<u8> {
    let key = key.to_ascii_uppercase();
    KEYS.iter().position(|known| *known == key).and_then(|at| u8::try_from(at).ok())
}

/// A key held down, as far as its packets have come.
#[derive(Debug, Clone, Copy)]
struct Press {
    /// RTP timestamp of its beginning.
    began: u32,
    code: u8,
    duration: u16,
    ended: bool,
}

/// Tells one digit from its many packets (RFC 4733 2.5).
///
/// A digit counts with the first packet of it that comes, whichever that is: no wait for its
/// end, no loss unless every packet of it is lost. All other packets of the same press carry
/// the same timestamp, and older timestamps are stragglers.
#[derive(Debug, Default)]
pub(super) struct Keypad {
    last: Option<Press>,
}

impl Keypad {
    /// Takes an event packet; the digit if it is a new press.
    pub fn event(&mut self, timestamp: u32, event: Event) -> Option<char> {
        let key = key(event.code)?;
        let press = Press { began: timestamp, code: event.code, duration: event.duration, ended: event.end };
        let Some(last) = &mut self.last else {
            self.last = Some(press);
            return Some(key);
        };
        let later_by = timestamp.wrapping_sub(last.began) as i32;
        if later_by < 0 {
            return None;
        }
        if later_by == 0 {
            last.duration = last.duration.max(event.duration);
            last.ended |= event.end;
            return None;
        }
        let same = last.is_continued_by(later_by, event);
        *last = press;
        (!same).then_some(key)
    }
}

impl Press {
    /// True when an event with a later timestamp is still this press.
    fn is_continued_by(&self, later_by: i32, event: Event) -> bool {
        if self.ended || self.code != event.code {
            return false;
        }
        // A press too long for 16 bits goes on as a new segment (RFC 4733 2.5.1.3).
        let next_segment = self.duration == u16::MAX && later_by == i32::from(u16::MAX);
        // Some gateways move the timestamp along with the duration, against the RFC.
        let moves_along = later_by == i32::from(event.duration) - i32::from(self.duration);
        next_segment || moves_along
    }
}
