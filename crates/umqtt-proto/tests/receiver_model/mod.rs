//! What a receiver must tell of a stream of bytes: a model that has all bytes at hand, and a driver that feeds
//! a real receiver piece by piece.

use umqtt_proto::wire::{Delivery, FixedHeader, PacketType, Publish};
use umqtt_proto::{
    Frame, FrameKind, InvalidField, Large, PacketId, Parts, QoS, Receiver, TopicName, Violation, Whole,
};

/// A frame with its bytes, and the number of bytes of the stream after which it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Whole { header: FixedHeader, body: Vec<u8> },
    Start { header: FixedHeader, topic: Option<Vec<u8>>, payload_length: usize, delivery: Delivery },
    Payload { bytes: Vec<u8> },
    Broken(Violation),
}

/// What a receiver with a buffer of `size` bytes must tell of `stream`, each with the number of bytes after
/// which it can be told; what is not all there is not told, but for the payload of a large message. Without
/// `parts`, a large message is refused.
pub(crate) fn model(stream: &[u8], size: usize, parts: bool) -> Vec<(Told, usize)> {
    let mut told = Vec::new();
    let mut at = 0;
    while let Some((next, taken)) = model_packet(&stream[at..], size, parts) {
        told.extend(next.into_iter().map(|(next, length)| (next, at + length)));
        at += taken;
        if matches!(told.last(), Some((Told::Broken(_), _))) {
            break;
        }
    }
    told
}

/// What is told of the packet at the front, after how many bytes, and where the next packet begins.
fn model_packet(bytes: &[u8], size: usize, parts: bool) -> Option<(Vec<(Told, usize)>, usize)> {
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
    if header.packet_type != PacketType::Publish || !parts {
        return broken(Violation::PacketTooLarge, start);
    }
    let topic_length = usize::from(u16::from_be_bytes(bytes.get(start..start + 2)?.try_into().unwrap()));
    let qos = QoS::from_bits(header.flags >> 1 & 3).unwrap();
    let topic_end = start + 2 + topic_length;
    let head_end = topic_end + if qos == QoS::AtMostOnce { 0 } else { 2 };
    if head_end > end {
        return broken(Violation::WrongLength, start + 2);
    }
    // What stands before the payload is told with as much payload as fits the buffer, or in pieces.
    let fits = head_end <= size;
    if fits && bytes.len() < size {
        return None;
    }
    let told_after = if fits { size } else { head_end };
    let topic = &bytes[start + 2..topic_end.min(bytes.len())];
    if let Some((violation, length)) = model_topic(topic, topic.len() == topic_length) {
        return broken(violation, if fits { size } else { start + 2 + length });
    }
    let id = bytes.get(topic_end..head_end)?;
    let dup = header.flags & 8 != 0;
    let delivery = match (qos, PacketId::new(u16::from_be_bytes(id.try_into().unwrap_or_default()))) {
        (QoS::AtMostOnce, _) => Delivery::AtMostOnce,
        (_, None) => return broken(Violation::ZeroPacketId, told_after),
        (QoS::AtLeastOnce, Some(id)) => Delivery::AtLeastOnce { id, dup },
        (QoS::ExactlyOnce, Some(id)) => Delivery::ExactlyOnce { id, dup },
    };
    let topic = fits.then(|| topic.to_vec());
    let payload_length = end - head_end;
    let mut told = vec![(Told::Start { header, topic, payload_length, delivery }, told_after)];
    let there = end.min(bytes.len());
    if there > head_end || end == head_end {
        told.push((Told::Payload { bytes: bytes[head_end..there].to_vec() }, there));
    }
    Some((told, there))
}

