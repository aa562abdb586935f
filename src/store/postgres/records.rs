//! Accounts and their keys, bans, reports.

use std::sync::Arc;

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::Postgres;
use super::codec::{signed, unsigned};
use super::lane::Patience;
use super::session::Session;
use crate::chat::admin::ban::{BanTarget, ServerBan};
use crate::chat::admin::report::Report;
use crate::chat::key::{AccountKey, Fingerprint};
use crate::chat::name::Name;
use crate::chat::reads::Reads;
use crate::chat::room::{Entry, Ruling};
use crate::chat::settings::Settings;
use crate::limits::{KEYS_PER_ACCOUNT_MAX, POSTGRES_WRITE_MAX};
use crate::store::cluster::engine::{Answer, EngineError, Records};
use crate::store::{Account, AccountChange, Expiry, StoreError};
use crate::text;
use crate::time::Timestamp;

type Asked<T> = Result<T, tokio_postgres::Error>;

const PATIENCE: Patience = Patience::For(POSTGRES_WRITE_MAX);

impl Records for Postgres {
    fn accounts(&self) -> Answer<'_, Vec<Name>> {
        Box::pin(self.reader.read(|session| async move {
            let sql = "SELECT name FROM parlor.accounts ORDER BY id";
            let mut names = Vec::new();
            for row in session.query(sql, &[]).await? {
                // A name that somebody wrote into the database by hand and nobody could type.
                match Name::parse(row.try_get(0)?) {
                    Ok(name) => names.push(name),
                    Err(_) => tracing::warn!("the name of an account is invalid: left out"),
                }
            }
            Ok(names)
        }))
    }

    fn account(&self, name: Name) -> Answer<'_, Option<Account>> {
        let name = Arc::new(name);
        let ask = move |session: Arc<Session>| {
            let name = Arc::clone(&name);
            async move {
                let sql = "SELECT name, password, created, seen, settings, reads FROM parlor.accounts WHERE folded = $1";
                let row = session.query_opt(sql, &[&name.folded()]).await?;
                row.map(|row| account(&row, &name)).transpose()
            }
        };
        Box::pin(self.reader.read(ask))
    }

    fn create_account(&self, account: Account) -> Answer<'_, ()> {
        let account = Arc::new(account);
        Box::pin(async move {
            let ask = |session: Arc<Session>| {
                let account = Arc::clone(&account);
                async move { create_account(&session, &account).await }
            };
            match self.changer.change(PATIENCE, ask).await? {
                true => Ok(()),
                false => Err(EngineError::Refused(StoreError::AccountExists)),
            }
        })
    }

    fn change_accounts(&self, changes: Vec<(Name, AccountChange)>) -> Answer<'_, ()> {
        let changes = Arc::new(changes);
        let ask = move |session: Arc<Session>| {
            let changes = Arc::clone(&changes);
            async move { change_accounts(&session, &changes).await }
        };
        Box::pin(self.changer.change(PATIENCE, ask))
    }

    fn delete_account(&self, name: Name) -> Answer<'_, ()> {
        let name = Arc::new(name);
        let ask = move |session: Arc<Session>| {
            let name = Arc::clone(&name);
            async move {
                let sql = "SELECT parlor.delete_account_1($1, $2, $3, $4)";
                let (written, entry, version) = end_of_account(&name);
                let params: [&(dyn ToSql + Sync); 4] = [&name.folded(), &written, &entry, &version];
                session.query(sql, &params).await.map(drop)
            }
        };
        Box::pin(self.changer.change(PATIENCE, ask))
    }

    fn expire_account(&self, name: Name, unseen_since: Option<Timestamp>) -> Answer<'_, bool> {
        let name = Arc::new(name);
        let ask = move |session: Arc<Session>| {
            let name = Arc::clone(&name);
            async move {
                let sql = "WITH gone AS (
                         DELETE FROM parlor.accounts WHERE folded = $1 AND (password = '' OR seen < $2) RETURNING id
                     )
                     SELECT parlor.leave_closed_rooms_1($3, $4, $5) FROM gone";
                let (written, entry, version) = end_of_account(&name);
                let since = unseen_since.map(|since| since.0);
                let params: [&(dyn ToSql + Sync); 5] =
                    [&name.folded(), &since, &written, &entry, &version];
                Ok(!session.query(sql, &params).await?.is_empty())
            }
        };
        Box::pin(self.changer.change(PATIENCE, ask))
    }

    fn due_accounts(
        &self,
        unseen_since: Option<Timestamp>,
        most: usize,
    ) -> Answer<'_, Vec<(Name, Expiry)>> {
        let ask = move |session: Arc<Session>| async move {
            let sql = "(SELECT name, true FROM parlor.accounts WHERE password = '' ORDER BY id LIMIT $2)
                 UNION ALL
                 (SELECT name, false FROM parlor.accounts WHERE seen < $1 AND password <> '' ORDER BY seen LIMIT $2)
                 LIMIT $2";
            let since = unseen_since.map(|since| since.0);
            let mut due = Vec::new();
            for row in session.query(sql, &[&since, &(most as i64)]).await? {
                let expiry = match row.try_get(1)? {
                    true => Expiry::Deleted,
                    false => Expiry::Idle,
                };
                due.extend(Name::parse(row.try_get(0)?).map(|name| (name, expiry)));
            }
            Ok(due)
        };
        Box::pin(self.reader.read(ask))
    }

    fn key_owner(&self, key: Fingerprint) -> Answer<'_, Option<Name>> {
        Box::pin(self.reader.read(move |session: Arc<Session>| async move {
            let sql = "SELECT a.name FROM parlor.account_keys k JOIN parlor.accounts a ON a.id = k.account
                 WHERE k.fingerprint = $1 AND a.password <> ''";
            let row = session.query_opt(sql, &[&&key.0[..]]).await?;
            let name = row.as_ref().map(|row| row.try_get::<_, &str>(0)).transpose()?;
            Ok(name.and_then(|name| Name::parse(name).ok()))
        }))
    }

    fn keys(&self, account: Name) -> Answer<'_, Vec<AccountKey>> {
        let account = Arc::new(account);
        let ask = move |session: Arc<Session>| {
            let account = Arc::clone(&account);
            async move {
                let sql = "SELECT k.fingerprint, k.added FROM parlor.account_keys k JOIN parlor.accounts a ON a.id = k.account
                     WHERE a.folded = $1 AND a.password <> '' ORDER BY k.number";
                let mut keys = Vec::new();
                for row in session.query(sql, &[&account.folded()]).await? {
                    let fingerprint: &[u8] = row.try_get(0)?;
                    let added = Timestamp(row.try_get(1)?);
                    // The table takes none of another length.
                    let fingerprint = fingerprint.try_into().map(Fingerprint);
                    keys.extend(fingerprint.map(|fingerprint| AccountKey { fingerprint, added }));
                }
                Ok(keys)
            }
        };
        Box::pin(self.reader.read(ask))
    }

    fn add_key(&self, account: Name, key: AccountKey) -> Answer<'_, ()> {
        let account = Arc::new(account);
        Box::pin(async move {
            let ask = |session: Arc<Session>| {
                let account = Arc::clone(&account);
                async move { add_key(&session, &account, key).await }
            };
            let added = self.changer.change(PATIENCE, ask).await?;
            added.map_err(EngineError::Refused)
        })
    }

    fn remove_key(&self, account: Name, key: Fingerprint) -> Answer<'_, ()> {
        let account = Arc::new(account);
        Box::pin(async move {
            let ask = |session: Arc<Session>| {
                let account = Arc::clone(&account);
                async move {
                    let sql = "DELETE FROM parlor.account_keys WHERE fingerprint = $2
                         AND account = (SELECT id FROM parlor.accounts WHERE folded = $1 AND password <> '')";
                    session
                        .execute(sql, &[&account.folded(), &&key.0[..]])
                        .await
                }
            };
            match self.changer.change(PATIENCE, ask).await? {
                0 => Err(EngineError::Refused(StoreError::NoKey)),
                _ => Ok(()),
            }
        })
    }

    fn bans(&self) -> Answer<'_, Vec<ServerBan>> {
        Box::pin(self.reader.read(|session| async move {
            let sql = "SELECT target, until, made_by, why, made, hits FROM parlor.bans ORDER BY made, target";
            let rows = session.query(sql, &[]).await?;
            let bans: Asked<Vec<_>> = rows.iter().map(ban).collect();
            Ok(bans?.into_iter().flatten().collect())
        }))
    }

    fn save_ban(&self, ban: Arc<ServerBan>) -> Answer<'_, ()> {
        let ask = move |session: Arc<Session>| {
            let ban = Arc::clone(&ban);
            async move {
                let sql = "INSERT INTO parlor.bans (target, until, made_by, why, made, hits) VALUES ($1, $2, $3, $4, $5, $6)
                     ON CONFLICT (target) DO UPDATE SET until = excluded.until, made_by = excluded.made_by,
                         why = excluded.why, made = excluded.made, hits = excluded.hits";
                let until = ban.until.map(|until| until.0);
                let (target, hits) = (ban.target.to_string(), signed(ban.hits()));
                let params: [&(dyn ToSql + Sync); 6] =
                    [&target, &until, &&*ban.by, &&*ban.why, &ban.made.0, &hits];
                session.execute(sql, &params).await.map(drop)
            }
        };
        Box::pin(self.changer.change(PATIENCE, ask))
    }

    fn delete_bans(&self, targets: Vec<BanTarget>) -> Answer<'_, ()> {
        let targets: Arc<[String]> = targets.iter().map(BanTarget::to_string).collect();
        let ask = move |session: Arc<Session>| {
            let targets = Arc::clone(&targets);
            async move {
                let sql = "DELETE FROM parlor.bans WHERE target = ANY ($1)";
                session.execute(sql, &[&&*targets]).await.map(drop)
            }
        };
        Box::pin(self.changer.change(PATIENCE, ask))
    }

    fn add_hits(&self, hits: Vec<(BanTarget, u64)>) -> Answer<'_, ()> {
        let hits = Arc::new(hits);
        let ask = move |session: Arc<Session>| {
            let hits = Arc::clone(&hits);
            async move {
                let sql = "UPDATE parlor.bans b SET hits = b.hits + h.hits
                     FROM (
                         SELECT target, sum(hits)::bigint AS hits FROM unnest($1::text[], $2::bigint[]) AS h (target, hits)
                         GROUP BY target
                     ) h WHERE b.target = h.target";
                let targets: Vec<String> = hits.iter().map(|(it, _)| it.to_string()).collect();
                let counts: Vec<i64> = hits.iter().map(|(_, hits)| signed(*hits)).collect();
                session.execute(sql, &[&targets, &counts]).await.map(drop)
            }
        };
        Box::pin(self.changer.change(PATIENCE, ask))
    }

    fn reports(&self) -> Answer<'_, Vec<Report>> {
        Box::pin(self.reader.read(|session| async move {
            let sql = "SELECT id, report FROM parlor.reports ORDER BY id";
            let mut reports = Vec::new();
            for row in session.query(sql, &[]).await? {
                let id = unsigned(row.try_get(0)?);
                match serde_json::from_str::<Report>(row.try_get(1)?) {
                    Ok(report) => reports.push(Report { id, ..report }),
                    Err(error) => tracing::warn!(%error, "a report makes no sense: left out"),
                }
            }
            Ok(reports)
        }))
    }

    fn save_report(&self, report: Report, gone: Vec<u64>) -> Answer<'_, u64> {
        let report = Arc::new((report, gone));
        let ask = move |session: Arc<Session>| {
            let report = Arc::clone(&report);
            async move {
                let (report, gone) = &*report;
                let sql = "WITH gone AS (DELETE FROM parlor.reports WHERE id = ANY ($2))
                     INSERT INTO parlor.reports (id, report) VALUES (parlor.count('report'), $1) RETURNING id";
                // Every field has a form in JSON.
                let json = serde_json::to_string(report).unwrap_or_default();
                let gone: Vec<i64> = gone.iter().map(|id| signed(*id)).collect();
                let row = session.query_opt(sql, &[&json, &gone]).await?;
                let id = row.map(|row| row.try_get(0)).transpose()?;
                Ok(unsigned(id.unwrap_or_default()))
            }
        };
        Box::pin(self.changer.change(PATIENCE, ask))
    }
}

