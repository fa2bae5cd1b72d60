//! What the agent may do, on the business's own calendar, knowledge and message book.
//!
//! Policy is checked here, outside the model and the flows: a service exists, a time is one the
//! business offers and lies within its notice and horizon, only coming bookings change, texts
//! have a length. Whatever came before, an effect that breaks these does not happen.
//!
//! # Deliberately absent
//! Retries: every effect is one local transaction, kept with its reply under its key.

pub mod dialling;
mod policy;
mod slots;

use std::sync::Arc;

use dialogue::business::Business;
use dialogue::{Booking, NotReached, Passage, ToolCall, ToolResult};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use store::{Booked, Found, Held, HoldRequest, NewMessage, Request, Store, StoreError, Who};

use crate::config::LoadedBusiness;
use policy::{Refusal, bounded, digits};

/// Name of the one calendar and the one body of knowledge of a box, whatever the business is
/// called this year: renaming it must not free its booked times.
const OWN: &str = "main";
/// How long a time is kept for a caller who is still deciding, in milliseconds.
const HOLD_MS: i64 = 10 * 60 * 1000;
/// Most bookings told to one caller.
const MOST_BOOKINGS: usize = 5;
/// Most passages that answer one question.
const MOST_PASSAGES: usize = 3;
/// Share of a question that a passage must cover to be an answer.
const ANSWERING_SHARE: f64 = 0.35;
/// Longest name, in characters.
const LONGEST_NAME: usize = 120;
/// Longest message, in characters.
const LONGEST_MESSAGE: usize = 4_000;

/// The tools of one business.
#[derive(Debug)]
pub struct Tools {
    store: Store,
    business: Arc<Business>,
    timezone: TimeZone,
}

/// One request, with all that is needed to judge it.
struct Asked<'a> {
    request: Request<'a>,
    now: DateTime,
}

impl Tools {
    /// Tools of this business; indexes its knowledge when that has changed.
    ///
    /// # Errors
    /// The knowledge can't be written to the database.
    pub fn new(store: Store, loaded: &LoadedBusiness) -> Result<Self, StoreError> {
        store.know(OWN, &loaded.passages)?;
        let business = Arc::new(loaded.business.clone());
        Ok(Tools { store, business, timezone: loaded.timezone.clone() })
    }

    /// Runs one tool. Blocks for as long as the disk takes. The same `key` in the same call has
    /// its effect once and gets the same answer ever after.
    pub fn run(&self, call_id: &str, key: &str, local_now: DateTime, unix_ms: i64, call: &ToolCall) -> ToolResult {
        let asked = Asked { request: Request { call: call_id, key, unix_ms }, now: local_now };
        self.perform(&asked, call).unwrap_or_else(|refusal| match refusal {
            Refusal::Taken => ToolResult::Taken,
            Refusal::Failed(why) => ToolResult::Failed { why },
        })
    }

    /// The call is over: gives back what it still holds.
    pub fn call_over(&self, call_id: &str) {
        self.store.release_all(call_id);
    }

    fn perform(&self, asked: &Asked<'_>, call: &ToolCall) -> Result<ToolResult, Refusal> {
        match call {
            ToolCall::FreeSlots { service, from, until, limit } => {
                self.free_slots(asked, service, *from, *until, usize::from(*limit))
            }
            ToolCall::Hold { service, start } => self.hold(asked, service, *start),
            ToolCall::Book { hold, name, phone, notes } => self.book(asked, *hold, (name, phone.as_deref()), notes),
            ToolCall::FindBookings { name, phone } => self.find(asked, name.as_deref(), phone.as_deref()),
            ToolCall::Move { booking, hold } => {
                self.must_be_coming(asked, *booking)?;
                booked(self.store.move_booking(asked.request, *booking, *hold)?)
            }
            ToolCall::Cancel { booking } => {
                self.must_be_coming(asked, *booking)?;
                if self.store.cancel(asked.request, *booking)? {
                    return Ok(ToolResult::Done);
                }
                Err(Refusal::Failed("the booking was cancelled before".into()))
            }
            // A hold that is gone already is released as well as can be.
            ToolCall::Release { hold } => {
                self.store.release(asked.request, *hold)?;
                Ok(ToolResult::Done)
            }
            ToolCall::Knowledge { question } => self.knowledge(question),
            // Lines are the call's to open, not a tool's: chat has none.
            ToolCall::Transfer { .. } => Ok(ToolResult::NotReached { why: NotReached::Failed }),
            ToolCall::Message { name, phone, text, urgent } => {
                self.message(asked, (name.as_deref(), phone.as_deref()), text, *urgent)
            }
            ToolCall::CompleteMessage { message, name, phone } => {
                let name = name.as_deref().map(|name| bounded(name, LONGEST_NAME)).filter(|name| !name.is_empty());
                let phone = digits(phone.as_deref());
                if self.store.complete_message(asked.request, *message, name.as_deref(), phone.as_deref())? {
                    return Ok(ToolResult::MessageKept { id: *message });
                }
                Err(Refusal::Failed("this call left no such message".into()))
            }
        }
    }

