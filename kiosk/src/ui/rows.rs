//! A list on the screen that is changed row by row.
//!
//! **Invariant:** a row whose source did not change is not touched, so Slint neither rebuilds nor redraws it.

use std::cell::RefCell;
use std::rc::Rc;

use slint::{Model, ModelRc, VecModel};

/// The rows of a list, with what each of them was made from.
pub(super) struct Rows<S, R: Clone + 'static> {
    model: Rc<VecModel<R>>,
    sources: RefCell<Vec<S>>,
}

impl<S: Clone + PartialEq, R: Clone + 'static> Rows<S, R> {
    pub fn new() -> Self {
        Self { model: Rc::new(VecModel::default()), sources: RefCell::default() }
    }

    /// What Slint is given, once.
    pub fn model(&self) -> ModelRc<R> {
        ModelRc::from(Rc::clone(&self.model))
    }

    /// Shows these.
    pub fn show(&self, sources: impl IntoIterator<Item = S>, row: impl Fn(&S) -> R) {
        let next: Vec<S> = sources.into_iter().collect();
        let last = self.sources.replace(next.clone());
        for (place, source) in next.iter().enumerate() {
            match last.get(place) {
                Some(shown) if shown == source => {}
                Some(_) => self.model.set_row_data(place, row(source)),
                None => self.model.push(row(source)),
            }
        }
        for place in (next.len()..self.model.row_count()).rev() {
            self.model.remove(place);
        }
    }

    /// Shows nothing.
    pub fn clear(&self) {
        self.sources.borrow_mut().clear();
        if self.model.row_count() > 0 {
            self.model.set_vec(Vec::new());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_is_made_again() {
        let made = RefCell::new(Vec::new());
        let rows = Rows::<i32, String>::new();
        let row = |n: &i32| {
            made.borrow_mut().push(*n);
            n.to_string()
        };
        rows.show([1, 2, 3], row);
        rows.show([1, 5], row);
        rows.show([1, 5, 6], row);
        assert_eq!(*made.borrow(), [1, 2, 3, 5, 6]);
        assert_eq!(rows.model().iter().collect::<Vec<_>>(), ["1", "5", "6"]);
        rows.clear();
        assert_eq!(rows.model().row_count(), 0);
    }
}
