//! Who takes part.

use std::sync::Arc;
use std::time::Duration;

use async_channel::Receiver;
use tokio_postgres::Row;

use super::Postgres;
use super::codec::{signed, unsigned};
use super::lane::Patience;
use super::log::node_number;
use super::notes;
use super::session::Session;
use crate::chat::node::NodeId;
use crate::limits::POSTGRES_WRITE_MAX;
use crate::store::cluster::engine::{Answer, EngineError, NewNode, News, NodeRow, Nodes, Renewed};
use crate::time::Timestamp;

impl Nodes for Postgres {
    fn join(&self, node: NewNode) -> Answer<'_, NodeId> {
        let node = Arc::new(node);
        let ask = move |session: Arc<Session>| {
            let node = Arc::clone(&node);
            async move {
                let sql = "SELECT parlor.join_2($1, $2, $3, $4, make_interval(secs => $5), $6)";
                let number = node.number.map(node_number);
                let last_write = signed(node.last_write);
                let version = i32::from(node.version);
                let lease = node.lease.as_secs_f64();
                let most = node_number(NodeId::MAX);
                let row = session
                    .query_opt(
                        sql,
                        &[&number, &last_write, &node.label, &version, &lease, &most],
                    )
                    .await?;
                let number = row.map(|row| row.try_get(0)).transpose()?;
                Ok(node_id(number.unwrap_or_default()))
            }
        };
        Box::pin(self.changer.change(Patience::For(POSTGRES_WRITE_MAX), ask))
    }

    fn renew(&self, me: NodeId, lease: Duration) -> Answer<'_, Renewed> {
        let ask = move |session: Arc<Session>| async move {
            let renew =
                "UPDATE parlor.nodes SET expires = clock_timestamp() + make_interval(secs => $2)
                 WHERE node = $1 AND undertaker IS NULL RETURNING parlor.now_ms()";
            let row = session
                .query_opt(renew, &[&node_number(me), &lease.as_secs_f64()])
                .await?;
            let Some(row) = row else {
                return Ok(None);
            };
            let all = "SELECT node, label, version, since, expires <= clock_timestamp(), undertaker FROM parlor.nodes ORDER BY node";
            let rows = session.query(all, &[]).await?;
            let nodes: Result<_, _> = rows.iter().map(node_row).collect();
            Ok(Some(Renewed {
                now: Timestamp(row.try_get(0)?),
                nodes: nodes?,
            }))
        };
        Box::pin(async move {
            let renewed = self.lease.change(Patience::Endless, ask).await?;
            renewed.ok_or(EngineError::Fenced)
        })
    }

    fn condemn(&self, me: NodeId, node: NodeId) -> Answer<'_, bool> {
        let ask = move |session: Arc<Session>| async move {
            let sql = "SELECT parlor.condemn_1($1, $2)";
            let row = session
                .query_opt(sql, &[&node_number(me), &node_number(node)])
                .await?;
            let condemned = row.map(|row| row.try_get(0)).transpose()?;
            Ok(condemned.unwrap_or_default())
        };
        Box::pin(self.changer.change(Patience::For(POSTGRES_WRITE_MAX), ask))
    }

    fn bury(&self, me: NodeId, node: NodeId) -> Answer<'_, ()> {
        let ask = move |session: Arc<Session>| async move {
            let sql = "SELECT parlor.bury_2($1, $2)";
            let (me, node) = (node_number(me), node_number(node));
            session.query(sql, &[&me, &node]).await.map(drop)
        };
        Box::pin(self.changer.change(Patience::For(POSTGRES_WRITE_MAX), ask))
    }

    fn barrier(&self, _me: NodeId) -> Answer<'_, u64> {
        // It has to wait for the standby as any other commit does.
        let ask = |session: Arc<Session>| async move {
            let sql = "SELECT parlor.count('barrier')";
            let row = session.query_opt(sql, &[]).await?;
            let count: Option<i64> = row.map(|row| row.try_get(0)).transpose()?;
            Ok(unsigned(count.unwrap_or_default()))
        };
        Box::pin(self.barrier.change(Patience::Endless, ask))
    }

    fn connection(&self) -> u64 {
        self.barrier.made()
    }

    fn news(&self) -> Receiver<News> {
        self.news.clone()
    }

    fn wake(&self, news: News) -> Answer<'_, ()> {
        let notes: Arc<[String]> = notes::write(&news).into();
        Box::pin(async move {
            if notes.is_empty() {
                return Ok(());
            }
            let ask = |session: Arc<Session>| {
                let notes = Arc::clone(&notes);
                async move {
                    let sql =
                        "SELECT pg_notify('parlor', note) FROM unnest($1::text[]) AS n (note)";
                    session.query(sql, &[&&*notes]).await.map(drop)
                }
            };
            self.courier.change(Patience::Endless, ask).await
        })
    }

    fn close(&self) -> Answer<'_, ()> {
        Box::pin(async move {
            self.end().await;
            Ok(())
        })
    }
}

pub(super) fn node_id(number: i32) -> NodeId {
    NodeId(u32::try_from(number).unwrap_or_default())
}

fn node_row(row: &Row) -> Result<NodeRow, tokio_postgres::Error> {
    let version: i32 = row.try_get(2)?;
    let undertaker: Option<i32> = row.try_get(5)?;
    Ok(NodeRow {
        node: node_id(row.try_get(0)?),
        label: row.try_get(1)?,
        version: u16::try_from(version).unwrap_or(u16::MAX),
        since: Timestamp(row.try_get(3)?),
        is_expired: row.try_get(4)?,
        undertaker: undertaker.map(node_id),
    })
}