    fn hold(&self, asked: &Asked<'_>, service: &str, start: DateTime) -> Result<ToolResult, Refusal> {
        let span = self.offered(service, start, asked.now)?;
        let hold = HoldRequest {
            calendar: OWN,
            service: &self.service(service)?.name,
            span,
            capacity: u32::from(self.business.booking.capacity),
            for_ms: HOLD_MS,
        };
        Ok(match self.store.hold(asked.request, &hold)? {
            Held::Hold(hold) => ToolResult::Held { hold },
            Held::Taken => ToolResult::Taken,
        })
    }

    fn book(
        &self,
        asked: &Asked<'_>,
        hold: i64,
        (name, phone): (&str, Option<&str>),
        notes: &str,
    ) -> Result<ToolResult, Refusal> {
        let name = bounded(name, LONGEST_NAME);
        if name.is_empty() {
            return Err(Refusal::Failed("a booking needs a name".into()));
        }
        booked(self.store.book(
            asked.request,
            hold,
            &name,
            digits(phone).as_deref(),
            &bounded(notes, LONGEST_MESSAGE),
        )?)
    }

    fn find(&self, asked: &Asked<'_>, name: Option<&str>, phone: Option<&str>) -> Result<ToolResult, Refusal> {
        let bookings = self.store.find(OWN, Who { name, phone }, asked.now, MOST_BOOKINGS)?;
        let told = |booking: store::Booking| Booking {
            id: booking.id,
            name: booking.name.as_str().to_owned(),
            service: booking.service,
            start: booking.span.start,
        };
        Ok(ToolResult::Bookings { bookings: bookings.into_iter().map(told).collect() })
    }

    fn knowledge(&self, question: &str) -> Result<ToolResult, Refusal> {
        let found = self.store.search(OWN, &bounded(question, LONGEST_MESSAGE), MOST_PASSAGES)?;
        let answering = found.into_iter().filter(|found| found.score >= ANSWERING_SHARE);
        let passage =
            |found: Found| Passage { text: found.text, source: found.source, score: found.score, words: found.words };
        let passages = answering.map(passage).collect();
        Ok(ToolResult::Passages { passages })
    }

    fn message(
        &self,
        asked: &Asked<'_>,
        (name, phone): (Option<&str>, Option<&str>),
        text: &str,
        urgent: bool,
    ) -> Result<ToolResult, Refusal> {
        let name = name.map(|name| bounded(name, LONGEST_NAME)).filter(|name| !name.is_empty());
        let message = NewMessage {
            business: self.business.identity.name.clone(),
            urgent,
            name: name.map(Into::into),
            phone: digits(phone).map(Into::into),
            text: bounded(text, LONGEST_MESSAGE).into(),
            local: asked.now,
        };
        Ok(ToolResult::MessageKept { id: self.store.take_message(asked.request, message)? })
    }
}

fn booked(reply: Booked) -> Result<ToolResult, Refusal> {
    match reply {
        Booked::Booking(booking) => Ok(ToolResult::Booked { booking }),
        Booked::Taken => Err(Refusal::Taken),
        Booked::NoHold => Err(Refusal::Failed("this call holds no such time".into())),
        Booked::NoBooking => Err(Refusal::Failed("there is no such booking, or it was cancelled".into())),
    }
}
