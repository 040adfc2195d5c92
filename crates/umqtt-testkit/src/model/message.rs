//! Messages that carry their number, so that each can be followed and checked byte for byte.

/// Fills a payload: its number, and bytes that follow from it.
///
/// ```
/// use umqtt_testkit::model::{fill_payload, payload_number};
/// let mut payload = [0; 7];
/// fill_payload(513, &mut payload);
/// assert_eq!(payload_number(&payload), Some(513));
/// payload[6] ^= 1;
/// assert_eq!(payload_number(&payload), None);
/// ```
pub fn fill_payload(number: u16, payload: &mut [u8]) {
    let [high, low] = number.to_be_bytes();
    let mut next = low;
    for (at, byte) in payload.iter_mut().enumerate() {
        *byte = match at {
            0 => high,
            1 => low,
            _ => {
                next = next.wrapping_mul(29).wrapping_add(101);
                next
            }
        };
    }
}

/// The number of a payload; `None` when a byte is not what it was.
#[must_use]
pub fn payload_number(payload: &[u8]) -> Option<u16> {
    let (&[high, low], rest) = payload.split_first_chunk::<2>()?;
    let mut next = low;
    let intact = rest.iter().all(|byte| {
        next = next.wrapping_mul(29).wrapping_add(101);
        *byte == next
    });
    intact.then(|| u16::from_be_bytes([high, low]))
}

/// A topic of this length, at least 1: `d`, `d/`, `d/x`, `d/xx`, …
#[must_use]
pub fn topic_of(length: usize) -> String {
    "d/".chars().chain(std::iter::repeat('x')).take(length.max(1)).collect()
}

/// Whether a filter matches a topic [MQTT 4.7].
pub(super) fn matches(filter: &str, topic: &str) -> bool {
    let mut levels = topic.split('/');
    for wanted in filter.split('/') {
        if wanted == "#" {
            return true;
        }
        if !levels.next().is_some_and(|level| wanted == "+" || wanted == level) {
            return false;
        }
    }
    levels.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_match_as_the_standard_says() {
        for (filter, topic, expected) in [
            ("d", "d", true),
            ("d", "d/x", false),
            ("d/+", "d/x", true),
            ("d/+", "d", false),
            ("d/#", "d/x/y", true),
            ("d/#", "d", true),
            ("#", "d/x", true),
            ("+", "d/x", false),
            ("d/x/y", "d/x", false),
        ] {
            assert_eq!(matches(filter, topic), expected, "{filter} {topic}");
        }
    }
}
