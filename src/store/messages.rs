//! Messages for the owner.

use jiff::civil::DateTime;
use rusqlite::{Connection, Params, Row, params};
use serde::{Deserialize, Serialize};

use crate::error::{StoreError, Trouble};
use crate::private::Private;
use crate::replies::{Asked, Request, once};
use crate::span::text;
use crate::store::Store;

/// A message as it is taken.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// Whose owner it is for.
    pub business: String,
    /// True for what can't wait.
    pub urgent: bool,
    /// Who left it, when known.
    pub name: Option<Private>,
    /// Where to call back, when known.
    pub phone: Option<Private>,
    /// What they said.
    pub text: Private,
    /// Civil time of the business.
    pub local: DateTime,
}

/// A message as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Its id.
    pub id: i64,
    /// Whose owner it is for.
    pub business: String,
    /// The call it was left in.
    pub call: String,
    /// True for what can't wait.
    pub urgent: bool,
    /// Who left it, when known.
    pub name: Option<Private>,
    /// Where to call back, when known.
    pub phone: Option<Private>,
    /// What they said.
    pub text: Private,
    /// When, milliseconds since 1970-01-01 UTC.
    pub taken_unix_ms: i64,
    /// When, civil time of the business.
    pub taken_local: String,
}

impl Store {
    /// Keeps a message; the id is the message's.
    pub fn take_message(&self, request: Request<'_>, message: NewMessage) -> Result<i64, StoreError> {
        let asked = Asked::from(request);
        self.write("keeping a message", move |transaction| {
            once(transaction, &asked, "message", || {
                transaction.execute(
                    "insert into messages (business, call, key, urgent, name, phone, text, taken_unix_ms, taken_local)
                     values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    params![
                        message.business,
                        asked.call,
                        asked.key,
                        message.urgent,
                        message.name.as_deref(),
                        message.phone.as_deref(),
                        message.text.as_str(),
                        asked.unix_ms,
                        text(message.local)
                    ],
                )?;
                Ok(transaction.last_insert_rowid())
            })
        })
    }

    /// Adds who left a message of this call and where to call back; what is told here goes before
    /// what the message has. False when the call left no such message.
    pub fn complete_message(
        &self,
        request: Request<'_>,
        message: i64,
        name: Option<&str>,
        phone: Option<&str>,
    ) -> Result<bool, StoreError> {
        let asked = Asked::from(request);
        let (name, phone) = (name.map(str::to_owned), phone.map(str::to_owned));
        self.write("completing a message", move |transaction| {
            once(transaction, &asked, "complete", || {
                let changed = transaction.execute(
                    "update messages set name = coalesce(?, name), phone = coalesce(?, phone) where id = ? and call = ?",
                    params![name, phone, message, asked.call],
                )?;
                Ok(changed == 1)
            })
        })
    }

    /// The latest messages, latest first.
    pub fn messages(&self, limit: u32) -> Result<Vec<Message>, StoreError> {
        self.read("listing messages", |connection| {
            select(connection, "select * from messages order by id desc limit ?", [limit])
        })
    }

    /// The messages left in this call, in order.
    pub fn messages_of(&self, call: &str) -> Result<Vec<Message>, StoreError> {
        self.read("reading messages", |connection| {
            select(connection, "select * from messages where call = ? order by id", [call])
        })
    }
}

fn select(connection: &Connection, sql: &str, params: impl Params) -> Result<Vec<Message>, Trouble> {
    let mut query = connection.prepare_cached(sql)?;
    Ok(query.query_map(params, message)?.collect::<Result<_, _>>()?)
}

fn message(row: &Row<'_>) -> Result<Message, rusqlite::Error> {
    Ok(Message {
        id: row.get("id")?,
        business: row.get("business")?,
        call: row.get("call")?,
        urgent: row.get("urgent")?,
        name: row.get::<_, Option<String>>("name")?.map(Private::from),
        phone: row.get::<_, Option<String>>("phone")?.map(Private::from),
        text: row.get::<_, String>("text")?.into(),
        taken_unix_ms: row.get("taken_unix_ms")?,
        taken_local: row.get("taken_local")?,
    })
}
