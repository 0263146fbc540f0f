//! Server-sent events out of bytes: the WHATWG HTML standard's event stream, with bounds on what is buffered.
//!
//! Lines are found by `sseer`. Its ready-made stream of events is not used, because it bounds nothing, and a bound in
//! front of it could not see where an event begins.

use bytes::{Bytes, BytesMut};
use sseer::parser::{RawEventLineOwned, parse_line_from_buffer};

/// The most bytes of one event, comments in front of it included. Real events have some hundreds.
pub(crate) const MAX_EVENT_BYTES: usize = 256 * 1024;

/// The most bytes of one answer, framing included. They are counted, not kept. A chunk of one token has about 270
/// bytes, so an answer of the longest length that a turn allows (256 KiB) comes in some 17 MiB.
pub(crate) const MAX_ANSWER_BYTES: usize = 32 * 1024 * 1024;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// One event. Ids and reconnection times are skipped: no provider's stream can be taken up again.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The value of the last `event` line, or nothing.
    pub(crate) event: Bytes,
    /// The `data` lines, joined by line feeds.
    pub(crate) data: Bytes,
}

/// The stream breaks a bound.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

/// Takes bytes as they arrive, cut anywhere, and gives events.
#[derive(Default)]
pub(crate) struct FrameReader {
    buffer: BytesMut,
    /// How far the buffer was searched for a line's end, so that slow long lines are not searched again and again.
    scanned: usize,
    total_bytes: usize,
    /// Bytes of finished lines since the last event.
    event_bytes: usize,
    past_mark: bool,
    event: Bytes,
    data: Option<Bytes>,
}

