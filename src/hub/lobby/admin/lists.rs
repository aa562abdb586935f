//! What there is, as operators see it: all of it.

use std::ops::Bound;
use std::sync::Arc;

use crate::chat::admin::{AdminError, AdminReply, ConnectionRow, LimitRow, Reach, RoomRow};
use crate::hub::lobby::Lobby;
use crate::hub::room::RoomHandle;
use crate::limits::{ACCOUNTS_MAX, CLOSED_ROOMS_MAX, PEOPLE_AT_ONCE, REPORTS_MAX, SERVER_BANS_MAX};

impl Lobby {
    /// The connections of all servers, in the order in which they came.
    pub(super) async fn all_connections(self: &Arc<Self>) -> AdminReply {
        let elsewhere = self.rows_elsewhere().await;
        let reach = match &elsewhere {
            Some(_) => Reach::All,
            None => Reach::Here,
        };
        let mut rows = self.connection_rows();
        if self.far.is_some() {
            rows.extend(elsewhere.unwrap_or_default());
            rows.sort_by_key(|row| (row.since, row.id));
        }
        for row in &mut rows {
            let account = row.account.as_ref();
            row.is_operator = account.is_some_and(|account| self.is_operator(account));
        }
        AdminReply::Connections(rows, reach)
    }

    fn connection_rows(&self) -> Vec<ConnectionRow> {
        let up = self.up(self.runtime.clock.now());
        let node = self.own_label();
        let mut rows = Vec::new();
        self.visit_people(|id, user| {
            rows.push(ConnectionRow {
                node: node.clone(),
                ..user.row(id, up)
            });
        });
        rows
    }

    pub(super) async fn room_rows(self: &Arc<Self>) -> Vec<RoomRow> {
        if self.store.is_shared() {
            // If they cannot be read, those that are known have to do.
            let _ = self.look_for_rooms().await;
        }
        let mut rows = Vec::new();
        let mut from = Bound::Unbounded;
        loop {
            let state = self.lock();
            let rooms = state.rooms.range((from, Bound::Unbounded));
            let some: Vec<RoomHandle> = rooms.take(PEOPLE_AT_ONCE).map(|it| it.1.clone()).collect();
            drop(state);
            let Some(last) = some.last() else { break };
            from = Bound::Excluded(last.id);
            rows.extend(some.iter().map(row_of));
        }
        let now = self.steady_time();
        rows.extend(self.lock().closed_rooms.rows(now));
        rows
    }

    pub(super) async fn limit_rows(self: &Arc<Self>) -> Result<Vec<LimitRow>, AdminError> {
        let mut rows = self.control()?.limits();
        let accounts = self.store.register().accounts().await.ok();
        let reports = self.reports_count().await.ok();
        let state = self.lock();
        let (limits, members_max) = (state.limits, state.room_limits.members_max);
        let fullest = state.rooms.values().map(|room| room.info.members()).max();
        let (rooms, closed) = (state.rooms.len(), state.closed_rooms.count());
        let (by_address, by_account) = state.founders.most();
        drop(state);
        let row = |name, most, used: usize, unit| limit(name, most, Some(used), unit);
        rows.extend([
            row("max-rooms", limits.rooms_max, rooms, "rooms"),
            row(
                "max-members",
                members_max,
                fullest.unwrap_or(0),
                "members of the fullest room",
            ),
            row(
                "max-rooms-per-address",
                limits.per_address_max,
                by_address,
                "rooms of the busiest address",
            ),
            row(
                "max-rooms-per-account",
                limits.per_account_max,
                by_account,
                "rooms of the busiest account",
            ),
            row("closed rooms", CLOSED_ROOMS_MAX, closed, "rooms"),
            limit("accounts", ACCOUNTS_MAX, accounts, "accounts"),
            row("bans", SERVER_BANS_MAX, self.bans_count(), "bans"),
            limit("reports", REPORTS_MAX, reports, "reports"),
        ]);
        Ok(rows)
    }
}

/// A limit of which `0` is none.
fn limit(name: &'static str, most: usize, used: Option<usize>, unit: &'static str) -> LimitRow {
    LimitRow {
        name,
        most: (most > 0).then_some(most as u64),
        used: used.map(|used| used as u64),
        unit,
    }
}

fn row_of(room: &RoomHandle) -> RoomRow {
    let info = &room.info;
    RoomRow {
        name: room.name.clone(),
        members: info.members(),
        lines: info.lines(),
        last_line: info.last_line(),
        is_locked: info.is_locked(),
        is_private: info.is_private(),
        owners: info.owners(),
        topic: info.topic(),
        closed: None,
    }
}
