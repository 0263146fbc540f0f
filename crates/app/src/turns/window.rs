//! Chooses which earlier messages the model sees.

use chatloom_domain::message::{Author, Message, MessageContent};
use chatloom_domain::usage::estimate_tokens;
use chatloom_domain::workflow::Agent;
use chatloom_ports::chat_model::ModelMessage;

/// The newest earlier messages, as many as a workflow shows its model; `shown` is the workflow's own number.
pub(super) fn newest(mut history: Vec<Message>, shown: Option<u32>) -> Vec<Message> {
    let shown = shown.unwrap_or(Agent::DEFAULT_HISTORY_MESSAGES) as usize;
    let older = history.len().saturating_sub(shown);
    history.split_off(older)
}

/// The newest earlier messages that fit into `max_tokens` (counted by [`estimate_tokens`]), then the question.
///
/// Whole exchanges are kept or dropped: the conversation is cut only before a message of the visitor. The question
/// itself is always there.
pub(super) fn conversation(
    history: Vec<Message>,
    question: &MessageContent,
    max_tokens: usize,
) -> Vec<ModelMessage> {
    let (mut spent, max_tokens) = (0, max_tokens as u64);
    let mut kept_from = history.len();
    for (index, message) in history.iter().enumerate().rev() {
        spent += estimate_tokens(&message.content);
        if spent > max_tokens {
            break;
        }
        if message.author == Author::User {
            kept_from = index;
        }
    }
    let kept = history.into_iter().skip(kept_from);
    let mut messages: Vec<_> = kept
        .filter(|message| !message.content.is_empty())
        .map(|message| ModelMessage { author: message.author, content: message.content })
        .collect();
    messages.push(ModelMessage { author: Author::User, content: question.as_str().to_owned() });
    messages
}

#[cfg(test)]
mod tests {
    use chatloom_domain::Timestamp;
    use chatloom_domain::id::MessageId;
    use chatloom_domain::message::MessageStatus;
    use uuid::Uuid;

    use super::*;

    fn check(history: &[(Author, usize)], max_tokens: usize, expected: &[u64]) {
        let history = history.iter().zip(1..).map(|(&(author, tokens), seq)| Message {
            id: MessageId::from_uuid(Uuid::from_u128(seq)),
            seq: i64::try_from(seq).unwrap(),
            author,
            content: "x".repeat(tokens * 7 / 2),
            status: MessageStatus::Complete,
            turn_id: None,
            created_at: Timestamp::UNIX_EPOCH,
        });
        let question = MessageContent::parse("why?").unwrap();
        let messages = conversation(history.collect(), &question, max_tokens);
        let (last, earlier) = messages.split_last().unwrap();
        assert_eq!(last.content, "why?");
        assert!(earlier.first().is_none_or(|first| first.author == Author::User));
        let sizes: Vec<_> = earlier.iter().map(|message| estimate_tokens(&message.content)).collect();
        assert_eq!(sizes, expected);
    }

    #[test]
    fn the_window_is_cut_only_before_a_message_of_the_visitor() {
        use Author::{Assistant, User};
        let history = [(User, 10), (Assistant, 20), (User, 30), (Assistant, 40)];
        check(&history, 1000, &[10, 20, 30, 40]);
        check(&history, 100, &[10, 20, 30, 40]);
        check(&history, 99, &[30, 40]);
        check(&history, 70, &[30, 40]);
        check(&history, 69, &[]);
        check(&[], 0, &[]);
    }

    #[test]
    fn a_window_that_begins_with_an_answer_is_cut_to_the_next_question() {
        use Author::{Assistant, User};
        check(&[(Assistant, 10), (User, 20), (Assistant, 30)], 1000, &[20, 30]);
    }
}
