//! Who is called what.

use std::sync::Arc;

use tokio_postgres::Row;

use super::Postgres;
use super::codec::{signed, unsigned};
use super::lane::Patience;
use super::log::node_number;
use super::session::Session;
use crate::chat::address::Address;
use crate::chat::message::MemberId;
use crate::chat::name::Name;
use crate::limits::POSTGRES_WRITE_MAX;
use crate::store::StoreError;
use crate::store::cluster::engine::{Answer, EngineError, Register, TakeName, TakenName};
use crate::time::Timestamp;

/// The keys of a name, in the order of their kinds, which are 1, 2 and 3 in the database.
fn keys(name: &Name) -> Vec<String> {
    let keys = name.keys();
    keys.iter().map(|key| key.as_str().to_owned()).collect()
}

/// Whether a name is still held, by somebody or for somebody.
macro_rules! is_held {
    () => {
        "coalesce(n.kept_until > parlor.now_ms(), true)"
    };
}

const PATIENCE: Patience = Patience::For(POSTGRES_WRITE_MAX);

impl Register for Postgres {
    fn take_name(&self, take: TakeName) -> Answer<'_, TakenName> {
        let take = Arc::new(take);
        Box::pin(async move {
            // The only name that many have.
            if take.name.is_anon() {
                return Ok(TakenName::Taken);
            }
            let ask = |session: Arc<Session>| {
                let take = Arc::clone(&take);
                async move { take_name(&session, &take).await }
            };
            let taken = self.changer.change(PATIENCE, ask).await?;
            taken.map_err(EngineError::Refused)
        })
    }

    fn free_name(&self, member: MemberId, old: Name, new: Option<Name>) -> Answer<'_, ()> {
        let names = Arc::new((old, new));
        let ask = move |session: Arc<Session>| {
            let names = Arc::clone(&names);
            async move {
                let (old, new) = &*names;
                let kept = new.as_ref().filter(|new| !new.is_anon());
                let kept = kept.map(keys).unwrap_or_default();
                let sql = "DELETE FROM parlor.names n USING unnest($2::text[]) WITH ORDINALITY AS k (key, kind)
                     WHERE n.kind = k.kind AND n.key = k.key AND n.member = $1 AND n.key IS DISTINCT FROM ($3::text[])[k.kind]";
                let member = signed(member.0);
                session
                    .execute(sql, &[&member, &keys(old), &kept])
                    .await
                    .map(drop)
            }
        };
        Box::pin(self.changer.change(PATIENCE, ask))
    }

    fn keep_name(
        &self,
        member: MemberId,
        name: Name,
        address: Address,
        until: Timestamp,
    ) -> Answer<'_, ()> {
        let name = Arc::new(name);
        let ask = move |session: Arc<Session>| {
            let name = Arc::clone(&name);
            async move {
                // Those go whose time is over: nobody may ever ask for them.
                let sql = "WITH gone AS (
                         DELETE FROM parlor.names WHERE kept_until <= parlor.now_ms() AND node = $5 AND member <> $1
                     )
                     UPDATE parlor.names n SET kept_for = $3, kept_until = $4
                     FROM unnest($2::text[]) WITH ORDINALITY AS k (key, kind)
                     WHERE n.kind = k.kind AND n.key = k.key AND n.member = $1";
                let node = node_number(member.node());
                let (member, address) = (signed(member.0), address.to_string());
                session
                    .execute(sql, &[&member, &keys(&name), &address, &until.0, &node])
                    .await
                    .map(drop)
            }
        };
        Box::pin(self.changer.change(PATIENCE, ask))
    }

    fn holder(&self, name: Name) -> Answer<'_, Option<MemberId>> {
        let name = Arc::new(name);
        let ask = move |session: Arc<Session>| {
            let name = Arc::clone(&name);
            async move {
                let sql = concat!(
                    "SELECT member FROM parlor.names n WHERE kind = 3 AND key = $1 AND ",
                    is_held!()
                );
                let row = session.query_opt(sql, &[&name.folded()]).await?;
                row.as_ref().map(member).transpose()
            }
        };
        Box::pin(self.reader.read(ask))
    }

    fn holders(&self, name: Name) -> Answer<'_, Vec<MemberId>> {
        let name = Arc::new(name);
        let ask = move |session: Arc<Session>| {
            let name = Arc::clone(&name);
            async move {
                let sql = concat!(
                    "SELECT DISTINCT member FROM parlor.names n
                     JOIN unnest($1::text[]) WITH ORDINALITY AS k (key, kind) ON n.kind = k.kind AND n.key = k.key
                     WHERE ",
                    is_held!(),
                    " ORDER BY member"
                );
                let rows = session.query(sql, &[&keys(&name)]).await?;
                rows.iter().map(member).collect()
            }
        };
        Box::pin(self.reader.read(ask))
    }

    fn first_free(&self, member: MemberId, names: Vec<Name>) -> Answer<'_, Option<Name>> {
        let names: Arc<[Name]> = names.into();
        Box::pin(async move {
            let ask = |session: Arc<Session>| {
                let names = Arc::clone(&names);
                async move {
                    let keys: Vec<String> = names.iter().flat_map(keys).collect();
                    let sql = concat!(
                        "SELECT wanted.place FROM generate_series(0, cardinality($2::text[]) / 3 - 1) AS wanted (place)
                         WHERE NOT EXISTS (
                             SELECT FROM generate_series(1, 3) AS k (kind)
                             JOIN parlor.names n ON n.kind = k.kind AND n.key = ($2::text[])[3 * wanted.place + k.kind]
                             WHERE n.member <> $1 AND ",
                        is_held!(),
                        " ) AND NOT EXISTS (
                             SELECT FROM parlor.accounts a
                             WHERE a.folded_skeleton = ($2::text[])[3 * wanted.place + 1]
                                 OR a.skeleton_folded = ($2::text[])[3 * wanted.place + 2]
                                 OR a.folded = ($2::text[])[3 * wanted.place + 3]
                         ) ORDER BY wanted.place LIMIT 1"
                    );
                    let row = session.query_opt(sql, &[&signed(member.0), &keys]).await?;
                    row.map(|row| row.try_get::<_, i32>(0)).transpose()
                }
            };
            let place = self.reader.read(ask).await?;
            let place = place.and_then(|place| usize::try_from(place).ok());
            Ok(place.and_then(|place| names.get(place).cloned()))
        })
    }
}