fn account(row: &Row, asked: &Name) -> Asked<Account> {
    Ok(Account {
        name: Name::parse(row.try_get(0)?).unwrap_or_else(|_| asked.clone()),
        password: row.try_get(1)?,
        created: Timestamp(row.try_get(2)?),
        seen: Timestamp(row.try_get(3)?),
        settings: Settings::from_json(row.try_get(4)?),
        reads: Reads::from_json(row.try_get(5)?),
    })
}

/// How an account is written in JSON, the entry that leaves it nothing in a room, and the version of that.
fn end_of_account(account: &Name) -> (String, String, i16) {
    let written = serde_json::Value::from(account.as_str()).to_string();
    let account = account.clone();
    let entry = Entry::from(Ruling::AccountDeleted { account });
    // Every field has a form in JSON.
    let body = serde_json::to_string(&entry).unwrap_or_default();
    (written, body, entry.version() as i16)
}

async fn create_account(session: &Session, account: &Account) -> Asked<bool> {
    let sql = "SELECT parlor.create_account_1($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let keys = account.name.keys();
    let keys: Vec<&str> = keys.iter().map(|key| key.as_str()).collect();
    let (settings, reads) = (account.settings.to_json(), account.reads.to_json());
    let (written, entry, version) = end_of_account(&account.name);
    let row = session
        .query_opt(
            sql,
            &[
                &account.name.as_str(),
                &keys,
                &account.password,
                &account.created.0,
                &account.seen.0,
                &settings,
                &reads,
                &written,
                &entry,
                &version,
            ],
        )
        .await?;
    let created = row.map(|row| row.try_get(0)).transpose()?;
    Ok(created.unwrap_or_default())
}

