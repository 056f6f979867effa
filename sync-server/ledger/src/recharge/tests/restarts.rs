//! What a start makes of a purchase that nobody has looked at, and when somebody has.

use super::*;

#[test]
fn a_restart_charges_for_what_would_have_been_charged_then() {
    let restarted = |missed: Timestamp, facts: Facts| {
        let facts = Facts { purchase: Some(Cause { id: id(42), at: missed }), ..facts };
        State::Armed.update(Event::Restarted, &facts).0.open().map(|open| open.attempt.cause)
    };
    assert_eq!(restarted(NOW - SignedDuration::from_mins(5), ready()), Some(id(42)));
    let morning = danish::start_of(danish::day_of(NOW));
    assert_eq!(restarted(morning, ready()), Some(id(42)));
    assert_eq!(restarted(morning - SignedDuration::from_secs(1), ready()), None, "yesterday's");
    // Made while the last charge was on its way, or within the cool-down after it: it has passed now, and had not then.
    let last_success = NOW.checked_sub(SignedDuration::from_hours(1)).ok();
    let minutes_after = |minutes| {
        let missed = last_success.unwrap() + SignedDuration::from_mins(minutes);
        restarted(missed, Facts { last_success, ..ready() })
    };
    assert_eq!([-1, 0, 9, 10].map(minutes_after), [None, None, None, Some(id(42))]);
    // And what forbids a charge now forbids one.
    assert_eq!(restarted(NOW, Facts { balance: BELOW, ..ready() }), None);
    let charged = Charged { day: ready().caps.day, ..Charged::default() };
    assert_eq!(restarted(NOW, Facts { charged, ..ready() }), None);
    let none = Facts { purchase: None, ..ready() };
    assert_eq!(State::Armed.update(Event::Restarted, &none), (State::Armed, vec![]));
}

#[test]
fn whoever_is_asked_has_looked() {
    let paused = State::Suspended(Stop::Paused);
    for state in [State::Armed, State::NotArmed, charging(), paused] {
        for event in [Event::Posted, Event::PaidIn, Event::Restarted] {
            assert!(state.has_looked(event, &state), "{event:?}");
        }
        for event in [Event::TimePassed, Event::Sending, Event::Paused, Event::Resumed, Event::CardChanged] {
            assert!(!state.has_looked(event, &state), "{event:?}");
        }
    }
    assert!(paused.has_looked(Event::Resumed, &State::Armed), "the next purchase decides");
    assert!(State::Suspended(Stop::CardGone).has_looked(Event::CardChanged, &State::Armed));
}
