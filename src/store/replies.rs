use rusqlite::{OptionalExtension, Transaction, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{StoreError, Trouble};

/// Who asks, under which key, and when.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Id of the call.
    pub call: &'a str,
    /// Unique in the call; a repeated request carries the same one.
    pub key: &'a str,
    /// Now, in milliseconds since 1970-01-01 UTC.
    pub unix_ms: i64,
}

/// The same, owned, for the writer's thread.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) call: String,
    /// Unique in the database.
    pub(crate) key: String,
    pub(crate) unix_ms: i64,
}

impl From<Request<'_>> for Asked {
    fn from(request: Request<'_>) -> Self {
        Asked {
            call: request.call.to_owned(),
            key: format!("{}/{}", request.call, request.key),
            unix_ms: request.unix_ms,
        }
    }
}

/// Does `work` once per key: the reply is kept in the transaction of the change itself, and a
/// repeated request gets it instead of a second change.
pub(crate) fn once<T: Serialize + DeserializeOwned>(
    transaction: &Transaction<'_>,
    asked: &Asked,
    request: &'static str,
    work: impl FnOnce() -> Result<T, Trouble>,
) -> Result<T, Trouble> {
    let kept: Option<(String, String)> = transaction
        .prepare_cached("select request, reply from replies where key = ?")?
        .query_row([&asked.key], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if let Some((first, reply)) = kept {
        let reused = || StoreError::KeyReused { key: asked.key.clone(), first: first.clone(), second: request };
        if first != request {
            return Err(reused().into());
        }
        return serde_json::from_str(&reply).map_err(|_| reused().into());
    }
    let reply = work()?;
    let text =
        serde_json::to_string(&reply).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    transaction
        .prepare_cached("insert into replies (key, request, reply, at_unix_ms) values (?, ?, ?, ?)")?
        .execute(params![asked.key, request, text, asked.unix_ms])?;
    Ok(reply)
}
