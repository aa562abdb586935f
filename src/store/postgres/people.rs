//! Who is connected where, and what nodes say to each other.

use std::sync::Arc;

use tokio_postgres::Row;

use super::Postgres;
use super::codec::signed;
use super::lane::Patience;
use super::log::node_number;
use super::nodes::node_id;
use super::session::Session;
use crate::chat::message::MemberId;
use crate::chat::name::Name;
use crate::chat::node::NodeId;
use crate::chat::person::Person;
use crate::limits::{POSTGRES_LETTER_AGE_MAX, POSTGRES_LETTERS_MAX};
use crate::store::cluster::engine::{Answer, Letter, People};
use crate::text;

/// The last character there is, behind all that begins with something.
const LAST: char = char::MAX;

impl People for Postgres {
    fn note_people(&self, me: NodeId, people: Vec<Person>, gone: Vec<MemberId>) -> Answer<'_, ()> {
        let (people, gone) = (Arc::new(people), Arc::new(gone));
        let ask = move |session: Arc<Session>| {
            let (people, gone) = (Arc::clone(&people), Arc::clone(&gone));
            async move { note(&session, me, &people, &gone).await }
        };
        Box::pin(self.courier.change(Patience::Endless, ask))
    }

    fn people(&self, me: NodeId, most: usize) -> Answer<'_, (Vec<Person>, usize)> {
        let ask = move |session: Arc<Session>| async move {
            let sql = "SELECT person, count(*) OVER () FROM parlor.people WHERE node <> $1 ORDER BY since, member LIMIT $2";
            // With 0 there would be no row to count on.
            let limit = signed(most as u64).max(1);
            let rows = session.query(sql, &[&node_number(me), &limit]).await?;
            let count: i64 = match rows.first() {
                Some(row) => row.try_get(1)?,
                None => 0,
            };
            let mut people = persons(&rows)?;
            people.truncate(most);
            Ok((people, usize::try_from(count).unwrap_or_default()))
        };
        Box::pin(self.reader.read(ask))
    }

    fn persons(&self, members: Vec<MemberId>) -> Answer<'_, Vec<Person>> {
        let members: Arc<[i64]> = members.iter().map(|member| signed(member.0)).collect();
        let ask = move |session: Arc<Session>| {
            let members = Arc::clone(&members);
            async move {
                let sql = "SELECT person FROM parlor.people WHERE member = ANY ($1) ORDER BY since, member";
                persons(&session.query(sql, &[&&*members]).await?)
            }
        };
        Box::pin(self.reader.read(ask))
    }

    fn names_with(&self, me: NodeId, prefix: String, most: usize) -> Answer<'_, Vec<Name>> {
        let prefix: Arc<str> = text::fold(&prefix).into();
        let ask = move |session: Arc<Session>| {
            let prefix = Arc::clone(&prefix);
            async move {
                let sql = "SELECT name FROM parlor.people
                     WHERE folded >= $2 AND folded < $3 AND starts_with(folded, $2) AND node <> $1 AND folded <> 'anon'
                     GROUP BY folded, name ORDER BY folded, name LIMIT $4";
                let last = format!("{prefix}{LAST}");
                let node = node_number(me);
                let rows = session
                    .query(sql, &[&node, &&*prefix, &last, &signed(most as u64)])
                    .await?;
                let mut names = Vec::new();
                for row in &rows {
                    names.extend(Name::parse(row.try_get(0)?));
                }
                Ok(names)
            }
        };
        Box::pin(self.reader.read(ask))
    }

    fn post(&self, letters: Vec<Letter>) -> Answer<'_, ()> {
        let letters = Arc::new(letters);
        let ask = move |session: Arc<Session>| {
            let letters = Arc::clone(&letters);
            async move { post(&session, &letters).await }
        };
        Box::pin(self.courier.change(Patience::Endless, ask))
    }

    fn collect(&self, me: NodeId) -> Answer<'_, Vec<Letter>> {
        let ask = move |session: Arc<Session>| async move {
            // What is too old is thrown away with the rest.
            let sql = "WITH taken AS (
                     DELETE FROM parlor.letters WHERE id IN (
                         SELECT id FROM parlor.letters WHERE receiver = $1 ORDER BY id LIMIT $2
                     ) RETURNING id, sender, body, posted
                 )
                 SELECT sender, body, posted > clock_timestamp() - make_interval(secs => $3) FROM taken ORDER BY id";
            let (most, age) = (POSTGRES_LETTERS_MAX as i64, POSTGRES_LETTER_AGE_MAX);
            let rows = session
                .query(sql, &[&node_number(me), &most, &age.as_secs_f64()])
                .await?;
            let mut letters = Vec::new();
            for row in &rows {
                if row.try_get(2)? {
                    letters.push(Letter {
                        from: node_id(row.try_get(0)?),
                        to: me,
                        body: row.try_get(1)?,
                    });
                }
            }
            Ok(letters)
        };
        Box::pin(self.courier.change(Patience::Endless, ask))
    }
}

