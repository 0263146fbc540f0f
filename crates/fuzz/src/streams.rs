//! Answers of model providers: event streams and documents, in both wire formats.

use chatloom_llm::{AnswerReader, Phase};
use chatloom_ports::chat_model::{ModelError, ModelEvent};

type Heard = Vec<Result<ModelEvent, ModelError>>;

/// The first byte chooses the format, the second one how the rest is cut into chunks.
///
/// However the bytes are cut, the answer is the same. It has at most one end and one error, the error last, no text
/// after the end and no empty text, and no more text than came.
pub fn streams(data: &[u8]) {
    let Some((&[format, cuts], body)) = data.split_first_chunk::<2>() else { return };
    let reader = if format % 2 == 0 { AnswerReader::chat_completions } else { AnswerReader::messages };
    let whole = heard(reader(), [body]);
    keeps_the_rules(&whole, body.len());
    assert!(whole == heard(reader(), body.chunks(1)), "byte by byte it is another answer");
    assert!(whole == heard(reader(), cut(body, cuts)), "cut it is another answer");
    let mut document = reader();
    document.read_document(body);
    let told = rest(&mut document);
    assert!(document.phase() == Phase::Closed && !told.is_empty(), "a document says something, and is all");
    keeps_the_rules(&told, body.len());
}

fn heard<'a>(mut reader: AnswerReader, chunks: impl IntoIterator<Item = &'a [u8]>) -> Heard {
    let mut heard = Vec::new();
    for chunk in chunks {
        reader.push(chunk);
        heard.extend(rest(&mut reader));
    }
    reader.end();
    heard.extend(rest(&mut reader));
    assert!(reader.phase() == Phase::Closed, "nothing comes after the end");
    heard
}

fn rest(reader: &mut AnswerReader) -> Heard {
    std::iter::from_fn(|| reader.next_event()).collect()
}

/// Chunks of one to sixteen bytes whose sizes follow from `cuts`.
fn cut(body: &[u8], cuts: u8) -> Vec<&[u8]> {
    let (mut chunks, mut rest, mut state) = (Vec::new(), body, u32::from(cuts));
    while !rest.is_empty() {
        state = state.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        let size = usize::from((state >> 16).to_le_bytes()[0] % 16) + 1;
        let (chunk, after) = rest.split_at(size.min(rest.len()));
        chunks.push(chunk);
        rest = after;
    }
    chunks
}

fn keeps_the_rules(heard: &Heard, came: usize) {
    let (mut has_ended, mut text_bytes) = (false, 0);
    for (at, event) in heard.iter().enumerate() {
        match event {
            Ok(ModelEvent::Text(text)) => {
                assert!(!has_ended && !text.is_empty(), "text after the end, or none");
                text_bytes += text.len();
            }
            Ok(ModelEvent::Finish(_)) => {
                assert!(!has_ended, "a second end");
                has_ended = true;
            }
            Ok(ModelEvent::Reasoning) => assert!(!has_ended, "thoughts after the end"),
            Ok(ModelEvent::Usage { .. }) => {}
            Err(_) => assert!(!has_ended && at + 1 == heard.len(), "an error that is not the last thing"),
        }
    }
    assert!(has_ended || heard.last().is_some_and(Result::is_err), "an answer that just stops");
    // A byte that is no UTF-8 becomes a replacement character of three.
    assert!(text_bytes <= 3 * came, "{text_bytes} bytes of text out of {came}");
}
