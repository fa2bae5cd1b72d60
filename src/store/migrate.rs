use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use crate::error::{StoreError, Trouble};

/// `pragma application_id` of our files: "Cbox".
const APPLICATION_ID: i64 = 0x4362_6f78;
const SCHEMA: &str = include_str!("schema.sql");
/// Frozen scripts: the one at index n takes a file from version n + 1 to n + 2.
const UPGRADES: &[&str] = &[
    include_str!("upgrades/0002.sql"),
    include_str!("upgrades/0003.sql"),
    include_str!("upgrades/0004.sql"),
    include_str!("upgrades/0005.sql"),
    include_str!("upgrades/0006.sql"),
];

/// Makes an empty file a database of today's version, brings an older one up, refuses the rest.
pub(crate) fn bring_up(connection: &mut Connection, path: &Path) -> Result<(), Trouble> {
    bring_up_with(connection, path, SCHEMA, UPGRADES)
}

fn bring_up_with(connection: &mut Connection, path: &Path, schema: &str, upgrades: &[&str]) -> Result<(), Trouble> {
    let known = i64::try_from(upgrades.len()).unwrap_or(i64::MAX).saturating_add(1);
    let found = version(connection)?;
    if found == known && is_ours(connection)? {
        return Ok(());
    }
    // All or nothing, and one process at a time: another may be opening the same new file.
    let work = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = version(&work)?;
    let empty: bool = work.query_row("select not exists (select 1 from sqlite_schema)", [], |row| row.get(0))?;
    if empty {
        work.execute_batch(schema)?;
        work.pragma_update(None, "application_id", APPLICATION_ID)?;
    } else if !is_ours(&work)? {
        return Err(Trouble::Said(StoreError::Damaged {
            path: path.to_path_buf(),
            why: "it belongs to another program".into(),
        }));
    } else if found > known {
        return Err(Trouble::Said(StoreError::TooNew { path: path.to_path_buf(), found, known }));
    } else {
        let from = usize::try_from(found.saturating_sub(1)).unwrap_or(0);
        for upgrade in upgrades.iter().skip(from) {
            work.execute_batch(upgrade)?;
        }
    }
    work.pragma_update(None, "user_version", known)?;
    work.commit()?;
    Ok(())
}

fn version(connection: &Connection) -> Result<i64, rusqlite::Error> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

fn is_ours(connection: &Connection) -> Result<bool, rusqlite::Error> {
    let id: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    Ok(id == APPLICATION_ID)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_file_is_brought_up_and_a_newer_one_refused() -> Result<(), Trouble> {
        let mut connection = Connection::open_in_memory()?;
        let path = Path::new("test.db");
        let upgrade = ["alter table pets add column age integer"];
        bring_up_with(&mut connection, path, "create table pets (name text)", &[])?;
        bring_up_with(&mut connection, path, "never run", &upgrade)?;
        assert_eq!(version(&connection)?, 2);
        connection.execute("insert into pets (name, age) values ('Rex', 3)", [])?;
        bring_up_with(&mut connection, path, "never run", &upgrade)?;

        let refused = bring_up_with(&mut connection, path, "never run", &[]);
        assert!(matches!(refused, Err(Trouble::Said(StoreError::TooNew { found: 2, known: 1, .. }))));
        Ok(())
    }

    #[test]
    fn a_failed_upgrade_changes_nothing() -> Result<(), Trouble> {
        let mut connection = Connection::open_in_memory()?;
        let path = Path::new("test.db");
        bring_up_with(&mut connection, path, "create table pets (name text)", &[])?;
        let halves = ["create table toys (name text); this is not sql"];
        assert!(bring_up_with(&mut connection, path, "never run", &halves).is_err());
        assert_eq!(version(&connection)?, 1);
        assert!(connection.prepare("select * from toys").is_err());
        Ok(())
    }

    #[test]
    fn a_file_of_another_program_is_left_alone() -> Result<(), Trouble> {
        let mut connection = Connection::open_in_memory()?;
        connection.execute_batch("create table theirs (x)")?;
        let refused = bring_up(&mut connection, Path::new("test.db"));
        assert!(matches!(refused, Err(Trouble::Said(StoreError::Damaged { .. }))));
        Ok(())
    }
}