/// The rule that a topic breaks, and the number of its bytes that break it.
fn model_topic(topic: &[u8], complete: bool) -> Option<(Violation, usize)> {
    let violation = |topic| match TopicName::from_bytes(topic) {
        Err(InvalidField::Breaks(violation)) => Some(violation),
        _ => None,
    };
    violation(topic).filter(|_| complete || !topic.is_empty())?;
    if topic.is_empty() {
        return Some((Violation::EmptyTopic, 0));
    }
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
pub(crate) fn drive<B: AsRef<[u8]> + AsMut<[u8]>, L: Large>(
    receiver: &mut Receiver<B, L>,
    stream: &[u8],
    chunks: &Chunks,
) -> Vec<(Told, usize)> {
    let mut told: Vec<(Told, usize)> = Vec::new();
    let mut fed = 0;
    let mut reads = 0;
    // Each byte can be read once, and told once.
    let mut polls = 0..2 * stream.len() + 3;
    // The header of a large message that is not over, and how many bytes of payload it said to follow.
    let mut large: Option<(FixedHeader, u32)> = None;
    loop {
        let gist = |frame: Frame<'_>| (frame.kind, frame.header, frame.body.len(), frame.remaining);
        let peeked = receiver.peek().map(|frame| frame.map(gist));
        assert!(polls.next().is_some(), "no end after {fed} bytes");
        let polled = receiver.poll();
        assert_eq!(peeked, polled.map(|frame| frame.map(gist)));
        match polled {
            Ok(None) => {
                if fed == stream.len() {
                    return told;
                }
                let wanted = receiver.wanted();
                let room = receiver.unfilled();
                assert!(!room.is_empty(), "no room and no frame after {fed} bytes");
                assert!(wanted > 0, "nothing wanted after {fed} bytes");
                let count = match chunks {
                    Chunks::Full => room.len(),
                    Chunks::Wanted => wanted,
                    Chunks::AtMost(count) => *count,
                    Chunks::Each(counts) => counts[reads % counts.len()],
                };
                let count = count.min(room.len()).min(stream.len() - fed);
                room[..count].copy_from_slice(&stream[fed..fed + count]);
                receiver.advance(count);
                fed += count;
                reads += 1;
            }
            Ok(Some(Frame { kind: FrameKind::Whole, header, body, remaining })) => {
                assert_eq!(large, None, "a packet within a message");
                assert_eq!((header.remaining_length as usize, remaining), (body.len(), 0));
                told.push((Told::Whole { header, body: body.to_vec() }, fed));
            }
            Ok(Some(Frame { kind, header, body, remaining })) => {
                let mut payload = body;
                if kind == FrameKind::Part {
                    let length = u32::try_from(body.len()).unwrap();
                    assert_eq!(large, Some((header, remaining + length)), "the parts do not add up");
                    assert!(length > 0, "a part without bytes");
                } else {
                    assert_eq!(large, None, "a message within a message");
                    let read = if kind == FrameKind::Untitled {
                        Delivery::decode(header, body).map(|(delivery, rest)| (None, delivery, rest))
                    } else {
                        Publish::decode_body(header, body)
                            .map(|message| (Some(message.topic), message.delivery, message.payload))
                    };
                    let (topic, delivery, rest) = match read {
                        Ok(read) => read,
                        Err(violation) => {
                            told.push((Told::Broken(violation), fed));
                            return told;
                        }
                    };
                    payload = rest;
                    let payload_length = payload.len() + remaining as usize;
                    let topic = topic.map(|topic| topic.as_bytes().to_vec());
                    told.push((Told::Start { header, topic, payload_length, delivery }, fed));
                }
                large = (remaining > 0).then_some((header, remaining));
                let payload = payload.to_vec();
                assert!(large.is_none() || receiver.is_mid_packet());
                if let Some((Told::Payload { bytes }, after)) = told.last_mut() {
                    bytes.extend_from_slice(&payload);
                    *after = fed;
                } else if !payload.is_empty() || remaining == 0 {
                    told.push((Told::Payload { bytes: payload }, fed));
                }
            }
            Err(violation) => {
                told.push((Told::Broken(violation), fed));
                return told;
            }
        }
    }
}

/// Drives new receivers of both kinds and compares them with the model: the same frames, none of them early, and
/// with bytes one by one none of them late.
pub(crate) fn check(stream: &[u8], size: usize, chunks: &Chunks) {
    check_kind::<Parts>(stream, size, chunks, true);
    check_kind::<Whole>(stream, size, chunks, false);
}

fn check_kind<L: Large>(stream: &[u8], size: usize, chunks: &Chunks, parts: bool) {
    let mut receiver = Receiver::<_, L>::with_large(vec![0; size]);
    let told = drive(&mut receiver, stream, chunks);
    let should = model(stream, size, parts);
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
