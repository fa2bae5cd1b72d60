use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::worker::{Post, Step, Worker};
use engine::{Error, Manifest, Session, Stt, SttWork, Ticket};

use crate::lanes::Desk;
use crate::queue::Request;
use crate::turn::TurnEar;
use crate::whisper::Whisper;

/// The protocol's side of the lanes.
#[derive(Debug)]
pub struct Recogniser {
    /// Until the first order comes, which brings the way back to the daemon.
    lanes: Vec<Whisper>,
    ear: Option<TurnEar>,
    desk: Option<Arc<Desk>>,
    confidence_floor: f32,
    about: String,
}

impl Recogniser {
    pub fn new(lanes: Vec<Whisper>, ear: Option<TurnEar>, manifest: &Manifest, place: &str) -> Self {
        let count = lanes.len();
        let version = whisper_rs::WHISPER_CPP_VERSION;
        let turns = if ear.is_some() { ", ends of turns by ear" } else { "" };
        let about = format!("whisper.cpp {version} with {}, {count} at once{turns}, {place}", manifest.name);
        Recogniser { lanes, ear, desk: None, confidence_floor: manifest.stt.confidence_floor, about }
    }

    fn desk(&mut self, post: &Post<Stt>) -> Result<&Desk, Error> {
        if self.desk.is_none() {
            self.desk =
                Some(Desk::open(std::mem::take(&mut self.lanes), self.ear.take(), self.confidence_floor, post)?);
        }
        self.desk.as_deref().ok_or_else(|| Error::Engine("the recogniser has no threads".to_owned()))
    }
}

impl Worker for Recogniser {
    type Engine = Stt;

    fn about(&self) -> String {
        self.about.clone()
    }

    fn take(&mut self, work: SttWork, received: Instant, post: &Post<Stt>) -> Result<(), Error> {
        let desk = self.desk(post)?;
        match work {
            SttWork::Feed { session, samples } => desk.feed(session, &samples),
            SttWork::Reset { session } => desk.reset(session),
            SttWork::Transcribe { session, ticket, kind, language, due_ms } => {
                let (ticket, due) = (Some(ticket), received + Duration::from_millis(u64::from(due_ms)));
                let request = Request { session, ticket, kind, language, samples: 0, due, utterance: 0, kept: None };
                desk.ask(request, post)?;
            }
        }
        Ok(())
    }

    fn cancel(&mut self, ticket: Ticket) {
        if let Some(desk) = &self.desk {
            desk.cancel(ticket);
        }
    }

    fn close(&mut self, session: Session) {
        if let Some(desk) = &self.desk {
            desk.close(session);
        }
    }

    fn step(&mut self, _: &Post<Stt>) -> Result<Step, Error> {
        Ok(Step::Idle) // the lanes work
    }
}
