//! What the screen says to an ear: the `accessible-label`s of everything on it, in the order in which it stands there.
//!
//! **Invariant:** without a headset nothing is said that is on a page of somebody's own, and no digit of a number or code
//! (EN 301 549, 5.1.3.8 and 5.1.3.9): a balance is never heard by the line. Through the reading glass the digits of a code are not
//! seen either.

use i_slint_core::accessibility::AccessibleStringProperty as Property;
use i_slint_core::item_tree::ItemRc;
use i_slint_core::items::AccessibleRole;
use i_slint_core::window::WindowInner;
use slint::ComponentHandle;

use super::screens as ui;

/// What may be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hearing {
    /// One person's, in a headset.
    Private,
    /// Everybody's.
    Loud,
    /// Whoever stands close enough to read the page: read through the glass, from further away than the page itself.
    Seen,
}

/// The words of the page, one thing a line; without its controls, which are heard when they have the focus.
pub(super) fn page(window: &ui::AppWindow, hearing: Hearing) -> Vec<String> {
    if is_personal(window) && hearing == Hearing::Loud {
        let words = window.global::<ui::Spoken>();
        return match window.global::<ui::Api>().get_warning() {
            // The question is everybody's: who does not hear it is thrown out.
            seconds @ 0.. => vec![words.get_still_here().into(), words.invoke_closes_in(seconds).into()],
            _ => vec![words.get_headset_only().into()],
        };
    }
    let inner = WindowInner::from_pub(window.window());
    inner.ensure_tree_instantiated();
    let mut lines = Vec::new();
    read(&ItemRc::new_root(inner.component()), &mut lines);
    lines
}

/// What has the focus: its name, what it says beside that, and how it stands.
pub(super) fn focused(window: &ui::AppWindow, hearing: Hearing) -> Option<String> {
    let mut item = WindowInner::from_pub(window.window()).focus_item.borrow().upgrade()?;
    // The focus is on a part of a control; its name is on the whole.
    while !item.is_accessible() || !is_control(item.accessible_role()) {
        item = item.parent_item(i_slint_core::item_tree::ParentItemTraversalMode::StopAtPopups)?;
    }
    let words = window.global::<ui::Spoken>();
    let said = |what| item.accessible_string_property(what).filter(|text| !text.is_empty());
    let label = said(Property::Label)?;
    let digits = label.chars().all(|letter| letter.is_ascii_digit());
    if hearing == Hearing::Seen && digits && is_secret(window) {
        return Some(words.get_digit().into());
    }
    if hearing == Hearing::Loud {
        // Under the question the focus can only be on its answers.
        if is_personal(window) && window.global::<ui::Api>().get_warning() < 0 {
            return None;
        }
        if digits {
            return Some(words.get_digit().into());
        }
    }
    let mut parts = vec![label];
    parts.extend(said(Property::Description));
    if said(Property::Checkable).is_some_and(|checkable| checkable == "true") {
        let checked = said(Property::Checked).is_some_and(|checked| checked == "true");
        parts.push(if checked { words.get_chosen() } else { words.get_not_chosen() });
    }
    if item.accessible_role() == AccessibleRole::TextInput {
        parts.push(said(Property::Value).or_else(|| said(Property::PlaceholderText)).unwrap_or_default());
    }
    Some(parts.iter().filter(|part| !part.is_empty()).map(slint::SharedString::as_str).collect::<Vec<_>>().join(".\n"))
}

/// Whether the page is somebody's own. Where the code is asked for, nothing of anybody is shown yet, and how to go on must be heard.
fn is_personal(window: &ui::AppWindow) -> bool {
    let api = window.global::<ui::Api>();
    api.get_signed_in() && !api.get_adjusting() && api.get_page() != ui::PageKind::Code
}

/// Whether the digits on the page are those of a code or a card.
fn is_secret(window: &ui::AppWindow) -> bool {
    matches!(window.global::<ui::Api>().get_page(), ui::PageKind::Code | ui::PageKind::Number)
}

const fn is_control(role: AccessibleRole) -> bool {
    matches!(role, AccessibleRole::Button | AccessibleRole::Checkbox | AccessibleRole::TextInput)
}

fn read(item: &ItemRc, lines: &mut Vec<String>) {
    if item.is_accessible() {
        let role = item.accessible_role();
        // What is under the glass stands on the page.
        if role == AccessibleRole::Groupbox {
            return;
        }
        let label = item.accessible_string_property(Property::Label).filter(|label| !label.is_empty());
        if !is_control(role)
            && role != AccessibleRole::None
            && let Some(label) = label
        {
            lines.push(label.into());
        }
    }
    let mut child = item.first_child();
    while let Some(here) = child {
        read(&here, lines);
        child = here.next_sibling();
    }
}
