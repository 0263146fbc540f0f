//! Chunked bodies (RFC 9112, section 7.1), cut anywhere.

/// Takes the framing off a body, however the bytes arrive.
#[derive(Debug, Default)]
pub struct ChunkedDecoder {
    unread: Vec<u8>,
    /// Bytes of the current chunk that are still to come; its CRLF is read with the next size.
    left: usize,
    ended: bool,
}

impl ChunkedDecoder {
    /// Takes bytes as they arrived and gives what they carry; an error for bytes that are no chunks.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<u8>, &'static str> {
        self.unread.extend_from_slice(bytes);
        let mut carried = Vec::new();
        loop {
            let ready = self.left.min(self.unread.len());
            carried.extend(self.unread.drain(..ready));
            self.left -= ready;
            if self.left > 0 || self.ended || !self.read_size()? {
                return Ok(carried);
            }
        }
    }

    /// Whether the last chunk came. A body that ends before it was cut off.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Reads the next chunk's size if all of it is there.
    fn read_size(&mut self) -> Result<bool, &'static str> {
        // The CRLF that ends the chunk before belongs to this line.
        let skip = if self.unread.starts_with(b"\r\n") { 2 } else { 0 };
        let Some(length) = self.unread[skip..].windows(2).position(|pair| pair == b"\r\n") else {
            return Ok(false);
        };
        let line: Vec<u8> = self.unread.drain(..skip + length + 2).skip(skip).take(length).collect();
        let digits = String::from_utf8(line).map_err(|_| "a chunk's size is no text")?;
        self.left = usize::from_str_radix(digits.trim(), 16).map_err(|_| "a chunk's size is no number")?;
        self.ended = self.left == 0;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"5\r\nhello\r\n1a\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n";

    #[test]
    fn a_body_is_the_same_wherever_it_is_cut() {
        for cut in 0..=BODY.len() {
            let mut decoder = ChunkedDecoder::default();
            let mut text = decoder.push(&BODY[..cut]).unwrap();
            text.extend(decoder.push(&BODY[cut..]).unwrap());
            assert_eq!(text, b"helloabcdefghijklmnopqrstuvwxyz", "cut at {cut}");
            assert!(decoder.has_ended());
        }
    }

    #[test]
    fn a_body_without_its_last_chunk_has_not_ended() {
        let mut decoder = ChunkedDecoder::default();
        assert_eq!(decoder.push(&BODY[..12]).unwrap(), b"hello");
        assert!(!decoder.has_ended());
        assert!(ChunkedDecoder::default().push(b"xyz\r\n").is_err());
    }
}
