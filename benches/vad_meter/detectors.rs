//! What is measured.

use audio::{Vad, VadSettings};

pub trait Detector {
    fn name(&self) -> String;
    fn reset(&mut self);
    fn speech(&mut self, frame: &[i16; 160]) -> bool;
}

struct Ours {
    settings: VadSettings,
    vad: Vad,
}

impl Ours {
    fn new(settings: VadSettings) -> Self {
        Self { settings, vad: Vad::new(settings) }
    }
}

impl Detector for Ours {
    fn name(&self) -> String {
        format!("{:?}", self.settings)
    }
    fn reset(&mut self) {
        self.vad = Vad::new(self.settings);
    }
    fn speech(&mut self, frame: &[i16; 160]) -> bool {
        self.vad.frame(frame).speech
    }
}

pub fn detectors() -> Vec<Box<dyn Detector>> {
    let mut all: Vec<Box<dyn Detector>> = Vec::new();
    for threshold in [0.4, 0.5, 0.6] {
        all.push(Box::new(Ours::new(VadSettings { threshold, ..VadSettings::default() })));
    }
    #[cfg(feature = "webrtc-vad")]
    for mode in 0..=3 {
        all.push(Box::new(gate::Gate::new(mode, false)));
        all.push(Box::new(gate::Gate::new(mode, true)));
    }
    all
}

#[cfg(feature = "webrtc-vad")]
mod gate {
    use super::{Detector, Ours, VadSettings};
    use webrtc_vad::{SampleRate, Vad, VadMode};

    /// WebRTC's detector, alone or before ours.
    pub struct Gate {
        mode: u8,
        gate: Vad,
        behind: Option<Ours>,
    }

    impl Gate {
        pub fn new(mode: u8, behind: bool) -> Self {
            let behind = behind.then(|| Ours::new(VadSettings::default()));
            Self { mode, gate: gate(mode), behind }
        }
    }

    fn gate(mode: u8) -> Vad {
        let mode = match mode {
            0 => VadMode::Quality,
            1 => VadMode::LowBitrate,
            2 => VadMode::Aggressive,
            _ => VadMode::VeryAggressive,
        };
        Vad::new_with_rate_and_mode(SampleRate::Rate8kHz, mode)
    }

    impl Detector for Gate {
        fn name(&self) -> String {
            let behind = if self.behind.is_some() { ", ours behind it" } else { "" };
            format!("webrtc-vad, mode {}{behind}", self.mode)
        }
        fn reset(&mut self) {
            self.gate = gate(self.mode);
            if let Some(behind) = &mut self.behind {
                behind.reset();
            }
        }
        fn speech(&mut self, frame: &[i16; 160]) -> bool {
            let passes = self.gate.is_voice_segment(frame).unwrap_or(false);
            // Only what passes is looked at: that is what a gate saves.
            passes && self.behind.as_mut().is_none_or(|behind| behind.speech(frame))
        }
    }
}
