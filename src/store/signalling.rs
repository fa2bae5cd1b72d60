//! What signalling said of a call: who called by whose word, who sent the call on, why it ended.

use rusqlite::{OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::private::Private;
use crate::store::Store;

/// Where a call came from.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// Id of the call.
    pub call: String,
    /// The caller's display name; empty without one.
    pub caller_name: Private,
    /// A trusted peer vouches for the caller's number.
    pub asserted: bool,
    /// Whose number was called first, where somebody sent the call on; empty where they are not named.
    pub diverted_from: Option<Private>,
    /// Why they did, in the word of the line: `no-answer`, `user-busy`..
    pub diverted_why: Option<String>,
}

/// How a call's line was closed.
#[derive(Debug, Clone, Default)]
pub struct Ending {
    /// Id of the call.
    pub call: String,
    /// `caller`, `box` or `network`.
    pub by: &'static str,
    /// A SIP status that was named as the reason.
    pub sip: Option<u16>,
    /// A Q.850 cause that was named.
    pub q850: Option<u8>,
    /// In the peer's words.
    pub text: Option<String>,
}

/// Both, as they are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signalling {
    /// The caller's display name; empty without one.
    pub caller_name: Private,
    /// A trusted peer vouches for the caller's number.
    pub asserted: bool,
    /// Whose number was called first.
    pub diverted_from: Option<Private>,
    /// Why they sent the call on.
    pub diverted_why: Option<String>,
    /// `caller`, `box` or `network`; `None` while the call runs.
    pub ended_by: Option<String>,
    /// A SIP status that was named as the reason.
    pub end_sip: Option<u16>,
    /// A Q.850 cause that was named.
    pub end_q850: Option<u8>,
    /// In the peer's words.
    pub end_text: Option<String>,
}

impl Store {
    /// Records where a call came from, after [`Store::call_started`]. Queued likewise.
    pub fn call_came_from(&self, origin: Origin) -> bool {
        self.record("recording where a call came from", move |transaction| {
            transaction
                .prepare_cached(
                    "insert or replace into signalling (call, caller_name, asserted, diverted_from, diverted_why)
                     values (?, ?, ?, ?, ?)",
                )?
                .execute(params![
                    origin.call,
                    origin.caller_name.as_str(),
                    origin.asserted,
                    origin.diverted_from.as_ref().map(Private::as_str),
                    origin.diverted_why
                ])?;
            Ok(())
        })
    }

    /// Records how a call's line was closed. Queued likewise.
    pub fn call_closed(&self, ending: Ending) -> bool {
        self.record("recording how a call was closed", move |transaction| {
            transaction
                .prepare_cached(
                    "update signalling set ended_by = ?, end_sip = ?, end_q850 = ?, end_text = ? where call = ?",
                )?
                .execute(params![ending.by, ending.sip, ending.q850, ending.text, ending.call])?;
            Ok(())
        })
    }

    /// What signalling said of a call; none of one from before that was kept.
    pub fn signalling(&self, call: &str) -> Result<Option<Signalling>, StoreError> {
        self.read("reading signalling", |connection| {
            let mut query = connection.prepare_cached("select * from signalling where call = ?")?;
            Ok(query.query_row([call], signalling).optional()?)
        })
    }
}

fn signalling(row: &Row<'_>) -> Result<Signalling, rusqlite::Error> {
    Ok(Signalling {
        caller_name: row.get::<_, String>("caller_name")?.into(),
        asserted: row.get("asserted")?,
        diverted_from: row.get::<_, Option<String>>("diverted_from")?.map(Private::from),
        diverted_why: row.get("diverted_why")?,
        ended_by: row.get("ended_by")?,
        end_sip: row.get("end_sip")?,
        end_q850: row.get("end_q850")?,
        end_text: row.get("end_text")?,
    })
}
