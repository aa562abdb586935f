//! Reading back: pages, and a line with its neighbours.

use super::*;

#[test]
fn pages_go_back_from_a_number_and_from_a_time() {
    with_each(|store| {
        let other = block_on(store.create_room(name("other"))).expect("a room");
        let room = block_on(store.create_room(name("one"))).expect("a room");
        say(store, other, &["x"; 7]).expect("stored");
        // At the times 1 to 6.
        say(store, room, &["a", "b", "c", "d", "e", "f"]).expect("stored");
        let table: &[(HistoryCursor, usize, &[&str])] = &[
            (HistoryCursor::Id(4), 2, &["b", "c"]),
            (HistoryCursor::Id(2), 9, &["a"]),
            (HistoryCursor::Id(1), 9, &[]),
            (HistoryCursor::Id(0), 9, &[]),
            (HistoryCursor::Id(100), 1, &["f"]),
            (HistoryCursor::Id(u64::MAX), 1, &["f"]),
            (HistoryCursor::Id(4), 0, &[]),
            (HistoryCursor::Time(Timestamp(3)), 1, &["b"]),
            (HistoryCursor::Time(Timestamp(1)), 9, &[]),
            (HistoryCursor::Time(Timestamp(99)), 2, &["e", "f"]),
            (HistoryCursor::Time(Timestamp(i64::MIN)), 2, &[]),
            (HistoryCursor::Time(Timestamp(i64::MAX)), 1, &["f"]),
        ];
        for &(before, count, expected) in table {
            let page = block_on(store.page_back(room, before, count)).expect("a page");
            assert_eq!(texts(&page), expected, "{count} before {before:?}");
        }
    });
}

#[test]
fn a_page_of_long_lines_has_as_many_as_its_bytes_allow_and_the_tail_has_all() {
    with_each(|store| {
        let room = block_on(store.create_room(name("one"))).expect("a room");
        let long = "x".repeat(4000);
        say(store, room, &[&*long; 40]).expect("stored");
        let newest = HistoryCursor::Id(u64::MAX);
        let page = block_on(store.page_back(room, newest, 40)).expect("a page");
        // The line that reaches the bound is the last.
        assert_eq!(
            page.len(),
            STORE_PAGE_BYTES_MAX.div_ceil(page[0].text_bytes())
        );
        assert_eq!(page.last().map(|line| line.id), Some(40));
        assert_eq!(
            block_on(store.tail(room, 40)).map(|lines| lines.len()),
            Ok(40)
        );
    });
}

#[test]
fn a_line_is_shown_with_its_neighbours() {
    with_each(|store| {
        let room = block_on(store.create_room(name("one"))).expect("a room");
        say(store, room, &["a", "b", "c", "d", "e"]).expect("stored");
        let table: &[(u64, usize, &[&str])] = &[
            (3, 1, &["b", "c", "d"]),
            (1, 1, &["a", "b"]),
            (5, 1, &["d", "e"]),
            (3, 0, &["c"]),
            (3, 99, &["a", "b", "c", "d", "e"]),
            (7, 2, &["d", "e"]),
        ];
        for &(id, count, expected) in table {
            let lines = block_on(store.around(room, id, count)).expect("lines");
            assert_eq!(texts(&lines), expected, "{count} around {id}");
        }
    });
}
