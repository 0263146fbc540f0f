//! Cases of `WidgetStore::find_widget_stats`: what is counted, and when.

use chatloom_domain::Timestamp;
use chatloom_domain::session::ChatSession;
use chatloom_domain::turn::TurnFailure;
use chatloom_domain::usage::{TokenUsage, WidgetStats};
use chatloom_ports::store::turns::{NewTurn, TurnEnd};
use jiff::SignedDuration;

use super::Subject;
use super::subject::{completion, completion_after};
use crate::sample;

/// A widget that nobody has used yet has statistics, all of them zero.
pub async fn stats_of_an_unused_widget_are_zero(subject: &Subject) {
    let team = subject.add_team(1).await;
    subject.add_widget(team, 1).await;
    assert_eq!(stats(subject, 1).await, Some(WidgetStats::default()));
}

/// Neither an unknown widget's nor another team's.
pub async fn find_widget_stats_sees_only_the_teams_own(subject: &Subject) {
    let session = subject.first_session().await;
    let other = subject.add_team(2).await;
    assert_eq!(stats(subject, 9).await, None);
    let widgets = &subject.stores.widgets;
    let found = widgets.find_widget_stats(other, session.widget_id, sample::day_start()).await.unwrap();
    assert_eq!(found, None);
}

/// A session counts when it is opened, a question when the turn begins, the answer and its tokens at the end.
pub async fn sessions_messages_and_tokens_are_counted(subject: &Subject) {
    let session = subject.first_session().await;
    let expected = WidgetStats { total_sessions: 1, active_sessions_today: 1, ..WidgetStats::default() };
    assert_eq!(stats(subject, 1).await, Some(expected));

    let turn = subject.begin_turn(&session, 1).await;
    subject.append(&turn, &["Ans"]).await;
    let expected = WidgetStats { total_messages: 1, ..expected };
    assert_eq!(stats(subject, 1).await, Some(expected));

    let end = completion_after(2, turn, "Answer.", sample::at(1));
    assert!(subject.stores.turns.finish_turn(&end).await.unwrap());
    let token_usage = TokenUsage { input: 10, output: 5 };
    assert_eq!(stats(subject, 1).await, Some(WidgetStats { total_messages: 2, token_usage, ..expected }));
}

/// An answer that never came is no message, but its tokens were spent; one that was cut off is a message.
pub async fn an_answer_counts_as_a_message_if_it_has_text(subject: &Subject) {
    let session = subject.first_session().await;
    let usage = TokenUsage { input: 3, output: 1 };
    for (n, content, total_messages) in [(1, "", 1), (2, "Half", 3)] {
        let turn = subject.begin_turn(&session, n).await;
        let failure = TurnFailure::AnswerInterrupted;
        let ended = turn.break_off(failure, !content.is_empty(), usage, sample::at(1)).unwrap();
        let end = TurnEnd { turn: ended, ..completion(turn, content, sample::at(1)) };
        assert!(subject.stores.turns.finish_turn(&end).await.unwrap());
        let found = stats(subject, 1).await.unwrap();
        assert_eq!(found.total_messages, total_messages);
        let n = u64::from(n);
        assert_eq!(found.token_usage, TokenUsage { input: 3 * n, output: n });
    }
}

/// Each widget has its own numbers.
pub async fn widgets_are_counted_apart(subject: &Subject) {
    let session = subject.first_session().await;
    subject.add_widget(sample::team_id(1), 2).await;
    subject.begin_turn(&session, 1).await;
    assert_eq!(stats(subject, 2).await, Some(WidgetStats::default()));
}

/// Totals are wider than the 32 bits of a single turn's tokens.
pub async fn token_totals_exceed_32_bits(subject: &Subject) {
    let session = subject.first_session().await;
    let usage = TokenUsage { input: 2_000_000_000, output: 2_147_483_647 };
    for n in [1, 2, 3] {
        let turn = subject.begin_turn(&session, n).await;
        let ended = turn.break_off(TurnFailure::TurnTimedOut, true, usage, sample::at(1)).unwrap();
        let end = TurnEnd { turn: ended, ..completion(turn, "Half", sample::at(1)) };
        assert!(subject.stores.turns.finish_turn(&end).await.unwrap());
    }
    let expected = TokenUsage { input: 6_000_000_000, output: 6_442_450_941 };
    assert_eq!(stats(subject, 1).await.unwrap().token_usage, expected);
}

/// A session is active today from the first microsecond of the day in which it is opened or written to.
pub async fn sessions_count_as_active_on_the_day_they_are_used(subject: &Subject) {
    let team = subject.add_team(1).await;
    let widget = subject.add_widget(team, 1).await;
    let day_start = sample::day_start();
    let before = day_start - SignedDuration::from_micros(1);
    for (n, created_at) in [(1, before), (2, before), (3, day_start)] {
        let session = ChatSession { created_at, ..sample::chat_session(widget.id, n) };
        subject.stores.sessions.open_session(&session, 1, None).await.unwrap();
    }
    let found = stats(subject, 1).await.unwrap();
    assert_eq!((found.total_sessions, found.active_sessions_today), (3, 1));

    write(subject, 1, day_start).await;
    let found = stats(subject, 1).await.unwrap();
    assert_eq!((found.total_sessions, found.active_sessions_today), (3, 2));
    // The next day nobody has been there yet.
    let tomorrow = day_start + SignedDuration::from_hours(24);
    let widgets = &subject.stores.widgets;
    let found = widgets.find_widget_stats(team, widget.id, tomorrow).await.unwrap().unwrap();
    assert_eq!((found.total_sessions, found.total_messages, found.active_sessions_today), (3, 1, 0));
}

/// Totals are those of all days.
pub async fn totals_span_days(subject: &Subject) {
    let team = subject.add_team(1).await;
    let widget = subject.add_widget(team, 1).await;
    for n in 1..=3 {
        let at = sample::at(0) - SignedDuration::from_hours(24 * i64::from(n));
        let session = ChatSession { created_at: at, ..sample::chat_session(widget.id, n) };
        subject.stores.sessions.open_session(&session, 1, None).await.unwrap();
        write(subject, n, at).await;
    }
    let found = stats(subject, 1).await.unwrap();
    assert_eq!((found.total_sessions, found.total_messages, found.active_sessions_today), (3, 3, 0));
}

/// Forgetting a conversation does not rewrite what the widget has been used for.
pub async fn totals_survive_the_erasure_of_a_session(subject: &Subject) {
    let session = subject.first_session().await;
    let turn = subject.begin_turn(&session, 1).await;
    subject.complete(turn, "Answer.", sample::at(1)).await;
    assert!(subject.stores.sessions.erase_session(session.id).await.unwrap());
    let found = stats(subject, 1).await.unwrap();
    assert_eq!((found.total_sessions, found.total_messages), (1, 2));
    assert_eq!(found.token_usage, TokenUsage { input: 10, output: 5 });
}

async fn stats(subject: &Subject, widget: u32) -> Option<WidgetStats> {
    let (team, id) = (sample::team_id(1), sample::widget_id(widget));
    subject.stores.widgets.find_widget_stats(team, id, sample::day_start()).await.unwrap()
}

/// Begins turn `n` of session `n` of widget 1.
async fn write(subject: &Subject, n: u32, at: Timestamp) {
    let mut new: NewTurn = sample::new_turn(&sample::chat_session(sample::widget_id(1), n), n);
    new.turn.started_at = at;
    subject.stores.turns.begin_turn(&new).await.unwrap();
}
