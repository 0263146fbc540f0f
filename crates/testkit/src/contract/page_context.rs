//! Cases of `TurnStore`: what a page said of itself stays with its question, and goes with it.

use std::collections::BTreeMap;

use chatloom_domain::customization::Data;
use chatloom_domain::message::Question;
use chatloom_domain::page_context::PageContext;
use chatloom_ports::store::turns::NewTurn;

use super::Subject;
use crate::sample;

/// Whatever was written in it, and for a new generation, too.
pub async fn a_question_comes_back_with_what_its_page_said(subject: &Subject) {
    let session = subject.first_session().await;
    let turns = &subject.stores.turns;
    for (n, context) in [(1, Some(awkward())), (2, None), (3, Some(longest()))] {
        let question = Question { context, ..sample::content(&format!("Question {n}?")).into() };
        let new = NewTurn { question: question.clone(), ..sample::new_turn(&session, n) };
        turns.begin_turn(&new).await.unwrap();
        let found = turns.find_question(session.id, new.turn.id).await.unwrap().unwrap();
        assert_same(&found, &question);
        subject.break_off(new.turn, "Half").await;
        let retried = turns.retry_turn(&sample::turn_retry(&session, n)).await.unwrap();
        assert_same(&retried.question, &question);
        subject.complete(retried.turn, "Whole.", sample::at(1)).await;
    }
}

/// A turn of another session, and one that is not there.
pub async fn find_question_needs_a_turn_of_the_session(subject: &Subject) {
    let session = subject.first_session().await;
    let turn = subject.begin_turn(&session, 1).await;
    let turns = &subject.stores.turns;
    assert!(turns.find_question(sample::session_id(2), turn.id).await.unwrap().is_none());
    assert!(turns.find_question(session.id, sample::turn_id(9)).await.unwrap().is_none());
}

/// It lies with the message, so nothing has to think of it.
pub async fn what_a_page_said_goes_with_its_session(subject: &Subject) {
    let session = subject.first_session().await;
    let question = Question { context: Some(awkward()), ..sample::content("Hi").into() };
    let new = NewTurn { question, ..sample::new_turn(&session, 1) };
    subject.stores.turns.begin_turn(&new).await.unwrap();
    subject.complete(new.turn, "Answer.", sample::at(1)).await;
    assert!(subject.stores.sessions.erase_session(session.id).await.unwrap());
    assert!(subject.stores.turns.find_question(session.id, new.turn.id).await.unwrap().is_none());
}

/// Neither prints its text, so equality is asked for as such.
fn assert_same(found: &Question, expected: &Question) {
    let line = |question: &Question| question.context.as_ref().map(|context| context.as_line().to_owned());
    assert_eq!(found.content.as_str(), expected.content.as_str());
    assert_eq!(line(found), line(expected));
}

fn awkward() -> PageContext {
    let text = "¿\"qué\"? 'so' \\ 👨‍👩‍👧‍👦\r\n\t\u{1}\u{85}\u{2028}\u{fffd} %_;--";
    let numbers = [5e-324, f64::MAX, 1.0 / 3.0, -0.0].map(Data::Float);
    let entries = [
        (text, Data::Text(text.to_owned())),
        ("greatest", Data::Int(i64::MAX)),
        ("list", Data::List(vec![Data::Null, Data::Bool(true), Data::List(numbers.into())])),
        ("", Data::Object(BTreeMap::new())),
    ];
    PageContext::parse(&Data::Object(entries.map(|(key, value)| (key.to_owned(), value)).into())).unwrap()
}

fn longest() -> PageContext {
    let text = Data::Text("é".repeat((PageContext::MAX_BYTES - r#"{"a":""}"#.len()) / 2));
    PageContext::parse(&Data::Object([("a".to_owned(), text)].into())).unwrap()
}
