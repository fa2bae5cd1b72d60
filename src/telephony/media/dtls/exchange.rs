use std::time::Duration;

use machine::Now;

use super::client::Client;
use super::common::{Common, Progress};
use super::hello::ClientHello;
use super::message::{self, Message, Piece, Reassembly};
use super::record::{ALERT, HANDSHAKE, Record};
use super::server::Server;
use super::wire::Reader;
use super::{Failure, wrong};
use crate::media::srtp::Keys;

/// What is not answered is repeated after this, then after twice as long, and so on: sooner than the
/// second of RFC 6347, 4.2.4.1, for somebody waits to be heard.
const FIRST_REPEAT: Duration = Duration::from_millis(250);
const LAST_REPEAT: Duration = Duration::from_secs(4);
/// How often and how soon the last flight is sent again to whoever repeats theirs.
const MOST_ASKED: u32 = 10;
const ASKED_AGAIN: Duration = Duration::from_millis(100);
/// The other end says it gives up, but anybody may have said so: whether it goes on is seen in this time.
const LAST_CHANCE: Duration = Duration::from_secs(2);

/// A handshake with one other end, wherever that is.
pub(super) struct Exchange {
    common: Common,
    role: Role,
    reassembly: Reassembly,
    keys: Option<Keys>,
    /// With this alert, and until then.
    gives_up: Option<(u8, Now)>,
    /// What came that can't be theirs, or else is why it fails.
    suspect: Option<Failure>,
    due: Due,
    repeat: Now,
    interval: Duration,
    asked: u32,
    sent: Now,
    heard: Now,
}

/// What has to go out.
#[derive(Default)]
enum Due {
    #[default]
    Nothing,
    /// Our next flight.
    Flight,
    /// The last one, to whoever repeats theirs.
    Again,
}

enum Role {
    Client(Client),
    Server(Box<Server>),
}

impl Exchange {
    fn new(now: Now, common: Common, role: Role) -> Self {
        Self {
            common,
            role,
            reassembly: Reassembly::default(),
            keys: None,
            gives_up: None,
            suspect: None,
            due: Due::Flight,
            repeat: Now::NEVER,
            interval: FIRST_REPEAT,
            asked: 0,
            sent: now,
            heard: now,
        }
    }

    /// One that we begin.
    pub fn begin(now: Now, mut common: Common) -> Self {
        let client = Client::new(&mut common);
        Self::new(now, common, Role::Client(client))
    }

    /// The same before the other end said anything: our hello is on its way.
    pub fn anew(&self) -> Self {
        let Self { repeat, interval, sent, heard, .. } = *self;
        let fresh = Self::begin(sent, self.common.anew());
        Self { due: Due::Nothing, repeat, interval, heard, ..fresh }
    }

    /// The other end has said nothing.
    pub fn is_fresh(&self) -> bool {
        self.reassembly.next == 0
    }

    /// One with an end that has shown where it is; its first message is still to be taken ([`Exchange::welcome`]).
    pub fn answer(now: Now, common: Common) -> Self {
        Self::new(now, common, Role::Server(Box::default()))
    }

    /// Takes that message, which came in this record.
    pub fn welcome(
        &mut self,
        now: Now,
        record: u64,
        message: &Message,
        hello: &ClientHello,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let Role::Server(server) = &mut self.role else { return Err(wrong("the order of messages")) };
        self.common.goes_on_from(record, message);
        server.welcome(&mut self.common, hello)?;
        self.reassembly.next = message.sequence.wrapping_add(1);
        Ok(self.said(now))
    }

    /// The keys, once there are some.
    pub fn keys(&self) -> Option<Keys> {
        self.keys
    }

    /// When the other end last said something new.
    pub fn heard(&self) -> Now {
        self.heard
    }

    /// What may be wrong with it.
    pub fn suspect(&self) -> Option<Failure> {
        self.suspect
    }

    /// When [`Exchange::wake`] is wanted.
    pub fn wakes(&self) -> Now {
        self.gives_up.map_or(self.repeat, |(_, until)| self.repeat.min(until))
    }

    /// A datagram that says why it ends.
    pub fn alert(&mut self, code: u8) -> Vec<u8> {
        self.common.alert(code)
    }