async fn take_name(
    session: &Session,
    take: &TakeName,
) -> Result<Result<TakenName, StoreError>, tokio_postgres::Error> {
    let sql = "SELECT taken, holders, registered FROM parlor.take_name_1($1, $2, $3, $4, $5, $6)";
    let (member, node) = (signed(take.member.0), node_number(take.member.node()));
    let account = take.account.as_ref().map(Name::as_str);
    let address = take.address.map(|address| address.to_string());
    let row = session
        .query_opt(
            sql,
            &[
                &member,
                &node,
                &keys(&take.name),
                &account,
                &address,
                &take.by_force,
            ],
        )
        .await?;
    let nothing = || StoreError::Failed("the database has not said who has the name".to_owned());
    let Some(row) = row else {
        return Ok(Err(nothing()));
    };
    if row.try_get(0)? {
        return Ok(Ok(TakenName::Taken));
    }
    if let Some(holders) = row.try_get::<_, Option<Vec<i64>>>(1)? {
        let holders = holders.into_iter().map(|holder| MemberId(unsigned(holder)));
        return Ok(Ok(TakenName::HeldBy(holders.collect())));
    }
    let registered: Option<&str> = row.try_get(2)?;
    let registered = registered.and_then(|name| Name::parse(name).ok());
    Ok(Ok(TakenName::Registered(
        registered.unwrap_or_else(|| take.name.clone()),
    )))
}

fn member(row: &Row) -> Result<MemberId, tokio_postgres::Error> {
    Ok(MemberId(unsigned(row.try_get(0)?)))
}
