//! Cases of `SessionStore`: challenges of bot checks, each of which opens one session.

use chatloom_domain::Timestamp;
use chatloom_domain::widget::Widget;
use chatloom_ports::store::SaveOutcome;
use chatloom_ports::store::sessions::{OpenSessionError, SpentChallenge};
use jiff::SignedDuration;

use super::Subject;
use super::subject::at_once;
use crate::sample;

fn challenge(n: u32, expires_at: Timestamp) -> SpentChallenge {
    SpentChallenge { id: sample::challenge_id(n), expires_at }
}

async fn add_widget(subject: &Subject) -> Widget {
    subject.add_widget(subject.add_team(1).await, 1).await
}

/// Nothing is stored and nothing counted, and another challenge opens the same session.
pub async fn open_session_is_refused_with_a_spent_challenge(subject: &Subject) {
    let widget = add_widget(subject).await;
    let sessions = &subject.stores.sessions;
    let (first, second) = (sample::chat_session(widget.id, 1), sample::chat_session(widget.id, 2));
    sessions.open_session(&first, 1, Some(challenge(1, sample::at(300)))).await.unwrap();
    for expires_at in [300, 301] {
        let opened = sessions.open_session(&second, 1, Some(challenge(1, sample::at(expires_at)))).await;
        assert!(matches!(opened, Err(OpenSessionError::ChallengeSpent)), "{opened:?}");
    }
    assert_eq!(sessions.find_session(second.id).await.unwrap(), None);
    assert_eq!(total_sessions(subject, &widget).await, 1);
    sessions.open_session(&second, 1, Some(challenge(2, sample::at(300)))).await.unwrap();
    assert_eq!(total_sessions(subject, &widget).await, 2);
}

/// The one that is opened is the one that is stored.
pub async fn of_many_sessions_at_once_a_challenge_opens_exactly_one(subject: &Subject) {
    let widget = add_widget(subject).await;
    let opened = at_once(subject, 8, |stores, n| {
        let session = sample::chat_session(widget.id, n);
        async move {
            match stores.sessions.open_session(&session, 1, Some(challenge(1, sample::at(300)))).await {
                Ok(()) => Some(session.id),
                Err(OpenSessionError::ChallengeSpent) => None,
                Err(error) => panic!("{error:?}"),
            }
        }
    });
    let opened: Vec<_> = opened.await.into_iter().flatten().collect();
    let [session] = opened[..] else { panic!("{opened:?}") };
    assert!(subject.stores.sessions.find_session(session).await.unwrap().is_some());
    assert_eq!(total_sessions(subject, &widget).await, 1);
}

/// The widget changed between check and write: the visitor need not work again.
pub async fn a_session_that_is_refused_spends_no_challenge(subject: &Subject) {
    let widget = add_widget(subject).await;
    assert_eq!(
        subject.stores.widgets.save_widget(&widget, &sample::audit_record()).await.unwrap(),
        SaveOutcome::Saved
    );
    let (sessions, session) = (&subject.stores.sessions, sample::chat_session(widget.id, 1));
    let refused = sessions.open_session(&session, 1, Some(challenge(1, sample::at(300)))).await;
    assert!(matches!(refused, Err(OpenSessionError::WidgetChanged)), "{refused:?}");
    sessions.open_session(&session, 2, Some(challenge(1, sample::at(300)))).await.unwrap();
}

/// One that ends at the moment itself is kept, to the microsecond.
pub async fn prune_spent_challenges_forgets_those_that_expired_before(subject: &Subject) {
    let widget = add_widget(subject).await;
    let sessions = &subject.stores.sessions;
    let (early, moment) = (sample::at(300) - SignedDuration::from_micros(1), sample::at(300));
    for (n, expires_at) in [(1, early), (2, moment), (3, sample::at(301))] {
        let session = sample::chat_session(widget.id, n);
        sessions.open_session(&session, 1, Some(challenge(n, expires_at))).await.unwrap();
    }
    assert_eq!(sessions.prune_spent_challenges(early).await.unwrap(), 0);
    assert_eq!(sessions.prune_spent_challenges(moment).await.unwrap(), 1);
    for n in [2, 3] {
        let session = sample::chat_session(widget.id, 10 + n);
        let opened = sessions.open_session(&session, 1, Some(challenge(n, moment))).await;
        assert!(matches!(opened, Err(OpenSessionError::ChallengeSpent)), "{opened:?}");
    }
    sessions.open_session(&sample::chat_session(widget.id, 11), 1, Some(challenge(1, moment))).await.unwrap();
    assert_eq!(sessions.prune_spent_challenges(sample::at(302)).await.unwrap(), 3);
}

async fn total_sessions(subject: &Subject, widget: &Widget) -> u64 {
    let widgets = &subject.stores.widgets;
    let stats = widgets.find_widget_stats(widget.team_id, widget.id, sample::day_start()).await.unwrap();
    stats.unwrap_or_default().total_sessions
}
