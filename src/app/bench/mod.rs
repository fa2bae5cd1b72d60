//! Measuring a box at the wire, by calling it.
//!
//! `plan` says what each caller of a level says and with which voice, from a seed; `level` makes
//! the calls of one level at once; `figures` are what came of them; `stages` reads from the
//! box's own record where a turn's time went; `own_box` starts a box to measure where none is
//! named; `report` writes it all down, with plots drawn by `svg`. [`media`] measures calls that only
//! exchange sound.
//!
//! # Deliberately absent
//! Anything the box says about its own latency, but for the breakdown of a turn: what counts is
//! what a caller hears.

mod figures;
mod level;
pub mod media;
mod own_box;
mod plan;
mod report;
mod stages;
pub(crate) mod svg;

pub use figures::{Figures, Quantiles};
pub use level::{Level, Measured, measure};
pub use own_box::OwnBox;
pub use plan::{Plan, PlannedCall};
pub use report::{Report, html};
pub use stages::{STAGES, Sending, StagedTurn, sending, staged_turns};
