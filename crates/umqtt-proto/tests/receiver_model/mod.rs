//! What a receiver must tell of a stream of bytes: a model that has all bytes at hand, and a driver that feeds
//! a real receiver piece by piece.

use umqtt_proto::wire::{Delivery, FixedHeader, PacketType};
use umqtt_proto::{Frame, InvalidField, PacketId, QoS, Receiver, TopicName, Violation};

/// A frame with its bytes, and the number of bytes of the stream after which it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Whole { header: FixedHeader, body: Vec<u8> },
    Start { topic: Option<Vec<u8>>, payload_length: usize, retain: bool, delivery: Delivery },
    Payload { bytes: Vec<u8>, delivery: Delivery },
    Broken(Violation),
}

/// What a receiver with a buffer of `size` bytes must tell of `stream`, each with the number of bytes after
/// which it can be told; what is not all there is not told, but for the payload of a large message.
pub(crate) fn model(stream: &[u8], size: usize) -> Vec<(Told, usize)> {
    let mut told = Vec::new();
    let mut at = 0;
    while let Some((next, taken)) = model_packet(&stream[at..], size) {
        told.extend(next.into_iter().map(|(next, length)| (next, at + length)));
        at += taken;
        if matches!(told.last(), Some((Told::Broken(_), _))) {
            break;
        }
    }
    told
}

/// What is told of the packet at the front, after how many bytes, and where the next packet begins.
fn model_packet(bytes: &[u8], size: usize) -> Option<(Vec<(Told, usize)>, usize)> {
    let broken = |violation, after| Some((vec![(Told::Broken(violation), after)], 0));
    // The header may be refused before it is all there.
    for length in 0..=bytes.len().min(5) {
        if let Err(violation) = FixedHeader::decode(&bytes[..length]) {
            return broken(violation, length);
        }
    }
    let (header, start) = FixedHeader::decode(bytes).unwrap()?;
    let end = start + header.remaining_length as usize;
    if end <= size {
        let body = bytes.get(start..end)?.to_vec();
        return Some((vec![(Told::Whole { header, body }, end)], end));
    }
    if header.packet_type != PacketType::Publish {
        return broken(Violation::PacketTooLarge, start);
    }
    let topic_length = usize::from(u16::from_be_bytes(bytes.get(start..start + 2)?.try_into().unwrap()));
    let qos = QoS::from_bits(header.flags >> 1 & 3).unwrap();
    let topic_end = start + 2 + topic_length;
    let head_end = topic_end + if qos == QoS::AtMostOnce { 0 } else { 2 };
    if head_end > end {
        return broken(Violation::WrongLength, start + 2);
    }
    if topic_length == 0 {
        return broken(Violation::EmptyTopic, start + 2);
    }
    let topic_fits = head_end <= size;
    if topic_fits && bytes.len() < head_end {
        return None;
    }
    let topic = &bytes[start + 2..topic_end.min(bytes.len())];
    if let Some((violation, length)) = model_topic(topic, topic.len() == topic_length) {
        return broken(violation, if topic_fits { head_end } else { start + 2 + length });
    }
    let id = bytes.get(topic_end..head_end)?;
    let dup = header.flags & 8 != 0;
    let delivery = match id {
        [] => Delivery::AtMostOnce,
        [0, 0] => return broken(Violation::ZeroPacketId, head_end),
        id => {
            let id = PacketId::new(u16::from_be_bytes(id.try_into().unwrap())).unwrap();
            if qos == QoS::AtLeastOnce {
                Delivery::AtLeastOnce { id, dup }
            } else {
                Delivery::ExactlyOnce { id, dup }
            }
        }
    };
    let topic = topic_fits.then(|| bytes[start + 2..topic_end].to_vec());
    let start =
        Told::Start { topic, payload_length: end - head_end, retain: header.flags & 1 != 0, delivery };
    let there = end.min(bytes.len());
    let payload = Told::Payload { bytes: bytes[head_end..there].to_vec(), delivery };
    let mut told = vec![(start, head_end)];
    if there > head_end || end == head_end {
        told.push((payload, there));
    }
    Some((told, end.min(bytes.len())))
}

/// The rule that a topic breaks, and the number of its bytes that break it.
fn model_topic(topic: &[u8], complete: bool) -> Option<(Violation, usize)> {
    let violation = |topic| match TopicName::from_bytes(topic) {
        Err(InvalidField::Breaks(violation)) => Some(violation),
        _ => None,
    };
    violation(topic)?;
    (1..=topic.len()).find_map(|length| {
        let part = &topic[..length];
        // A character that is cut short here may still be completed.
        let cut = std::str::from_utf8(part).is_err_and(|error| error.error_len().is_none());
        let may_go_on = cut && (length < topic.len() || !complete);
        violation(part).filter(|_| !may_go_on).map(|violation| (violation, length))
    })
}

