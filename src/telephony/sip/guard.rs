//! Who is listened to: the flood gate and the bans, looked at before a message is parsed.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use machine::Now;

use super::limits;

/// Sources remembered at once.
const MOST_SOURCES: usize = 8_192;
/// A source that has said nothing for so long has its whole allowance back: no need to remember.
const QUIET: Duration = Duration::from_secs(10);
/// Wrong passwords further apart than this are typing errors.
const MEMORY: Duration = Duration::from_secs(600);
/// A source's refusals are told at most this often.
const TELL: Duration = Duration::from_secs(10);

/// How much is listened to from those who are not on the allow-list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flood {
    /// Messages a second from one source (an IPv6 /64 is one); twice as many may come at once.
    pub per_source: u32,
    /// Messages a second from all sources that have no call.
    pub in_all: u32,
}

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hearing {
    /// It is read.
    Read,
    /// It is dropped.
    Drop,
    /// It is dropped, and the first of its kind for a while: tell.
    DropAndTell,
}

/// The sources heard of late.
#[derive(Debug, Default)]
pub(super) struct Guard {
    sources: HashMap<IpAddr, Source>,
    all: Option<Bucket>,
}

#[derive(Debug, Clone, Copy)]
struct Source {
    bucket: Option<Bucket>,
    heard: Now,
    failures: u32,
    failed: Now,
    banned_until: Now,
    told: Option<Now>,
}

/// Tokens in thousandths: one message takes a thousand.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: u64,
    filled: Now,
}

impl Guard {
    pub(super) fn len(&self) -> usize {
        self.sources.len()
    }

    /// Whether a message is read. `known` sources have a call: what all share is not for them.
    pub(super) fn hear(&mut self, now: Now, from: IpAddr, flood: Option<Flood>, known: bool) -> Hearing {
        let source = self.source(now, limits::source(from));
        source.heard = now;
        if now < source.banned_until {
            return Hearing::Drop;
        }
        let Some(flood) = flood else { return Hearing::Read };
        if !take(&mut source.bucket, now, flood.per_source, flood.per_source.saturating_mul(2)) {
            return if source.tell(now) { Hearing::DropAndTell } else { Hearing::Drop };
        }
        if !known && !take(&mut self.all, now, flood.in_all, flood.in_all) {
            return Hearing::Drop;
        }
        Hearing::Read
    }

    /// Whether a refusal of this source is told: the first for a while.
    pub(super) fn tells(&mut self, now: Now, from: IpAddr) -> bool {
        self.source(now, limits::source(from)).tell(now)
    }

    /// A wrong password. True where that makes a ban.
    pub(super) fn failed(&mut self, now: Now, from: IpAddr, most: u32, ban: Duration) -> bool {
        let source = self.source(now, limits::source(from));
        if source.failures > 0 && now.since(source.failed) > MEMORY {
            source.failures = 0;
        }
        source.failures = source.failures.saturating_add(1);
        source.failed = now;
        let banned = most > 0 && source.failures >= most;
        if banned {
            source.failures = 0;
            source.banned_until = now + ban;
        }
        banned
    }

    fn source(&mut self, now: Now, source: IpAddr) -> &mut Source {
        if self.sources.len() >= MOST_SOURCES && !self.sources.contains_key(&source) {
            self.make_room(now);
        }
        self.sources.entry(source).or_insert(Source {
            bucket: None,
            heard: now,
            failures: 0,
            failed: now,
            banned_until: Now::ZERO,
            told: None,
        })
    }

    /// Forgets the quiet ones; where that is not enough all but the banned; and where half the
    /// table is bans (forged addresses get none, so these are real) those as well. Each pass
    /// empties at least half, so that it costs little for each source.
    fn make_room(&mut self, now: Now) {
        self.sources.retain(|_, source| now < source.banned_until || source.is_of_interest(now));
        if self.sources.len() > MOST_SOURCES / 2 {
            self.sources.retain(|_, source| now < source.banned_until);
        }
        if self.sources.len() > MOST_SOURCES / 2 {
            self.sources.clear();
        }
    }
}

impl Source {
    fn tell(&mut self, now: Now) -> bool {
        let tell = self.told.is_none_or(|told| now.since(told) >= TELL);
        if tell {
            self.told = Some(now);
        }
        tell
    }

    fn is_of_interest(&self, now: Now) -> bool {
        now.since(self.heard) < QUIET || (self.failures > 0 && now.since(self.failed) < MEMORY)
    }
}

/// Takes one message's worth from a bucket that fills at `rate` a second up to `most`.
fn take(bucket: &mut Option<Bucket>, now: Now, rate: u32, most: u32) -> bool {
    let most = u64::from(most) * 1_000;
    let bucket = bucket.get_or_insert(Bucket { tokens: most, filled: now });
    let elapsed_us = now.since(bucket.filled).as_micros().min(10_000_000) as u64;
    let gained = elapsed_us.saturating_mul(u64::from(rate)) / 1_000;
    if gained > 0 {
        bucket.tokens = bucket.tokens.saturating_add(gained).min(most);
        bucket.filled = now;
    }
    let enough = bucket.tokens >= 1_000;
    if enough {
        bucket.tokens -= 1_000;
    }
    enough
}
