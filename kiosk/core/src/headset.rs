//! A headset: whoever plugs one in is read to, in private; whoever pulls it out is gone.
//!
//! Pure. **Invariant:** without it nothing goes on being read, and nothing of a visit that was heard in it stays on the screen
//! (EN 301 549, 5.1.3.9).

use crate::kiosk::Stage;
use crate::{Effect, Kiosk, Notice};

impl Kiosk {
    /// It was put in or pulled out; told twice, it is once.
    pub(crate) fn headset_is(&mut self, plugged: bool) -> Vec<Effect> {
        if std::mem::replace(&mut self.headset, plugged) == plugged {
            return vec![];
        }
        self.looks.aloud = plugged;
        self.touch();
        if plugged || matches!(self.stage, Stage::Waiting { .. }) {
            vec![]
        } else {
            self.end_visit(Some(Notice::Goodbye))
        }
    }
}
