//! Rehearsals: simulated callers try a business before real ones do, and a judge looks at what
//! they left behind.
//!
//! `scenario` is what a file says: who calls, why, with which voice and manners, and what must
//! come of it. `persona` is the caller's mind: it hears what the agent asks (`hearing`, through
//! the box's own captions), answers from its facts, corrects a read-back that is wrong and gives
//! up politely. `stage` makes one such call over real SIP and RTP; `trace` is all that is known of
//! it afterwards; `judge` says from the trace what was right. `report`, `page` and `compare` tell.
//!
//! # How a caller understands
//! The caller's words go out as sound, through the codec, the network and the box's recogniser.
//! What it *hears* it reads: the box writes every sentence it hands to its voice into a file
//! (`records.captions`), and the caller matches that with the business's approved phrases. A
//! recogniser in the caller's ear would be one more thing that can be wrong, and one could not
//! tell whose mistake a failed call was; people hear a clear voice well. What a caller can't hear
//! it must not use: names are compared by their sound unless they were spelled.
//!
//! # Deliberately absent
//! A language model, in the caller as in the judge: a scenario runs the same way every time, as
//! far as the box does.

mod compare;
mod hearing;
mod judge;
mod page;
mod persona;
mod report;
mod scenario;
mod stage;
mod trace;
mod wordings;
mod words;

pub use compare::{Change, changes};
pub use judge::{Fault, FaultKind, Verdict, judge};
pub use page::html;
pub use persona::{Persona, Step};
pub use report::{Played, Report, Totals};
pub use scenario::{Scenario, load};
pub use stage::{Remote, Stage};
pub use trace::{Appointment, LedgerTurn, Note, Trace};
