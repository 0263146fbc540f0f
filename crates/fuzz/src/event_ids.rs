//! The place in a turn's log from which a client wants to go on.

use chatloom_domain::id::TurnId;
use chatloom_domain::turn::EventId;
use chatloom_http::Code;
use chatloom_http::fuzzing::position_in;
use uuid::Uuid;

/// Any bytes as a text in a header and in a query, and the first 24 bytes as the parts of an id.
///
/// An accepted id is its own text. Both places accept the same, the header wins, and neither accepts another turn's.
pub fn event_ids(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let parsed = EventId::parse(&text);
    if let Ok(id) = parsed {
        assert!(id.to_string() == text && text.len() <= 64, "{text:?}");
    }
    let (own, other) = (parsed.map_or(turn(1), |id| id.turn_id), turn(2));
    assert_eq!(position_in(own, None, Some(&text)).ok().flatten(), parsed.ok());
    if own != other {
        assert!(position_in(other, None, Some(&text)).is_err(), "an event of another turn");
    }
    in_a_header(data, own);
    if let Some((parts, _)) = data.split_first_chunk::<24>() {
        of_parts(parts);
    }
}

/// A header is trimmed by HTTP and may not be one at all; what it says must then be an id.
fn in_a_header(data: &[u8], own: TurnId) {
    let first = EventId { turn_id: own, generation: 1, seq: 1 };
    match position_in(own, Some(data), Some(&first.to_string())) {
        Ok(Some(id)) => {
            let is_headers = std::str::from_utf8(data).is_ok_and(|text| id.to_string() == text);
            assert!(is_headers || id == first, "{id} was read from {:?}", String::from_utf8_lossy(data));
        }
        Ok(None) => panic!("a position was given"),
        Err(refusal) => assert_eq!(refusal.code, Code::InvalidField, "{}", refusal.message),
    }
}

fn of_parts(parts: &[u8; 24]) {
    let number = |at: usize| u32::from_be_bytes([parts[at], parts[at + 1], parts[at + 2], parts[at + 3]]);
    let uuid = Uuid::from_slice(&parts[..16]).unwrap_or_default();
    let id = EventId { turn_id: TurnId::from_uuid(uuid), generation: number(16), seq: number(20) };
    assert_eq!(EventId::parse(&id.to_string()), Ok(id));
}

fn turn(number: u128) -> TurnId {
    TurnId::from_uuid(Uuid::from_u128(number))
}
