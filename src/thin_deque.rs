//! *Pure.* A queue that mostly has nothing in it.

use std::collections::VecDeque;

/// A double-ended queue that takes one pointer while it is empty.
#[derive(Debug)]
pub struct ThinDeque<T>(Option<Box<Items<T>>>);

#[derive(Debug)]
struct Items<T> {
    items: VecDeque<T>,
}

impl<T> ThinDeque<T> {
    /// An empty queue.
    pub const fn new() -> ThinDeque<T> {
        ThinDeque(None)
    }

    /// How many items it has.
    pub fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |list| list.items.len())
    }

    /// True if it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The items, from the front.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().flat_map(|list| &list.items)
    }

    /// Adds an item at the back.
    pub fn push_back(&mut self, item: T) {
        self.items().push_back(item);
    }

    /// Takes out all items that `keep` is false for.
    pub fn retain(&mut self, keep: impl FnMut(&T) -> bool) {
        if let Some(list) = &mut self.0 {
            list.items.retain(keep);
        }
    }

    /// Adds an item at the front.
    pub fn push_front(&mut self, item: T) {
        self.items().push_front(item);
    }

    /// Takes the item at the front.
    pub fn pop_front(&mut self) -> Option<T> {
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

impl<T> Default for ThinDeque<T> {
    fn default() -> Self {
        ThinDeque::new()
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
