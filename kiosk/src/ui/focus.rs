//! The keyboard's place on the screen: always somewhere, at the top of every new page, moved by two keys.
//!
//! Slint moves the focus by Tab alone, and lets go of it when what had it is gone; a pad of five keys has no Tab, and a key that
//! nobody has the focus for is lost. **Invariant:** after [`settle`] something on the screen has the focus.

use std::rc::Rc;

use i_slint_core::window::WindowInner;
use slint::ComponentHandle;

use super::reader::Reader;
use super::screens as ui;

/// Puts the focus at the top of a new page, and where it was lost.
pub(super) fn settle(window: &ui::AppWindow, new_page: bool) {
    let inner = WindowInner::from_pub(window.window());
    // Parts of a page come and go when it is drawn or touched; before that the focus may be on one that is no longer wanted.
    inner.ensure_tree_instantiated();
    let lost = inner.focus_item.borrow().upgrade().is_none();
    let asked = window.global::<ui::Api>().get_warning() >= 0;
    if lost || (new_page && !asked) {
        window.invoke_begin_page();
        if window.global::<ui::Desk>().get_by_keys() {
            inner.ensure_tree_instantiated();
            inner.focus_next_item();
        }
    }
}

/// The two keys that move.
pub(super) fn listen(window: &ui::AppWindow, readers: [&Rc<Reader>; 2]) {
    let (weak, readers) = (window.as_weak(), readers.map(Rc::clone));
    window.global::<ui::Api>().on_step(move |forward| {
        let Some(window) = weak.upgrade() else { return };
        let inner = WindowInner::from_pub(window.window());
        if forward {
            inner.focus_next_item();
        } else {
            inner.focus_previous_item();
        }
        for reader in &readers {
            reader.moved(&window);
        }
    });
}