async fn change_accounts(session: &Session, changes: &[(Name, AccountChange)]) -> Asked<()> {
    // Locked in one order, since several nodes write down who was seen.
    let sql = "WITH changes AS (
             SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[]) WITH ORDINALITY
                 AS c (folded, seen, settings, reads, place)
         ), merged AS (
             SELECT folded, max(seen) AS seen,
                 (array_agg(settings ORDER BY place DESC) FILTER (WHERE settings IS NOT NULL))[1] AS settings,
                 (array_agg(reads ORDER BY place DESC) FILTER (WHERE reads IS NOT NULL))[1] AS reads
             FROM changes GROUP BY folded
         ), locked AS (
             SELECT a.id, m.* FROM parlor.accounts a JOIN merged m ON m.folded = a.folded ORDER BY a.id FOR NO KEY UPDATE OF a
         )
         UPDATE parlor.accounts a SET seen = coalesce(l.seen, a.seen), settings = coalesce(l.settings, a.settings),
             reads = coalesce(l.reads, a.reads)
         FROM locked l WHERE a.id = l.id";
    let folded: Vec<String> = changes.iter().map(|(name, _)| name.folded()).collect();
    let changes = || changes.iter().map(|(_, change)| change);
    let seen: Vec<Option<i64>> = changes().map(|it| it.seen.map(|seen| seen.0)).collect();
    let settings = changes().map(|it| it.settings.as_ref().map(Settings::to_json));
    let settings: Vec<Option<String>> = settings.collect();
    let reads = changes().map(|it| it.reads.as_ref().map(Reads::to_json));
    let reads: Vec<Option<String>> = reads.collect();
    session
        .execute(sql, &[&folded, &seen, &settings, &reads])
        .await
        .map(drop)
}