    /// Takes a datagram of the other end; what it is answered with.
    pub fn take(&mut self, now: Now, datagram: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
        match self.records(now, datagram) {
            // What comes after the keys can't take them back.
            Err(failure) if self.keys.is_none() => Err(failure),
            _ => Ok(self.said(now)),
        }
    }

    /// Takes the time; what is to be said now.
    pub fn wake(&mut self, now: Now) -> Result<Option<Vec<u8>>, Failure> {
        match self.gives_up {
            Some((code, until)) if until <= now && self.keys.is_none() => return Err(Failure::Refused(code)),
            _ => {}
        }
        if self.repeat > now || self.keys.is_some() {
            return Ok(self.said(now));
        }
        self.interval = (self.interval * 2).min(LAST_REPEAT);
        Ok(Some(self.again(now)))
    }

    /// The next flight, if it is our turn.
    pub fn said(&mut self, now: Now) -> Option<Vec<u8>> {
        match std::mem::take(&mut self.due) {
            Due::Nothing => return None,
            Due::Flight => (self.interval, self.asked) = (FIRST_REPEAT, 0),
            Due::Again => self.asked += 1,
        }
        Some(self.again(now))
    }

    fn again(&mut self, now: Now) -> Vec<u8> {
        self.sent = now;
        self.repeat = if self.keys.is_none() { now + self.interval } else { Now::NEVER };
        self.common.datagram()
    }

    fn records(&mut self, now: Now, datagram: &[u8]) -> Result<(), Failure> {
        let mut datagram = Reader::new(datagram);
        let mut repeated = false;
        while let Some(record) = Record::next(&mut datagram) {
            let sealed = match record.epoch() {
                0 => false,
                1 => true,
                _ => continue,
            };
            let opened = if sealed { self.common.opens.as_ref().and_then(|cipher| cipher.open(&record)) } else { None };
            let body = match &opened {
                Some(opened) => opened.as_slice(),
                None if sealed => continue, // a lie, or too early: it is sent again
                None => record.body,
            };
            match record.kind {
                HANDSHAKE => repeated |= self.pieces(now, Reader::new(body), sealed)?,
                ALERT => self.warned(now, body, sealed)?,
                _ => {}
            }
        }
        let may = self.asked < MOST_ASKED && now.since(self.sent) >= ASKED_AGAIN;
        if let (true, true, Due::Nothing) = (repeated, may, &self.due) {
            self.due = Due::Again;
        }
        Ok(())
    }

    /// Takes what is in a record; true when some of it was taken before.
    fn pieces(&mut self, now: Now, mut body: Reader<'_>, sealed: bool) -> Result<bool, Failure> {
        let mut repeated = false;
        while let Some(piece) = Piece::next(&mut body) {
            if piece.sequence < self.reassembly.next {
                repeated = true;
            } else if self.keys.is_none() {
                self.reassembly.push(&piece, sealed);
            }
            while let Some(message) = self.reassembly.pop() {
                self.message(now, &message)?;
            }
        }
        Ok(repeated)
    }

    fn message(&mut self, now: Now, message: &Message) -> Result<(), Failure> {
        if message.sealed && message.kind != message::FINISHED {
            return Err(wrong("what is sealed and what is not"));
        }
        let said = self.common.next_message;
        let progress = match &mut self.role {
            Role::Client(client) => client.take(&mut self.common, message)?,
            Role::Server(server) => server.take(&mut self.common, message)?,
        };
        match progress {
            Progress::More => {}
            // Anybody may have said so: the right one may still come.
            Progress::Unexpected => {
                self.suspect = Some(wrong("the order of messages"));
                return Ok(());
            }
            Progress::Done(keys) => {
                self.keys = Some(keys);
                self.repeat = Now::NEVER;
                self.common.forget();
            }
        }
        self.heard = now;
        self.reassembly.taken();
        if self.common.next_message != said {
            self.due = Due::Flight;
        }
        Ok(())
    }

    fn warned(&mut self, now: Now, body: &[u8], sealed: bool) -> Result<(), Failure> {
        let [2, code] = *body else { return Ok(()) };
        if self.keys.is_some() {
            return Ok(()); // signalling ends calls
        }
        if sealed {
            return Err(Failure::Refused(code));
        }
        self.gives_up.get_or_insert((code, now + LAST_CHANCE));
        Ok(())
    }
}
