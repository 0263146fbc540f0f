//! A model that needs no network: fixed answers by simple rules, for demos and for trying things out.

mod answers;
mod quote;

use std::time::Duration;

use async_trait::async_trait;
use chatloom_domain::message::Author;
use chatloom_ports::chat_model::{ChatModel, ModelError, ModelEvent, ModelFinish, ModelRequest, ModelStream};

/// Answers at the pace of a real model, the same answer to the same question.
#[derive(Debug, Clone)]
pub struct ScriptedModel {
    pace: Duration,
}

impl ScriptedModel {
    /// A model that waits so long before each piece of about one word; zero does not wait.
    pub const fn new(pace: Duration) -> Self {
        Self { pace }
    }
}

impl Default for ScriptedModel {
    /// 40 pieces a second, which is what a quick model sends and an eye can follow.
    fn default() -> Self {
        Self::new(Duration::from_millis(25))
    }
}

#[async_trait]
impl ChatModel for ScriptedModel {
    async fn stream(&self, request: ModelRequest) -> Result<ModelStream, ModelError> {
        let asked = request.messages.iter().rev().find(|message| message.author == Author::User);
        let answer = answers::answer(asked.map_or("", |message| message.content.as_str()));
        let pace = self.pace;
        let usage = usage(&request, &answer);
        Ok(Box::pin(async_stream::stream! {
            for piece in pieces(&answer) {
                if !pace.is_zero() {
                    tokio::time::sleep(pace).await;
                }
                yield Ok(ModelEvent::Text(piece.to_owned()));
            }
            yield Ok(usage);
            yield Ok(ModelEvent::Finish(ModelFinish::Stop));
        }))
    }
}

/// Cuts a text behind its blanks, so that each piece is about a word, as tokens are.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive([' ', '\n'])
}

/// Tokens by the rule of thumb of four characters each, which is as good as an estimate gets without a vocabulary.
fn usage(request: &ModelRequest, answer: &str) -> ModelEvent {
    let instructions = request.instructions.chars().count();
    let asked: usize = request.messages.iter().map(|message| message.content.chars().count()).sum();
    let tokens = |characters: usize| u64::try_from(characters.div_ceil(4)).ok();
    ModelEvent::Usage { input: tokens(instructions + asked), output: tokens(answer.chars().count()) }
}

#[cfg(test)]
mod tests {
    use chatloom_domain::workflow::ModelName;
    use chatloom_ports::chat_model::ModelMessage;
    use futures::{FutureExt, StreamExt};

    use super::*;

    /// Everything the model says to a question, without waiting for anything.
    fn ask(question: &str) -> Vec<ModelEvent> {
        let request = ModelRequest {
            model: ModelName::parse("demo").unwrap(),
            instructions: "Be kind.".to_owned(),
            messages: vec![ModelMessage { author: Author::User, content: question.to_owned() }],
            temperature: None,
            max_output_tokens: None,
        };
        let model = ScriptedModel::new(Duration::ZERO);
        let stream = model.stream(request).now_or_never().unwrap().unwrap();
        stream.map(Result::unwrap).collect().now_or_never().unwrap()
    }

    fn text(question: &str) -> String {
        let words = |event| match event {
            ModelEvent::Text(text) => Some(text),
            _ => None,
        };
        ask(question).into_iter().filter_map(words).collect()
    }

    #[test]
    fn it_says_what_it_is_and_how_to_get_a_real_one() {
        for question in ["What is this?", "hello", "help me"] {
            let answer = text(question);
            assert!(answer.contains("scripted"), "{answer}");
            assert!(answer.contains("OPENAI_API_KEY"), "{answer}");
        }
    }

    #[test]
    fn the_default_answer_shows_a_quote_a_list_code_and_a_link() {
        let answer = text("Do you ship to Ghent?");
        for part in ["> Do you ship to Ghent?", "\n- ", "\n```", "](https://"] {
            assert!(answer.contains(part), "{part:?} in {answer}");
        }
    }

    #[test]
    fn different_questions_have_different_answers() {
        let answers =
            ["hello", "show me code", "a table please", "a list", "help", "what does it cost?"].map(text);
        for (i, one) in answers.iter().enumerate() {
            assert!(answers[i + 1..].iter().all(|other| one != other), "{one}");
        }
    }

    #[test]
    fn the_same_question_has_the_same_answer() {
        assert!(ask("What does it cost?") == ask("What does it cost?"));
    }

    #[test]
    fn usage_is_estimated_and_the_end_is_marked_once() {
        let events = ask("hello");
        let [.., ModelEvent::Usage { input: Some(4), output: Some(output) }, last] = &events[..] else {
            panic!("no usage before the end")
        };
        assert!(*output > 10);
        assert!(*last == ModelEvent::Finish(ModelFinish::Stop));
        assert!(events.iter().all(|event| !matches!(event, ModelEvent::Text(text) if text.is_empty())));
    }

    #[tokio::test(start_paused = true)]
    async fn it_waits_before_each_piece() {
        let begun = tokio::time::Instant::now();
        let request = ModelRequest {
            model: ModelName::parse("demo").unwrap(),
            instructions: "Be kind.".to_owned(),
            messages: Vec::new(),
            temperature: None,
            max_output_tokens: None,
        };
        let mut stream = ScriptedModel::new(Duration::from_secs(1)).stream(request).await.unwrap();
        stream.next().await.unwrap().unwrap();
        stream.next().await.unwrap().unwrap();
        assert_eq!(begun.elapsed().as_secs(), 2);
    }
}
