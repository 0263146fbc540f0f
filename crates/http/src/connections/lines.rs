//! Line ends in the heads of requests.
//!
//! The framework's parser takes a bare LF for one, as RFC 9112 section 2.2 allows. A proxy that does not would pass on as part
//! of a value what we read as a header of its own: where a request ends is then a matter of opinion, and the next client's
//! request may be glued to it. So a bare LF becomes a byte that may stand nowhere in a head, and the parser refuses it.

const REFUSED_EVERYWHERE: u8 = 0;

/// Follows the bytes of one connection.
pub(super) struct Lines {
    in_head: bool,
    /// Whether something other than line ends has come. Empty lines before a request are skipped (RFC 9112 section 2.2).
    has_begun: bool,
    /// The last byte, and how many line ends have come in a row.
    last: u8,
    ends: u8,
}

impl Lines {
    /// The first byte of a connection begins a head.
    pub(super) fn new() -> Self {
        Self { in_head: true, has_begun: false, last: 0, ends: 0 }
    }

    /// Something was answered, so what comes next begins a head, unless one has begun already. A client that does not wait
    /// for answers speaks for itself alone: no proxy sends two clients' requests that way.
    pub(super) fn answered(&mut self) {
        if !self.in_head {
            *self = Self::new();
        }
    }

    /// Takes the next bytes, and spoils bare line ends in a head.
    pub(super) fn pass(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            if !self.in_head {
                return;
            }
            match *byte {
                b'\n' if self.last == b'\r' => {
                    self.ends += 1;
                    self.in_head = !(self.has_begun && self.ends == 2);
                }
                b'\n' => *byte = REFUSED_EVERYWHERE,
                b'\r' => {}
                _ => (self.has_begun, self.ends) = (true, 0),
            }
            if !self.has_begun {
                self.ends = 0;
            }
            self.last = *byte;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes as they are passed on, in pieces of each size; `|` stands for an answer.
    fn check(sent: &str, passed: &str) {
        for size in 1..=sent.len() {
            let mut lines = Lines::new();
            let mut seen = Vec::new();
            for part in sent.split_inclusive('|') {
                let mut bytes = part.trim_end_matches('|').as_bytes().to_vec();
                bytes.chunks_mut(size).for_each(|piece| lines.pass(piece));
                seen.extend(bytes);
                lines.answered();
            }
            assert_eq!(String::from_utf8(seen).unwrap(), passed, "{size}");
        }
    }

    #[test]
    fn heads_and_bodies_pass_as_they_are() {
        let good = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
        check(good, good);
        let body = "POST / HTTP/1.1\r\n\r\n{\n}\n\n";
        check(body, body);
        check(&format!("{body}|{good}|{body}"), &format!("{body}{good}{body}"));
        check(&format!("\r\n\r\n{body}"), &format!("\r\n\r\n{body}"));
    }

    #[test]
    fn a_bare_line_end_in_a_head_is_spoilt() {
        check("GET / HTTP/1.1\nhost: a\n\n", "GET / HTTP/1.1\0host: a\0\0");
        check("GET / HTTP/1.1\r\na: b\nc: d\r\n\r\n\n", "GET / HTTP/1.1\r\na: b\0c: d\r\n\r\n\n");
        check("\nGET / HTTP/1.1\r\n\r\n", "\0GET / HTTP/1.1\r\n\r\n");
        check("\r\n\r\nGET / HTTP/1.1\n\r\n", "\r\n\r\nGET / HTTP/1.1\0\r\n");
        check(
            "GET / HTTP/1.1\r\n\r\n|\r\nGET / HTTP/1.1\n\r\n",
            "GET / HTTP/1.1\r\n\r\n\r\nGET / HTTP/1.1\0\r\n",
        );
        check("GET / HTTP/1.1\r\na: b\r\n\n", "GET / HTTP/1.1\r\na: b\r\n\0");
    }
}
