//! Calls, turns, bookings, messages and knowledge in one SQLite file.
//!
//! # Contract
//! - [`Store`] is a handle: clone it freely, use it from any thread. One thread writes, readers
//!   read beside it (WAL). All functions block for as long as the disk takes, except those that
//!   record a call ([`Store::call_started`], [`Store::turn`], [`Store::call_ended`]): they only
//!   queue, and count what they had to drop.
//! - What changes the calendar or takes a message is on the disk when the function returns
//!   (`synchronous = full`), together with its reply: the same key gets the same reply for ever,
//!   also after a crash in between.
//! - Files: `schema.sql` says what every column means; `migrate.rs` brings older files up.
//!
//! # Deliberately absent
//! A clock (every instant is an argument), a runtime, opening hours and policy (the business
//! decides which times exist; this room only knows which are taken), the dialogue.

mod calendar;
mod error;
mod find;
mod health;
mod knowledge;
mod messages;
mod migrate;
mod private;
mod readers;
mod recordings;
mod records;
mod replies;
mod signalling;
mod span;
mod store;
mod words;
mod writer;

pub use calendar::{Booked, Booking, Held, HoldRequest};
pub use error::StoreError;
pub use find::Who;
pub use health::Health;
pub use knowledge::{Found, Passage};
pub use messages::{Message, NewMessage};
pub use private::Private;
pub use recordings::{Recorded, Recording};
pub use records::{Call, CallEnd, CallStart, Stages, Turn};
pub use replies::Request;
pub use signalling::{Ending, Origin, Signalling};
pub use span::{Moment, Span};
pub use store::{Settings, Store};
