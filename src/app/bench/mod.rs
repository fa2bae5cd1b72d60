//! Measuring a box at the wire, by calling it.
//!
//! `plan` says what each caller of a level says and with which voice, from a seed; `level` makes
//! the calls of one level at once; `figures` are what came of them, `knee` says how many were too
//! many; `stages` reads from the box's own record where a turn's time went; `own_box` starts a box
//! to measure where none is named, `usage` counts what it takes of this machine; `report` writes it
//! all down, with plots drawn by `svg`. `sizing` says from a few calls how many there can be;
//! `engines` measures each engine alone, `chaos` kills and freezes them under calls, [`media`]
//! measures calls that only exchange sound.
//!
//! # Deliberately absent
//! Anything the box says about its own latency, but for the breakdown of a turn: what counts is
//! what a caller hears.

mod chaos;
mod engines;
mod figures;
mod knee;
mod level;
pub mod media;
mod own_box;
mod plan;
mod report;
mod sizing;
mod stages;
pub(crate) mod svg;
mod usage;

pub use chaos::{Blow, How, Owed, Played, Survived, survive};
pub use engines::{EngineLevel, engines_html};
pub use figures::{Figures, Quantiles};
pub use knee::{Goal, Knee};
pub use level::{Level, Measured, OneMore, Way, measure};
pub use own_box::OwnBox;
pub use plan::{Plan, PlannedCall};
pub use report::{Report, html, remarks};
pub use sizing::{Chosen, Machine, Size, capacity};
pub use stages::{STAGES, Sending, StagedTurn, sending, staged_turns};
pub use usage::{PROCESSES, Usage, Watched};