impl FrameReader {
    /// Takes the next bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        self.total_bytes += bytes.len();
        if self.total_bytes > MAX_ANSWER_BYTES {
            return Err(TooLong);
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// Ends an event that the server left open by closing without a blank line.
    ///
    /// The standard drops such an event. Some servers end their last one like this, and an event that was really cut
    /// is no JSON, so the caller can tell the two apart.
    pub(crate) fn end(&mut self) {
        self.buffer.extend_from_slice(b"\n\n");
    }

    /// The next whole event, or `None` until more bytes come.
    pub(crate) fn next_frame(&mut self) -> Result<Option<Frame>, TooLong> {
        if !self.skip_mark() {
            return Ok(None);
        }
        loop {
            let before = self.buffer.len();
            let line = parse_line_from_buffer(&mut self.buffer, &mut self.scanned);
            self.event_bytes += before - self.buffer.len();
            let pending = if line.is_some() { 0 } else { self.buffer.len() };
            if self.event_bytes + pending > MAX_EVENT_BYTES {
                return Err(TooLong);
            }
            match line {
                None => return Ok(None),
                Some(RawEventLineOwned::Comment) => {}
                Some(RawEventLineOwned::Field { field_name, field_value }) => {
                    self.take_field(&field_name, field_value.unwrap_or_default());
                }
                Some(RawEventLineOwned::Empty) => {
                    let event = std::mem::take(&mut self.event);
                    if let Some(data) = self.data.take() {
                        self.event_bytes = 0;
                        return Ok(Some(Frame { event, data }));
                    }
                }
            }
        }
    }

    fn take_field(&mut self, name: &[u8], value: Bytes) {
        match name {
            b"event" => self.event = value,
            b"data" => {
                self.data = Some(match self.data.take() {
                    // The one case in practice: the line is the payload, and nothing is copied.
                    None => value,
                    Some(before) => [&before[..], b"\n", &value[..]].concat().into(),
                });
            }
            _ => {}
        }
    }

    /// Skips a byte order mark at the very beginning; `false` while it cannot be told whether there is one.
    fn skip_mark(&mut self) -> bool {
        if self.past_mark {
            return true;
        }
        if self.buffer.len() < BYTE_ORDER_MARK.len() && BYTE_ORDER_MARK.starts_with(&self.buffer) {
            return false;
        }
        if self.buffer.starts_with(BYTE_ORDER_MARK) {
            drop(self.buffer.split_to(BYTE_ORDER_MARK.len()));
        }
        self.past_mark = true;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(pieces: &[&[u8]]) -> Vec<(String, String)> {
        let text = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
        let mut reader = FrameReader::default();
        let mut found = Vec::new();
        for piece in pieces {
            reader.push(piece).unwrap();
            while let Some(frame) = reader.next_frame().unwrap() {
                found.push((text(&frame.event), text(&frame.data)));
            }
        }
        found
    }

    fn data(pieces: &[&[u8]]) -> Vec<String> {
        frames(pieces).into_iter().map(|(_, data)| data).collect()
    }

    #[test]
    fn line_feeds_carriage_returns_and_both_end_lines() {
        assert_eq!(data(&[b"data: a\n\ndata: b\r\n\r\ndata: c\r\rdata: d\n\n"]), ["a", "b", "c", "d"]);
    }

    #[test]
    fn a_line_end_cut_in_two_is_one_line_end() {
        assert_eq!(data(&[b"data: a\r", b"\n\r", b"\ndata: b\r\n\r\n"]), ["a", "b"]);
    }

    #[test]
    fn a_byte_order_mark_is_skipped_even_in_pieces() {
        assert_eq!(data(&[b"\xEF", b"\xBB", b"\xBFdata: a\n\n"]), ["a"]);
    }

    #[test]
    fn only_one_space_after_the_colon_is_dropped() {
        assert_eq!(data(&[b"data:a\n\ndata:  b\n\ndata\n\n"]), ["a", " b", ""]);
    }

    #[test]
    fn data_lines_are_joined_and_comments_are_skipped() {
        assert_eq!(data(&[b": hi\ndata: a\n:\ndata: b\nid: 7\nretry: 1\nx\n\n"]), ["a\nb"]);
    }

    #[test]
    fn an_event_name_holds_for_one_event_and_none_without_data() {
        let found = frames(&[b"event: x\ndata: 1\n\nevent: y\n\ndata: 2\n\n"]);
        assert_eq!(found, [("x".into(), "1".into()), (String::new(), "2".into())]);
    }

    #[test]
    fn an_open_event_is_given_at_the_end() {
        let mut reader = FrameReader::default();
        reader.push(b"data: a").unwrap();
        assert_eq!(reader.next_frame(), Ok(None));
        reader.end();
        assert_eq!(reader.next_frame().unwrap().unwrap().data, "a");
    }

    #[test]
    fn many_events_in_one_piece_are_not_one_long_event() {
        let mut reader = FrameReader::default();
        reader.push(&b"data: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n\n".repeat(20_000)).unwrap();
        let mut count = 0;
        while reader.next_frame().unwrap().is_some() {
            count += 1;
        }
        assert_eq!(count, 20_000);
    }

    #[test]
    fn a_long_line_and_a_long_event_and_endless_comments_are_refused() {
        for unit in ["a".to_owned(), format!("\ndata: {}", "a".repeat(60)), "\n: keep-alive\n".to_owned()] {
            let mut reader = FrameReader::default();
            reader.push(b"data: ").unwrap();
            reader.push(unit.repeat(MAX_EVENT_BYTES / unit.len() + 4).as_bytes()).unwrap();
            let refused = loop {
                match reader.next_frame() {
                    Ok(Some(_)) => {}
                    Ok(None) => break false,
                    Err(TooLong) => break true,
                }
            };
            assert!(refused, "{unit:?}");
        }
    }

    #[test]
    fn a_long_answer_is_refused() {
        let mut reader = FrameReader::default();
        let piece = b"data: a\n\n".repeat(1000);
        let mut pushed = 0;
        while reader.push(&piece).is_ok() {
            pushed += piece.len();
            while reader.next_frame().unwrap().is_some() {}
        }
        assert!(pushed <= MAX_ANSWER_BYTES);
    }
}
