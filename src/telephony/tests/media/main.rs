//! Media of one call: a file for each behaviour.
#![allow(clippy::expect_used)]

mod clocks;
mod comfort_noise;
mod concealment;
mod digits;
mod encrypted;
mod g711;
mod g722;
mod handshake;
mod handshake_attacked;
mod hostile;
mod jitter_buffer;
mod latching;
mod line_lost;
mod opus;
mod order;
mod quality;
mod reports;
mod sender;
mod session;
mod support;
mod tones;
mod wideband;
