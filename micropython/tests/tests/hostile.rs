//! A broker that sends anything: nothing but an `MQTTException` or an `OSError` comes of it, and that soon.

// The helpers of these tests are not `#[test]`s themselves.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

use std::path::Path;
use std::time::Duration;

use umqtt_micropython_tests::{Peer, Port, Random, Side, is_whole};

/// How many mutations of the corpus there are.
const MUTATIONS: usize = 2500;

const LIMIT: Duration = Duration::from_secs(120);

/// Raw packets, good and bad.
fn corpus() -> Vec<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/corpus/mqtt-packets.hex");
    let digit = |digit: u8| u8::try_from(char::from(digit).to_digit(16).unwrap()).unwrap();
    let packet =
        |line: &str| line.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect();
    std::fs::read_to_string(path).unwrap().lines().map(packet).collect()
}

/// What a client may read, a little or very wrong.
fn mutation(random: &mut Random, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut packet = random.one_of(corpus).clone();
    for _ in 0..1 + random.below(3) {
        let at = random.below(packet.len());
        match random.below(7) {
            0 => packet[at] ^= 1 << random.below(8),
            1 => packet[at] = u8::try_from(random.below(256)).unwrap(),
            2 => packet.truncate(at.max(1)),
            3 => packet.insert(at, u8::try_from(random.below(256)).unwrap()),
            // Of the types that a broker sends, so that more of them get past the first byte.
            4 => packet[0] = *random.one_of(&[0x20, 0x30, 0x31, 0x32, 0x3a, 0x34, 0x40, 0x90, 0xb0, 0xd0]),
            5 if packet.len() > 1 => packet[1] = *random.one_of(&[0, 1, 2, 3, 127, 128, 255]),
            _ => packet.extend(random.one_of(corpus).clone()),
        }
    }
    packet
}

/// A line for `python/hostile.py`: `f` instead of the CONNACK, `c` and then closes, `p` and the client
/// takes large messages in parts.
fn line(how: &str, packet: &[u8]) -> String {
    let digits: String = packet.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{how} {digits}\n")
}

fn lines() -> String {
    let corpus = corpus();
    let mut random = Random::new(3);
    let mut text: String = corpus.iter().map(|packet| line("c", packet)).collect();
    for packet in corpus.iter().filter(|packet| packet[0] >> 4 == 2) {
        text.push_str(&line("f", packet));
    }
    for _ in 0..MUTATIONS {
        let packet = mutation(&mut random, &corpus);
        let how = *random.one_of(&["c", "c", "cp", "o", "op", "f", "fc"]);
        text.push_str(&line(how, &packet));
    }
    // Lengths that no device has room for.
    for length in ["ffffff7f", "80808008", "ffff7f", "ffffffff7f"] {
        for (header, start) in
            [("30", "000174"), ("32", "0001740001"), ("30", "ffff"), ("40", ""), ("90", "0001"), ("d0", "")]
        {
            for how in ["c", "o", "op", "f"] {
                text.push_str(&format!("{how} {header}{length}{start}616263\n"));
            }
        }
    }
    text
}

fn run(side: Side, options: &[&str], arguments: &[&str], input: &str) -> Option<String> {
    let port = Port::from_environment()?;
    let peer = Peer::start();
    let mut all = peer.arguments();
    all.extend(arguments.iter().map(|argument| (*argument).to_owned()));
    let options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
    let run = port.run_with(side, &options, "hostile.py", &all, input.as_bytes(), LIMIT);
    println!("{side:?} {options:?} {arguments:?}: {}", run.printed.lines().last().unwrap_or_default());
    assert_eq!(run.failure, None, "{side:?}: {}\n{}", run.complaint, run.printed);
    if side == Side::Ours {
        for stream in peer.finish() {
            assert!(is_whole(&stream), "a packet is cut: {stream:02x?}");
        }
    }
    Some(run.printed)
}

/// What `python/hostile.py` complains of.
fn complaints(printed: &str) -> Vec<&str> {
    printed.lines().filter(|line| !line.starts_with("counts ")).collect()
}

fn hold(options: &[&str], arguments: &[&str], input: &str) {
    let Some(printed) = run(Side::Ours, options, arguments, input) else { return };
    assert!(printed.contains("counts "), "{printed}");
    let complaints = complaints(&printed);
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}

#[test]
fn nothing_but_the_documented_exceptions() {
    hold(&[], &[], &lines());
}

#[test]
fn nor_with_a_small_heap() {
    hold(&["-X", "heapsize=96K"], &[], &lines());
}

#[test]
fn nor_when_the_collector_runs_all_the_time() {
    let all = lines();
    let some: String = all.lines().step_by(3).map(|line| format!("{line}\n")).collect();
    hold(&["-X", "heapsize=96K"], &["collect"], &some);
}

/// The test can fail: the original does.
#[test]
fn the_original_raises_other_exceptions() {
    let all = lines();
    let some: String = all.lines().rev().take(200).map(|line| format!("{line}\n")).collect();
    let Some(printed) = run(Side::Original, &["-X", "heapsize=96K"], &[], &some) else { return };
    assert!(complaints(&printed).iter().any(|line| line.contains("MemoryError")), "{printed}");
}