/// How many bytes the transport has, each time it is asked.
#[derive(Clone, Debug)]
pub(crate) enum Chunks {
    /// As many as there is room for.
    Full,
    /// As many as [`Receiver::wanted`] says: never more than the current packet.
    Wanted,
    /// At most so many.
    AtMost(usize),
    /// One after the other, and from the front again.
    Each(Vec<usize>),
}

/// Feeds `stream` to `receiver`, and tells each frame with the number of bytes that had been fed; the parts
/// of a payload are put together.
pub(crate) fn drive<B: AsRef<[u8]> + AsMut<[u8]>>(
    receiver: &mut Receiver<B>,
    stream: &[u8],
    chunks: &Chunks,
) -> Vec<(Told, usize)> {
    let mut told: Vec<(Told, usize)> = Vec::new();
    let mut fed = 0;
    let mut reads = 0;
    // Bytes of payload that the last part said are to come, and whether a payload has begun.
    let mut expected: Option<u32> = None;
    loop {
        match receiver.poll() {
            Ok(None) => {
                if fed == stream.len() {
                    return told;
                }
                let wanted = receiver.wanted();
                let room = receiver.unfilled();
                assert!(!room.is_empty(), "no room and no frame after {fed} bytes");
                let count = match chunks {
                    Chunks::Full => room.len(),
                    Chunks::Wanted => wanted,
                    Chunks::AtMost(count) => *count,
                    Chunks::Each(counts) => counts[reads % counts.len()],
                };
                let count = count.min(room.len()).min(stream.len() - fed);
                room[..count].copy_from_slice(&stream[fed..fed + count]);
                assert!(!receiver.is_fresh());
                receiver.advance(count);
                assert_eq!(receiver.is_fresh(), count > 0);
                fed += count;
                reads += 1;
            }
            Ok(Some(Frame::Whole(header, body))) => {
                assert_eq!(expected, None, "a packet within a payload");
                assert_eq!(header.remaining_length as usize, body.len());
                told.push((Told::Whole { header, body: body.to_vec() }, fed));
            }
            Ok(Some(Frame::Start(start))) => {
                assert_eq!(expected, None, "a message within a payload");
                expected = Some(start.payload_length);
                let topic = start.topic.map(|topic| topic.as_bytes().to_vec());
                let payload_length = start.payload_length as usize;
                let (retain, delivery) = (start.retain, start.delivery);
                told.push((Told::Start { topic, payload_length, retain, delivery }, fed));
            }
            Ok(Some(Frame::Part(part))) => {
                let length = u32::try_from(part.bytes.len()).unwrap();
                assert_eq!(expected, Some(part.remaining + length), "the parts do not add up");
                assert!(length > 0 || part.remaining == 0);
                expected = (part.remaining > 0).then_some(part.remaining);
                if let Some((Told::Payload { bytes, delivery }, after)) = told.last_mut() {
                    assert_eq!(*delivery, part.delivery);
                    bytes.extend_from_slice(part.bytes);
                    *after = fed;
                } else {
                    let bytes = part.bytes.to_vec();
                    told.push((Told::Payload { bytes, delivery: part.delivery }, fed));
                }
                if expected.is_some() {
                    assert!(receiver.is_mid_packet());
                }
            }
            Err(violation) => {
                told.push((Told::Broken(violation), fed));
                return told;
            }
        }
    }
}

/// Drives a new receiver and compares it with the model: the same frames, none of them early, and with bytes
/// one by one none of them late.
pub(crate) fn check(stream: &[u8], size: usize, chunks: &Chunks) {
    let mut receiver = Receiver::new(vec![0; size]);
    let told = drive(&mut receiver, stream, chunks);
    let should = model(stream, size);
    let frames = |told: &[(Told, usize)]| told.iter().map(|(told, _)| told.clone()).collect::<Vec<_>>();
    assert_eq!(frames(&told), frames(&should), "buffer of {size}, {chunks:?}, {stream:02x?}");
    for ((frame, after), (_, earliest)) in told.iter().zip(&should) {
        let in_time = match (chunks, frame) {
            (Chunks::AtMost(1), _) => after == earliest,
            // Only what ends with its packet shows that no byte of the next one was taken.
            (Chunks::Wanted, Told::Whole { .. } | Told::Payload { .. }) => after == earliest,
            _ => after >= earliest,
        };
        assert!(
            in_time,
            "{frame:?} after {after}, not {earliest}; buffer of {size}, {chunks:?}, {stream:02x?}"
        );
    }
}