async fn note(
    session: &Session,
    me: NodeId,
    people: &[Person],
    gone: &[MemberId],
) -> Result<(), tokio_postgres::Error> {
    // One that is noted and gone is gone. Those of a node that was buried are not noted any more.
    let sql = "WITH gone AS (
             DELETE FROM parlor.people WHERE node = $1 AND member = ANY ($2)
         )
         INSERT INTO parlor.people AS p (member, node, since, folded, name, person)
         SELECT n.member, $1, n.since, n.folded, n.name, n.person
         FROM unnest($3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[]) AS n (member, since, folded, name, person)
         WHERE n.member <> ALL ($2)
         ORDER BY n.member
         ON CONFLICT (member) DO UPDATE SET since = excluded.since, folded = excluded.folded, name = excluded.name,
             person = excluded.person
         WHERE p.node = $1";
    let gone: Vec<i64> = gone.iter().map(|member| signed(member.0)).collect();
    // The last of several.
    let mut latest = std::collections::BTreeMap::new();
    for person in people {
        latest.insert(person.member, person);
    }
    let people = latest.into_values();
    let (mut members, mut since, mut folded) = (Vec::new(), Vec::new(), Vec::new());
    let (mut names, mut bodies) = (Vec::new(), Vec::new());
    for person in people {
        members.push(signed(person.member.0));
        since.push(person.since.0);
        folded.push(text::fold(person.name.as_str()));
        names.push(person.name.as_str());
        // Every field has a form in JSON.
        bodies.push(serde_json::to_string(person).unwrap_or_default());
    }
    let node = node_number(me);
    session
        .execute(
            sql,
            &[&node, &gone, &members, &since, &folded, &names, &bodies],
        )
        .await
        .map(drop)
}

async fn post(session: &Session, letters: &[Letter]) -> Result<(), tokio_postgres::Error> {
    // To a node that is not there nobody writes. The others are woken when it is committed.
    let sql = "WITH posted AS (
             INSERT INTO parlor.letters (receiver, sender, posted, body)
             SELECT l.receiver, l.sender, clock_timestamp(), l.body
             FROM unnest($1::int[], $2::int[], $3::text[]) WITH ORDINALITY AS l (receiver, sender, body, place)
             WHERE EXISTS (SELECT FROM parlor.nodes n WHERE n.node = l.receiver)
             ORDER BY l.place
             RETURNING receiver
         )
         SELECT pg_notify('parlor', 'l ' || receiver) FROM (SELECT DISTINCT receiver FROM posted) receivers";
    let receivers: Vec<i32> = letters.iter().map(|it| node_number(it.to)).collect();
    let senders: Vec<i32> = letters.iter().map(|it| node_number(it.from)).collect();
    let bodies: Vec<&str> = letters.iter().map(|it| it.body.as_str()).collect();
    session
        .query(sql, &[&receivers, &senders, &bodies])
        .await
        .map(drop)
}

/// One that makes no sense was noted by a later version, and is left out.
fn persons(rows: &[Row]) -> Result<Vec<Person>, tokio_postgres::Error> {
    let mut persons = Vec::new();
    for row in rows {
        persons.extend(serde_json::from_str::<Person>(row.try_get(0)?).ok());
    }
    Ok(persons)
}
