//! What the model says: a text that follows from the question and from how often it was asked.
//!
//! Every session, question and call has a text of its own, so an answer that ends up in the wrong place, or that is put
//! together from two calls, is no prefix of what it should be.

use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::random::Random;

/// Awkward on the wire, in JSON, in SQL and in event streams.
const WORDS: &[&str] = &[
    "and ",
    "then ",
    "größer ",
    "\"quoted\" ",
    "it's ",
    "\\n ",
    "line\n",
    "data: ",
    "%s ",
    "漢字 ",
    "🦀 ",
    "\r\n",
];

/// What a question says whose answer is to take its time among quick ones.
pub const UNHURRIED: &str = "Take your time";

/// How fast answers come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// 10 to 60 pieces with 20 to 100 ms between them.
    Spoken,
    /// 20 to 60 pieces with 2 to 30 ms between them, where many connections are to meet an answer under way.
    Brisk,
    /// 4 to 8 pieces with a millisecond between them, where many answers are wanted and none is to be interrupted;
    /// with 150 ms between them where the question is [`UNHURRIED`].
    Quick,
}

/// One answer of the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// The pieces in order; each with the pause that comes before it.
    pub pieces: Vec<(Duration, String)>,
    /// Whether the model refuses this call with a 503 before it says anything. About one first call in 25 is refused.
    pub refused: bool,
}

impl Script {
    /// The answer to a question's `call`-th call, counted from 1.
    pub fn of(question: &str, call: u32, pace: Pace) -> Self {
        let digest = Sha256::new().chain_update(question).chain_update(call.to_be_bytes()).finalize();
        let seed = digest.iter().take(8).fold(0, |seed, byte| seed << 8 | u64::from(*byte));
        let mut random = Random::of(seed, "script");
        let refused = pace == Pace::Spoken && call == 1 && random.percent(4);
        let (count, least, most) = match pace {
            Pace::Spoken => (random.between(10, 60), 20, 100),
            Pace::Brisk => (random.between(20, 60), 2, 30),
            Pace::Quick if question.contains(UNHURRIED) => (random.between(4, 8), 150, 150),
            Pace::Quick => (random.between(4, 8), 1, 1),
        };
        let pause = |random: &mut Random| Duration::from_millis(random.between(least, most));
        let heading = format!("{}#{call} ", label_of(question).unwrap_or_default());
        let mut pieces = vec![(pause(&mut random), heading)];
        for number in 1..count {
            let word = random.pick("so ", WORDS);
            pieces.push((pause(&mut random), format!("{number}{word}")));
        }
        Self { pieces, refused }
    }

    /// The whole text.
    pub fn text(&self) -> String {
        self.pieces.iter().map(|(_, piece)| piece.as_str()).collect()
    }

    /// The number of the piece that holds the byte at this offset; the last one for what lies behind the end.
    pub fn piece_at(&self, offset: usize) -> usize {
        let mut end = 0;
        let behind = self.pieces.iter().position(|(_, piece)| {
            end += piece.len();
            offset < end
        });
        behind.unwrap_or(self.pieces.len().saturating_sub(1))
    }
}

/// A question that nobody else asks: its label, and text that is awkward to carry.
pub fn question(session: &str, number: u32, random: &mut Random) -> String {
    let words: String = (0..random.between(1, 8)).map(|_| random.pick("why ", WORDS)).collect();
    format!("«{session}q{number}» {}?", words.trim())
}

/// `«session q number»` at the beginning of a question or an answer, both brackets included. An answer's label is
/// followed by the number of its call.
pub fn label_of(text: &str) -> Option<&str> {
    let end = text.find('»')?;
    text.starts_with('«').then(|| &text[..end + '»'.len_utf8()])
}

/// The session that a question or an answer belongs to.
pub fn session_of(text: &str) -> Option<&str> {
    let (session, _) = label_of(text)?.trim_start_matches('«').rsplit_once('q')?;
    Some(session)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(session: &str, number: u32) -> String {
        question(session, number, &mut Random::of(1, "questions"))
    }

    #[test]
    fn a_script_follows_from_question_and_call_alone() {
        let first = sample("c1s1", 1);
        assert_eq!(Script::of(&first, 1, Pace::Spoken), Script::of(&first, 1, Pace::Spoken));
        let others = [
            Script::of(&first, 2, Pace::Spoken),
            Script::of(&sample("c1s1", 2), 1, Pace::Spoken),
            Script::of(&sample("c1s2", 1), 1, Pace::Spoken),
        ];
        let text = Script::of(&first, 1, Pace::Spoken).text();
        assert!(others.iter().all(|other| !other.text().starts_with(&text[..20])));
    }

    #[test]
    fn scripts_have_the_length_and_the_pauses_that_they_promise() {
        for number in 0..50 {
            let script = Script::of(&sample("c1s1", number), 1, Pace::Spoken);
            assert!((10..=60).contains(&script.pieces.len()));
            let pauses = script.pieces.iter().map(|(pause, _)| pause.as_millis());
            assert!(pauses.into_iter().all(|pause| (20..=100).contains(&pause)));
        }
    }

    #[test]
    fn labels_name_the_session_in_questions_and_answers() {
        let question = sample("r0c12s3", 4);
        assert_eq!(session_of(&question), Some("r0c12s3"));
        assert_eq!(session_of(&Script::of(&question, 2, Pace::Spoken).text()), Some("r0c12s3"));
        assert_eq!(session_of("Hello"), None);
        assert_eq!(question.trim(), question, "the service would trim it");
    }

    #[test]
    fn a_byte_belongs_to_the_piece_that_holds_it() {
        let pause = Duration::ZERO;
        let pieces = vec![(pause, "ab".to_owned()), (pause, "c".to_owned())];
        let script = Script { pieces, refused: false };
        assert_eq!([0, 1, 2, 3].map(|offset| script.piece_at(offset)), [0, 0, 1, 1]);
    }
}
