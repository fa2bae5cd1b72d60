//! The appliance: everything with sockets, clocks, files and processes.
//!
//! In reading order: `cli` parses and dispatches one verb; `config` says what is wanted;
//! `drivers` turn bytes and instants into inputs of machines; `engines` keep the worker
//! processes alive; `load` says how many calls the box can serve in time; `hub` brings models, when a person asks; `calls` joins telephony, dialogue and engines, one task per call; `tools`
//! is what the agent may do; `recordings` keeps the sound of calls where the business wants that; `observe` is what may be seen of it; `caller`
//! is the other side of a call, scripted, `bench` measures a box with many of them, and
//! `rehearse` has callers with a mind of their own try a business, and judges what came of it.

pub mod bench;
pub mod caller;
pub mod calls;
pub mod cli;
pub mod config;
pub mod drivers;
pub mod engines;
pub mod hub;
pub mod load;
pub mod observe;
pub mod recordings;
pub mod rehearse;
pub mod remote;
pub mod tools;
