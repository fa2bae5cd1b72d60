//! What is written down about a call. Writing is queued; a disk that is full or slow costs the
//! record, never the call, and the owner is told.

use dialogue::io::TurnRecord;
use store::{CallEnd, CallStart, Ending, Moment, Origin, Stages, Store, Turn};
use telephony::sip::{Background, EndCause, EndedBy, Party, Reason};

use crate::drivers::Clock;
use crate::drivers::media::MediaLine;

/// What our own BYE says, by ITU-T Q.850: normal call clearing, recovery on timer expiry.
const NORMAL: u8 = 16;
const TIMER: u8 = 102;

/// The record of one call.
pub struct Record {
    store: Store,
    /// Id of the call, unique for ever.
    pub id: String,
    missing: u32,
}

impl Record {
    /// Begins the record of a call that was just answered.
    pub fn begin(store: Store, id: String, business: &str, caller: &Party, called: &Party, at: Moment) -> Self {
        let mut record = Record { store, id: id.clone(), missing: 0 };
        let taken = record.store.call_started(CallStart {
            id,
            business: business.to_owned(),
            caller_number: caller.user.clone().unwrap_or_default().into(),
            called_number: called.user.clone().unwrap_or_default(),
            at,
        });
        record.note(taken);
        record
    }

    /// Who calls by whose word, and who sent the call on.
    pub fn came_from(&mut self, caller: &Party, background: &Background) {
        let diversion = background.diversion.as_ref();
        let taken = self.store.call_came_from(Origin {
            call: self.id.clone(),
            caller_name: caller.display.clone().unwrap_or_default().into(),
            asserted: background.asserted,
            diverted_from: diversion.map(|by| by.by.user.clone().unwrap_or_default().into()),
            diverted_why: diversion.and_then(|by| by.why.clone()),
        });
        self.note(taken);
    }

    /// How the line was closed: by the box where it was not closed yet.
    pub fn closed(&mut self, closed: Option<(EndCause, EndedBy)>, reason: Option<Reason>) {
        let reason = reason.unwrap_or_default();
        let (by, ours) = match closed {
            None | Some((_, EndedBy::Local)) => ("box", Some(NORMAL)),
            Some((_, EndedBy::Remote)) => ("caller", None),
            Some((EndCause::Expired | EndCause::NotAcknowledged, _)) => ("network", Some(TIMER)),
            Some(_) => ("network", None),
        };
        let taken = self.store.call_closed(Ending {
            call: self.id.clone(),
            by,
            sip: reason.sip,
            q850: reason.q850.or(ours),
            text: reason.text,
        });
        self.note(taken);
    }

    /// Adds a turn.
    pub fn turn(&mut self, turn: TurnRecord) {
        let ms = |instant: Option<u64>| instant.and_then(|ms| i64::try_from(ms).ok());
        let timings = turn.timings;
        let taken = self.store.turn(Turn {
            call: self.id.clone(),
            turn: turn.turn,
            caller_text: turn.caller.into(),
            confidence: f64::from(turn.confidence),
            keyed: turn.keyed.into(),
            decision: turn.decision.into(),
            tools: turn.tools.into(),
            agent_text: turn.agent.into(),
            interrupted: turn.interrupted,
            stages: Stages {
                speech_end_ms: ms(timings.speech_end_ms),
                transcript_ms: ms(timings.transcript_ms),
                stt_decode_ms: timings.stt_decode_ms.map(i64::from),
                turn_end_ms: ms(timings.turn_end_ms),
                decision_ms: ms(timings.decision_ms),
                llm_first_ms: timings.llm_first_ms.map(i64::from),
                llm_total_ms: timings.llm_total_ms.map(i64::from),
                tools_ms: ms(timings.tools_ms),
                say_ms: ms(timings.say_ms),
                voice_ms: ms(timings.voice_ms),
                audio_ms: ms(timings.audio_ms),
            },
        });
        self.note(taken);
    }

    /// Ends the record.
    pub fn end(mut self, outcome: &str, media: &MediaLine) {
        let (gaps, received) = (&media.stream.gaps, media.statistics());
        let taken = self.store.call_ended(CallEnd {
            id: self.id.clone(),
            unix_ms: Clock::unix_ms(),
            outcome: outcome.to_owned(),
            packets_sent: media.stream.sent.packets().into(),
            packets_received: received.received,
            packets_lost: received.lost,
            send_gap_p99_ms: gaps.quantile_ms(0.99),
            send_gap_most_ms: gaps.quantile_ms(1.0),
            codec: media.codec().map(|codec| codec.name().to_owned()),
            mos: media.mos().map(|mos| (mos * 100.0).round() / 100.0),
        });
        self.note(taken);
        if self.missing > 0 {
            tracing::error!(
                call = self.id,
                entries = self.missing,
                "the record of this call is incomplete: the disk is slow or full (`callbox doctor` says which)"
            );
        }
    }

    fn note(&mut self, taken: bool) {
        self.missing += u32::from(!taken);
    }
}
