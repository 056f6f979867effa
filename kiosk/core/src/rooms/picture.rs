//! *Skift billede*: the kiosk has no camera, so a code leads to a page on somebody's own telephone.
//!
//! Pure. **Invariant:** the profile it came from waits as it was left, with what was typed in it; the link is shown as long as it works
//! and forgotten with the room.

use madkort_protocol::{OperationId, PersonKind, PicturePage, PicturePageRequest, PicturePageState};

use super::{Around, Inside, ProfileRoom, ProfileStep, Room};
use crate::{Beep, Effect, FormProblem, Intent, PictureState};

/// A picture being changed on a telephone.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PictureRoom {
    /// Where Back leads, as it was left.
    pub from: Box<ProfileRoom>,
    /// The page that is followed.
    pub id: OperationId,
    /// As the server opened it, with its link.
    pub page: Option<Box<PicturePage>>,
    pub state: PictureState,
}

impl PictureRoom {
    /// Back to the profile, which says what is wrong, if something is.
    fn back(self, problem: Option<FormProblem>) -> Room {
        let mut from = self.from;
        if let ProfileStep::Open(form) = &mut from.step {
            form.problem = problem;
        }
        Room::Profile(*from)
    }
}

impl Inside {
    /// Whether that profile's picture can be changed here: a guest card has nobody behind it.
    pub fn may_change_picture(&self, room: &ProfileRoom) -> bool {
        matches!(room.step, ProfileStep::Open(_)) && self.visitor.person.kind != PersonKind::Guest
    }

    pub(super) fn enter_picture(&self, mut from: ProfileRoom, id: OperationId, around: &Around) -> (Room, Vec<Effect>) {
        if !self.may_change_picture(&from) {
            return (Room::Profile(from), vec![]);
        }
        if let ProfileStep::Open(form) = &mut from.step {
            form.problem = (!around.link.is_online()).then_some(FormProblem::NeedsConnection);
            form.saved = false;
        }
        if !around.link.is_online() {
            return (Room::Profile(from), vec![]);
        }
        let request =
            PicturePageRequest { id, card: self.visitor.card, person: from.person, language: around.language };
        let room = PictureRoom { from: Box::new(from), id, page: None, state: PictureState::Opening };
        (Room::Picture(room), vec![Effect::OpenPicturePage(Box::new(request))])
    }

    pub(super) fn hand_in_picture(
        &self,
        room: PictureRoom,
        intent: &Intent,
        fresh: OperationId,
        around: &Around,
    ) -> (Room, Vec<Effect>) {
        let id = room.id;
        match (room.state, intent) {
            (PictureState::Opening | PictureState::Expired, Intent::Back) => {
                (room.back(None), vec![Effect::ForgetDeposit(id)])
            }
            (_, Intent::Back) => (room.back(None), vec![Effect::ForgetDeposit(id), Effect::CancelPicturePage(id)]),
            (PictureState::Expired, Intent::LookAgain) => self.enter_picture(*room.from, fresh, around),
            _ => (Room::Picture(room), vec![]),
        }
    }

    /// The server's word on a page for a picture.
    pub fn picture_page_is(&mut self, page: Box<PicturePage>) -> Vec<Effect> {
        match &mut self.room {
            Room::Picture(room) if room.id == page.id => match page.state {
                PicturePageState::Changed => {
                    let mut from = (*room.from).clone();
                    from.picture = None;
                    let person = from.person;
                    self.room = Room::Profile(from);
                    return vec![Effect::LoadPicture(person), Effect::Beep(Beep::Done)];
                }
                PicturePageState::Open => {
                    room.state = PictureState::Waiting;
                    // Its link is told once, and not by those who look how it stands.
                    if page.url.is_some() {
                        room.page = Some(page);
                    }
                }
                PicturePageState::Cancelled | PicturePageState::Expired => room.state = PictureState::Expired,
            },
            // Given up here in the moment in which it was done there.
            Room::Profile(room) if room.person == page.person && page.state == PicturePageState::Changed => {
                room.picture = None;
                return vec![Effect::LoadPicture(page.person)];
            }
            _ => {}
        }
        vec![]
    }

    /// No word on such a page, or no.
    pub fn picture_page_failed(&mut self, id: OperationId, problem: FormProblem) {
        let Room::Picture(room) = &mut self.room else { return };
        if room.id != id {
            return;
        }
        match room.state {
            PictureState::Opening => self.room = room.clone().back(Some(problem)),
            PictureState::Waiting => room.state = PictureState::OutOfSight,
            PictureState::OutOfSight | PictureState::Expired => {}
        }
    }
}
