//! What nodes tell each other by notifications, as text: `h 3:17,5:2` heads, `r` rooms, `b` bans, `l 4` letters.

use async_channel::{Receiver, Sender};

use crate::chat::history::RoomId;
use crate::chat::node::NodeId;
use crate::limits::{POSTGRES_NEWS_MAX, POSTGRES_NOTE_BYTES_MAX};
use crate::store::cluster::engine::News;

/// Takes notifications, and hands them on.
#[derive(Clone, Debug)]
pub(super) struct Listener {
    sender: Sender<News>,
}

impl Listener {
    /// A listener, and where what it hears comes out.
    pub(super) fn new() -> (Listener, Receiver<News>) {
        let (sender, receiver) = async_channel::bounded(POSTGRES_NEWS_MAX);
        (Listener { sender }, receiver)
    }

    /// Takes one notification. What a later version may say and this one does not know is passed over.
    pub(super) fn hear(&self, note: &str) {
        if let Some(news) = read(note) {
            self.tell(news);
        }
    }

    /// The connection was not there for a while.
    pub(super) fn was_away(&self) {
        self.tell(News::Anything);
    }

    fn tell(&self, news: News) {
        // Nobody waits for whoever does not listen: what falls out is made up for by the word that there was anything.
        if let Ok(Some(_)) = self.sender.force_send(news) {
            let _ = self.sender.force_send(News::Anything);
        }
    }
}

/// Reads a notification.
fn read(note: &str) -> Option<News> {
    let (kind, rest) = note.split_once(' ').unwrap_or((note, ""));
    match kind {
        "r" => Some(News::Rooms),
        "b" => Some(News::Bans),
        "l" => Some(News::Letters(NodeId(rest.parse().ok()?))),
        "h" => {
            let head = |pair: &str| {
                let (room, seq) = pair.split_once(':')?;
                Some((RoomId(room.parse().ok()?), seq.parse().ok()?))
            };
            rest.split(',')
                .map(head)
                .collect::<Option<_>>()
                .map(News::Heads)
        }
        _ => None,
    }
}

/// What is to be notified, in pieces that PostgreSQL takes.
pub(super) fn write(news: &News) -> Vec<String> {
    match news {
        News::Rooms => vec!["r".to_owned()],
        News::Bans => vec!["b".to_owned()],
        News::Letters(node) => vec![format!("l {node}")],
        // It is what each node finds out for itself.
        News::Anything => Vec::new(),
        News::Heads(heads) => {
            let mut notes: Vec<String> = Vec::new();
            for (room, seq) in heads {
                let head = format!("{}:{seq}", room.0);
                match notes.last_mut() {
                    Some(note) if note.len() + 1 + head.len() <= POSTGRES_NOTE_BYTES_MAX => {
                        note.push(',');
                        note.push_str(&head);
                    }
                    _ => notes.push(format!("h {head}")),
                }
            }
            notes
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for news in [
            News::Rooms,
            News::Bans,
            News::Letters(NodeId(7)),
            News::Heads(vec![(RoomId(3), 17), (RoomId(u32::MAX), u64::MAX)]),
        ] {
            let notes = write(&news);
            assert_eq!(notes.len(), 1);
            assert_eq!(read(&notes[0]), Some(news));
        }
        for nothing in ["", "x", "h", "h 3", "h 3:x", "l", "l x"] {
            assert_eq!(read(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn many_heads_take_several_notifications_and_none_is_lost() {
        let heads: Vec<_> = (1..5000)
            .map(|room| (RoomId(room), u64::from(room)))
            .collect();
        let notes = write(&News::Heads(heads.clone()));
        assert!(
            notes
                .iter()
                .all(|note| note.len() <= POSTGRES_NOTE_BYTES_MAX)
        );
        let read: Vec<_> = notes
            .iter()
            .flat_map(|note| match read(note) {
                Some(News::Heads(heads)) => heads,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(read, heads);
        assert_eq!(write(&News::Heads(Vec::new())), Vec::<String>::new());
    }

    #[test]
    fn whoever_does_not_listen_is_told_that_there_was_anything() {
        let (listener, news) = Listener::new();
        for _ in 0..2 * POSTGRES_NEWS_MAX {
            listener.hear("r");
        }
        let mut all = Vec::new();
        while let Ok(news) = news.try_recv() {
            all.push(news);
        }
        assert!(all.len() <= POSTGRES_NEWS_MAX);
        assert_eq!(all.last(), Some(&News::Anything));
    }
}
