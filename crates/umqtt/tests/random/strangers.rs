//! What a hostile peer sends: packets that lie, packets that no client may accept, and what is no packet at all.

use fastrand::Rng;
use umqtt_testkit::model::Strange;

/// The bytes of a packet, with its remaining length.
fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![first];
    let mut length = body.len();
    while length > 0x7f {
        packet.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    packet.push(length as u8);
    packet.extend_from_slice(body);
    packet
}

/// PUBLISH with this first byte; the id is left out with QoS 0.
fn publish(first: u8, topic: &[u8], id: u16, payload: usize) -> Vec<u8> {
    let mut body = (topic.len() as u16).to_be_bytes().to_vec();
    body.extend_from_slice(topic);
    if first & 0b0110 != 0 {
        body.extend_from_slice(&id.to_be_bytes());
    }
    body.resize(body.len() + payload, b'!');
    packet(first, &body)
}

/// Something that the broker did not say.
pub fn draw(rng: &mut Rng) -> (Vec<u8>, Strange) {
    match rng.u8(..10) {
        0..4 => (plausible(rng), Strange::Plausible),
        4 => {
            let many = rng.usize(2..40);
            let packet = plausible(rng);
            (packet.repeat(many), Strange::Plausible)
        }
        5..8 => (forbidden(rng), Strange::Forbidden),
        _ => (askew(rng), Strange::Askew),
    }
}

/// A packet that may come, but comes from nowhere.
fn plausible(rng: &mut Rng) -> Vec<u8> {
    let id = rng.u16(1..8);
    let [high, low] = id.to_be_bytes();
    match rng.u8(..10) {
        0 => packet(0x40, &[high, low]),
        1 => packet(0x50, &[high, low]),
        2 => packet(0x62, &[high, low]),
        3 => packet(0x70, &[high, low]),
        4 => packet(0xb0, &[high, low]),
        5 => packet(0x90, &[high, low, rng.u8(..3)]),
        6 => packet(0xd0, &[]),
        _ => publish([0x30, 0x31, 0x32, 0x34, 0x3a, 0x3d][rng.usize(..6)], b"t", id, rng.usize(..6)),
    }
}

/// A packet that ends the connection [MQTT-4.8.0-1].
fn forbidden(rng: &mut Rng) -> Vec<u8> {
    let id = rng.u16(1..8);
    let [high, low] = id.to_be_bytes();
    match rng.u8(..20) {
        0 => packet([0x00, 0xf0][rng.usize(..2)], &[]),
        1 => packet(0x10, b"\x00\x04MQTT\x04\x02\x00\x00\x00\x01x"),
        2 => packet(0x82, &[high, low, 0, 1, b'a', 0]),
        3 => packet(0xa2, &[high, low, 0, 1, b'a']),
        4 => packet([0xc0, 0xe0][rng.usize(..2)], &[]),
        5 => packet(0x20, &[0, 0]),
        6 => packet([0x41, 0x52, 0x60, 0x71, 0x92, 0xb4, 0xd8, 0x68][rng.usize(..8)], &[high, low]),
        7 => publish(0x36, b"t", id, 1),
        8 => publish(0x38, b"t", id, 1),
        9 => publish(0x30, b"", id, 1),
        10 => publish([0x30, 0x32][rng.usize(..2)], [&b"a/+"[..], b"#", b"a#"][rng.usize(..3)], id, 1),
        11 => publish(0x32, [&b"\xff"[..], b"a\xc3", b"\xed\xa0\x80", b"a\0b"][rng.usize(..4)], id, 1),
        12 => publish([0x32, 0x34][rng.usize(..2)], b"t", 0, 1),
        13 => packet([0x40, 0x50, 0x62, 0x70, 0xb0][rng.usize(..5)], &[0, 0]),
        14 => packet([0x40, 0x50, 0x62, 0x70, 0xb0][rng.usize(..5)], &[high, low, 1]),
        15 => packet([0x40, 0x50, 0x62, 0x70, 0xb0, 0x90][rng.usize(..6)], &[[high, low][rng.usize(..2)]]),
        16 => packet(0xd0, &[0]),
        17 => packet(0x90, &[high, low, [3, 0x7f, 0x81, 0xff][rng.usize(..4)]]),
        18 => packet(0x90, &[high, low]),
        _ => packet(
            [0x30, 0x32][rng.usize(..2)],
            [&[][..], &[0], &[0, 5, b'a'], &[0xff, 0xff, b'a']][rng.usize(..4)],
        ),
    }
}

/// Bytes behind which nothing is as it should be.
fn askew(rng: &mut Rng) -> Vec<u8> {
    match rng.u8(..6) {
        // A message of 256 MiB that never ends, and the same with a topic of 64 KiB.
        0 => b"\x30\xff\xff\xff\x7f\x00\x01t".to_vec(),
        1 => [&b"\x34\xff\xff\xff\x7f\xff\xff"[..], &[b'x'; 300]].concat(),
        // Something else that is huge.
        2 => b"\x90\x80\x80\x80\x01".to_vec(),
        // A length that does not end.
        3 => b"\x30\xff\xff\xff\xff\xff".to_vec(),
        // A packet that stops.
        4 => {
            let mut packet = if rng.bool() { plausible(rng) } else { forbidden(rng) };
            packet.truncate(rng.usize(1..packet.len().max(2)));
            packet
        }
        _ => {
            let mut noise = vec![0; rng.usize(1..60)];
            rng.fill(&mut noise);
            noise
        }
    }
}
