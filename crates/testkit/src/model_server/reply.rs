//! What a test can make the server say.

use std::time::Duration;

use chatloom_ports::chat_model::ModelFinish;
use serde_json::Value;

use super::RecordedRequest;
use super::gate::Gate;
use super::wire::{self, Answer, Format};

/// How a connection ends too soon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Close {
    /// Politely, with a FIN.
    Fin,
    /// Rudely, with an RST.
    Rst,
}

/// One reply: a status, headers, and a body that is written in pieces, each in a chunk and a write of its own.
#[derive(Clone)]
pub struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    content: Content,
    pace: Duration,
    gates: Vec<(usize, Gate)>,
    close: Option<(usize, Close)>,
    endless: Option<Vec<u8>>,
}

#[derive(Clone)]
enum Content {
    /// What the visitor said, said back.
    Echo,
    /// An answer in the format of the request.
    Answer(Answer),
    /// These pieces, whatever they mean.
    Pieces(Vec<Vec<u8>>),
    /// Nothing at all, not even a head, for ever.
    Silence,
    /// Nothing at all, not even a head, and then an end.
    HangUp(Close),
}

/// What a connection does next.
pub(super) enum Step {
    /// Write this piece.
    Write(Vec<u8>),
    /// Write this piece again and again, waiting so long before each.
    Repeat(Vec<u8>, Duration),
    /// Wait this long.
    Pause(Duration),
    /// Wait at a gate.
    Gate(Gate),
    /// End the connection without ending the body.
    Close(Close),
    /// Say nothing until the client leaves.
    Hang,
}

impl Reply {
    fn new(status: u16, kind: &str, content: Content) -> Self {
        let headers = vec![("content-type".to_owned(), kind.to_owned())];
        Self { status, headers, content, pace: Duration::ZERO, gates: Vec::new(), close: None, endless: None }
    }

    /// Streams `You said: …`, with the text of the last message of the request.
    pub fn echo() -> Self {
        Self::new(200, "text/event-stream", Content::Echo)
    }

    /// Streams an answer in these pieces, with a usage of 11 tokens in and 7 out, and the finish reason of a stop.
    pub fn text<'p>(pieces: impl IntoIterator<Item = &'p str>) -> Self {
        Self::new(200, "text/event-stream", Content::Answer(Answer::of(pieces)))
    }

    /// Streams these bytes as an event stream, in one piece.
    pub fn events(body: impl Into<Vec<u8>>) -> Self {
        Self::new(200, "text/event-stream", Content::Pieces(vec![body.into()]))
    }

    /// Replies with a status and a JSON body.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json", Content::Pieces(vec![body.to_string().into_bytes()]))
    }

    /// Replies with a status and a body of any type.
    pub fn body(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::new(status, kind, Content::Pieces(vec![body.into()]))
    }

    /// Takes the request and never says anything.
    pub fn silence() -> Self {
        Self::new(200, "text/event-stream", Content::Silence)
    }

    /// Takes the request and ends the connection without a head.
    pub fn hang_up(close: Close) -> Self {
        Self::new(200, "text/event-stream", Content::HangUp(close))
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Waits so long before each piece.
    #[must_use]
    pub fn paced(mut self, pace: Duration) -> Self {
        self.pace = pace;
        self
    }

    /// Waits at the gate after so many pieces; zero is before the first, but after the head.
    #[must_use]
    pub fn hold_after(mut self, pieces: usize, gate: &Gate) -> Self {
        self.gates.push((pieces, gate.clone()));
        self
    }

    /// Ends the connection after so many bytes of the body.
    #[must_use]
    pub fn close_after(mut self, bytes: usize, close: Close) -> Self {
        self.close = Some((bytes, close));
        self
    }

    /// After everything else writes this piece again and again, until the client leaves.
    #[must_use]
    pub fn for_ever(mut self, piece: impl Into<Vec<u8>>) -> Self {
        self.endless = Some(piece.into());
        self
    }

    /// Gives the answer another usage: tokens in, tokens out. `None` reports none.
    #[must_use]
    pub fn usage(self, usage: Option<(u64, u64)>) -> Self {
        self.change(|answer| answer.usage = usage)
    }

    /// Gives the answer another end; `None` ends the stream without a terminal marker.
    #[must_use]
    pub fn finish(self, finish: Option<ModelFinish>) -> Self {
        self.change(|answer| answer.finish = finish)
    }

    fn change(mut self, change: impl FnOnce(&mut Answer)) -> Self {
        if let Content::Answer(answer) = &mut self.content {
            change(answer);
        }
        self
    }

    /// Cuts the body's bytes into pieces of so many bytes.
    #[must_use]
    pub fn cut_every(self, bytes: usize) -> Self {
        self.cut(|body| body.chunks(bytes.max(1)).map(<[u8]>::to_vec).collect())
    }

    /// Cuts the body's bytes in two.
    #[must_use]
    pub fn cut_at(self, position: usize) -> Self {
        self.cut(|body| {
            let (before, after) = body.split_at(position.min(body.len()));
            vec![before.to_vec(), after.to_vec()]
        })
    }

    fn cut(mut self, cut: impl FnOnce(&[u8]) -> Vec<Vec<u8>>) -> Self {
        if let Content::Pieces(pieces) = &mut self.content {
            *pieces = cut(&pieces.concat());
        }
        self
    }

    /// What to do for this request, in order.
    pub(super) fn steps(&self, format: Format, request: &RecordedRequest) -> Vec<Step> {
        let pieces = match &self.content {
            Content::Echo => Answer::echo(request).pieces(format),
            Content::Answer(answer) => answer.pieces(format),
            Content::Pieces(pieces) => pieces.clone(),
            Content::Silence => return vec![Step::Hang],
            Content::HangUp(close) => return vec![Step::Close(*close)],
        };
        let mut steps = Vec::new();
        let mut room = self.close.map(|(bytes, _)| bytes);
        for (written, piece) in pieces.into_iter().enumerate() {
            self.gates_at(written, &mut steps);
            if !self.pace.is_zero() {
                steps.push(Step::Pause(self.pace));
            }
            let kept = room.map_or(piece.len(), |room| room.min(piece.len()));
            room = room.map(|room| room - kept);
            steps.push(Step::Write(piece[..kept].to_vec()));
            if room == Some(0) {
                break;
            }
        }
        let written = steps.iter().filter(|step| matches!(step, Step::Write(_))).count();
        self.gates_at(written, &mut steps);
        steps.extend(self.endless.clone().map(|piece| Step::Repeat(piece, self.pace)));
        steps.extend(self.close.map(|(_, close)| Step::Close(close)));
        steps
    }

    fn gates_at(&self, written: usize, steps: &mut Vec<Step>) {
        let here = self.gates.iter().filter(|(after, _)| *after == written);
        steps.extend(here.map(|(_, gate)| Step::Gate(gate.clone())));
    }

    /// What a server says to a path that it does not know.
    pub(super) fn unknown_path() -> Self {
        Self::json(404, &wire::error("not_found_error"))
    }
}
