//! A list that most connections have nothing in.

use std::collections::VecDeque;

/// A list that takes one pointer while it is empty.
#[derive(Debug)]
pub(super) struct ThinDeque<T>(Option<Box<Items<T>>>);

#[derive(Debug)]
struct Items<T> {
    items: VecDeque<T>,
}

impl<T> ThinDeque<T> {
    pub(super) const fn new() -> ThinDeque<T> {
        ThinDeque(None)
    }

    pub(super) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |list| list.items.len())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().flat_map(|list| &list.items)
    }

    pub(super) fn push_back(&mut self, item: T) {
        self.items().push_back(item);
    }

    /// Takes out all that `keep` does not want to keep.
    pub(super) fn retain(&mut self, keep: impl FnMut(&T) -> bool) {
        if let Some(list) = &mut self.0 {
            list.items.retain(keep);
        }
    }

    pub(super) fn push_front(&mut self, item: T) {
        self.items().push_front(item);
    }

    pub(super) fn pop_front(&mut self) -> Option<T> {
        let item = self.0.as_mut()?.items.pop_front();
        if self.is_empty() {
            self.0 = None;
        }
        item
    }

    fn items(&mut self) -> &mut VecDeque<T> {
        let list = self.0.get_or_insert_with(|| {
            Box::new(Items {
                items: VecDeque::new(),
            })
        });
        &mut list.items
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_queue_and_one_pointer_once_it_is_empty() {
        let mut few = ThinDeque::new();
        assert_eq!(size_of_val(&few), size_of::<usize>());
        few.push_back(2);
        few.push_back(3);
        few.push_front(1);
        assert_eq!(few.iter().copied().collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!((few.len(), few.pop_front()), (3, Some(1)));
        assert_eq!((few.pop_front(), few.pop_front()), (Some(2), Some(3)));
        assert!(few.is_empty() && few.0.is_none());
        assert_eq!(few.pop_front(), None);
    }
}