async fn add_key(
    session: &Session,
    account: &Name,
    key: AccountKey,
) -> Asked<Result<(), StoreError>> {
    let sql = "SELECT outcome, owner FROM parlor.add_key_1($1, $2, $3, $4)";
    let most = KEYS_PER_ACCOUNT_MAX as i64;
    let (folded, fingerprint) = (account.folded(), &key.fingerprint.0[..]);
    let added = session
        .query_opt(sql, &[&folded, &fingerprint, &key.added.0, &most])
        .await;
    let row = match added {
        Ok(row) => row,
        // Somebody was faster; whose it is is found the next time.
        Err(error) if error.code() == Some(&tokio_postgres::error::SqlState::UNIQUE_VIOLATION) => {
            return Ok(Err(StoreError::KeyBound(account.clone())));
        }
        Err(error) => return Err(error),
    };
    let Some(row) = row else {
        return Ok(Err(StoreError::NoAccount));
    };
    let owner: Option<&str> = row.try_get(1)?;
    Ok(match row.try_get(0)? {
        "added" => Ok(()),
        "full" => Err(StoreError::KeysFull),
        "bound" => Err(match Name::parse(owner.unwrap_or_default()) {
            Ok(owner) => StoreError::KeyBound(owner),
            Err(_) => StoreError::Failed("the key is of an account without a name".to_owned()),
        }),
        _ => Err(StoreError::NoAccount),
    })
}

/// `None` if its target makes no sense.
fn ban(row: &Row) -> Asked<Option<ServerBan>> {
    let Some(target) = BanTarget::parse(row.try_get(0)?) else {
        tracing::warn!("a ban has no target that makes sense: left out");
        return Ok(None);
    };
    let until: Option<i64> = row.try_get(1)?;
    // Somebody may have written them into the database by hand.
    let clean = |text: &str| text::clean(text.as_bytes());
    Ok(Some(ServerBan::new(
        target,
        until.map(Timestamp),
        &clean(row.try_get(2)?),
        &clean(row.try_get(3)?),
        Timestamp(row.try_get(4)?),
        unsigned(row.try_get(5)?),
    )))
}
