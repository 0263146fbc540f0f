//! A session from its opening to its erasure.

use std::time::Duration;

use super::{Client, SessionPlan};
use crate::chat::{ChatKey, messages_of, open_session};
use crate::evidence::{Outcome, Session};

/// Enough for the longest fault of a round.
const ATTEMPTS: u32 = 30;

impl Client {
    /// Opens a session and does what the plan says; gives whether it could be opened.
    pub(super) async fn work_through(&mut self, plan: SessionPlan) -> bool {
        let Some(key) = self.open(&plan).await else { return false };
        let mut session = Session {
            label: plan.label,
            id: key.session.clone(),
            widget: plan.widget,
            erased: None,
            after_erasure: Vec::new(),
            asked: Vec::new(),
            history: None,
        };
        for ask in plan.questions {
            if self.stage.is_closing() {
                break;
            }
            let afterwards = ask.afterwards;
            self.ask(&mut session, &key, ask).await;
            if afterwards.read_history {
                self.read_history(&session, &key).await;
            }
            self.stage.pause(Duration::from_millis(afterwards.rest_ms)).await;
        }
        if plan.erase {
            self.erase(&mut session, &key).await;
        }
        self.harvest.sessions.push((session, key));
        true
    }

    async fn open(&mut self, plan: &SessionPlan) -> Option<ChatKey> {
        let token = self.stage.widgets[plan.widget].token.clone();
        while !self.stage.is_closing() {
            let door = self.stage.any_door(&mut self.detours);
            let answer = self.stage.ask(&plan.label, "open", door, &open_session(&token)).await;
            match answer.outcome {
                Outcome::Ok => return ChatKey::of(&token, &answer.body),
                Outcome::Unknown => self.harvest.doubtful_sessions[plan.widget] += 1,
                Outcome::Fail if (400..500).contains(&answer.status) => {
                    self.stage.odd(
                        &plan.label,
                        format!("opening {} was answered {}", plan.label, answer.summary()),
                    );
                }
                Outcome::Fail => {}
            }
            self.stage.pause(Duration::from_millis(self.detours.between(50, 300))).await;
        }
        None
    }

    /// Reads the history in the middle of everything: what was acknowledged before is in it.
    async fn read_history(&mut self, session: &Session, key: &ChatKey) {
        let door = self.stage.any_door(&mut self.detours);
        let answer = self.stage.ask(&session.label, "read the history", door, &key.history()).await;
        if (400..500).contains(&answer.status) {
            self.stage.odd(
                &session.label,
                format!("the history of {} was answered {}", session.label, answer.summary()),
            );
        }
        let Some(messages) = messages_of(&answer.body) else { return };
        for asked in session.asked.iter().filter(|asked| asked.outcome == Outcome::Ok) {
            if !messages.iter().any(|message| message.content == asked.content) {
                self.stage.odd(
                    &session.label,
                    format!("{:?} was acknowledged and not in a later history", asked.content),
                );
            }
        }
    }

    async fn erase(&mut self, session: &mut Session, key: &ChatKey) {
        let stage = self.stage.clone();
        let (answer, doubtful) =
            stage.insist(&session.label, "erase", &mut self.detours, &key.erase(), ATTEMPTS).await;
        session.erased = Some(match answer.status {
            204 => Outcome::Ok,
            // An attempt before did it, and its answer was lost.
            404 if doubtful => Outcome::Ok,
            0 | 500.. => Outcome::Unknown,
            _ => {
                stage.odd(
                    &session.label,
                    format!("erasing {} was answered {}", session.label, answer.summary()),
                );
                Outcome::Unknown
            }
        });
        if session.erased == Some(Outcome::Ok) {
            let door = stage.any_door(&mut self.detours);
            let answer = stage.ask(&session.label, "read the erased history", door, &key.history()).await;
            session.after_erasure.push(answer.status);
        }
    }
}
