//! Old messages.

use super::*;

fn line(id: u64) -> Arc<Message> {
    Arc::new(Message {
        id,
        time: Timestamp(VIEWER.now.0 - 86_400_000),
        member: MemberId(1),
        name: name("Dai"),
        kind: Kind::Message,
        text: TYPED.into(),
    })
}

fn found(lines: &[u64], cut_short: bool) -> Option<Found> {
    Some(Found {
        lines: lines.iter().copied().map(line).collect(),
        cut_short,
    })
}

fn lines(trigger: &str, query: HistoryQuery, found: Option<Found>) -> Sentence {
    let has_lines = found.as_ref().is_some_and(|found| !found.lines.is_empty());
    let sentence = says(trigger, HistoryView::Lines(query, found));
    match has_lines {
        true => sentence.with(&[Form::Typed]),
        false => sentence,
    }
}

pub(super) fn sentences() -> Vec<Sentence> {
    let mut all = pages();
    all.extend(searches());
    all
}

fn pages() -> Vec<Sentence> {
    let before = |id| HistoryQuery::Before(HistoryCursor::Id(id), 20);
    let until = HistoryQuery::Before(HistoryCursor::Time(VIEWER.now), 20);
    let after = |id| HistoryQuery::After(id, 20);
    vec![
        lines(r"`\history`", before(u64::MAX), found(&[41, 42], true)),
        lines(r"`\history`, again", before(41), found(&[39, 40], true)),
        lines(r"`\history 14:30`", until, found(&[20, 21], true)),
        lines(
            r"`\history`, at the beginning of the room",
            before(1),
            found(&[], false),
        ),
        lines(
            r"`\history`, on a server that cannot read its file",
            before(41),
            None,
        ),
        lines(
            "the key Page Down, after two pages back",
            after(20),
            found(&[21, 22], true),
        ),
        lines(
            "the key Page Down, after one page back",
            after(40),
            found(&[41, 42], false),
        ),
        lines(
            "the key Page Down, where there is nothing after the page that was shown",
            after(42),
            found(&[], false),
        ),
        says("the key Page Down, after no page back", HistoryView::Newest),
        says(
            r"`\history`, where all of it was said by people whom you ignore",
            HistoryView::OnlyIgnored,
        ),
    ]
}

fn searches() -> Vec<Sentence> {
    let words = || HistoryQuery::For("noon".to_owned());
    let around = HistoryQuery::Around;
    vec![
        lines(r"`\search noon`", words(), found(&[42, 12], false)),
        lines(
            r"`\search noon`, with too much to look through",
            words(),
            found(&[42, 12], true),
        ),
        lines(
            r"`\search noon`, which nobody has said",
            words(),
            found(&[], false),
        ),
        lines(
            r"`\search noon`, which nobody has said in what could be looked through",
            words(),
            found(&[], true),
        ),
        lines(r"`\context 12`", around(12), found(&[11, 12, 13], false)),
        lines(
            r"`\context 99`, where there is no such line",
            around(99),
            found(&[], false),
        ),
        says(
            r"`\re 99 so do I`, where there is no such line",
            HistoryView::NothingToAnswer(99),
        ),
    ]
}
