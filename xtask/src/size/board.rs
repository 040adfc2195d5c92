//! The hardware of a size program, played register by register, and how deep its stack went meanwhile.

use std::collections::VecDeque;

use umqtt_proto::Instant;
use umqtt_testkit::ConnectionId;
use umqtt_testkit::link::Service as _;
use umqtt_testkit::script::{Player, Progress};

use super::conversation::{Work, conversation, payloads};
use super::debugger::{Debugger, Touch};
use super::program::Program;
use crate::shell::Result;

/// The registers, as `firmware/size/src/board.rs` has them.
const LINK: u32 = 0x2100_0000;
const LINK_COUNT: u32 = 0x2100_0004;
const CLOCK: u32 = 0x2100_0008;
const SETTING: u32 = 0x2100_000c;
const OUTPUT: u32 = 0x2100_0010;
const LINK_ROOM: u32 = 0x2100_0014;
const LINK_OPEN: u32 = 0x2100_0018;

/// How many milliseconds pass until the program looks at the clock again: while there is traffic, and in silence.
const BUSY: u32 = 10;
const IDLE: u32 = 200;

/// A program that has not come to the end of its script after so many milliseconds never will.
const LATEST: u32 = 300_000;

/// What the stack holds where it was never used.
const PAINT: u8 = 0xa5;

/// Runs a program to the end of its conversation, holds it to its work, and tells how many bytes of stack it has used.
pub(super) fn deepest_stack(program: &Program, work: Work) -> Result<u64> {
    let stack = &program.stack;
    let mut debugger = Debugger::start(&program.path)?;
    let length = stack.end.saturating_sub(stack.start) as usize;
    debugger.write(stack.start, &vec![PAINT; length])?;
    let mut board = Board::new(&conversation(work))?;
    board.play(&mut debugger)?;
    let shown = String::from_utf8_lossy(&board.shown);
    if let Some(missing) = payloads(work).into_iter().find(|payload| !shown.contains(payload.as_str())) {
        return Err(format!("the program has shown no message `{missing:.20}`").into());
    }
    let left = debugger.read(stack.start, length)?;
    let unused = left.iter().take_while(|byte| **byte == PAINT).count();
    if unused == 0 {
        return Err("the stack has run into what lies below it".into());
    }
    Ok(u64::try_from(length - unused)?)
}

/// A link to a scripted broker, and a clock.
struct Board {
    broker: Player,
    connection: Option<ConnectionId>,
    /// What the broker has sent and the program has not read.
    input: VecDeque<u8>,
    /// What the program has shown.
    shown: Vec<u8>,
    now: Instant,
    /// How often the program has looked at the clock since the last byte went over the link.
    silence: u32,
    /// How often it has looked for bytes, and how often for room.
    looks: u32,
    rooms: u32,
}

impl Board {
    fn new(script: &str) -> Result<Self> {
        Ok(Self {
            broker: Player::new(script.parse()?),
            connection: None,
            input: VecDeque::new(),
            shown: Vec::new(),
            now: Instant::from_millis(0),
            silence: 0,
            looks: 0,
            rooms: 0,
        })
    }

    /// Runs the program until the script is done.
    fn play(&mut self, debugger: &mut Debugger) -> Result {
        // A name, a filter, a topic, and a payload of this letter.
        debugger.write(SETTING, &u32::from(b'a').to_le_bytes())?;
        for register in [LINK, LINK_COUNT, CLOCK, OUTPUT, LINK_ROOM, LINK_OPEN] {
            debugger.watch(register)?;
        }
        loop {
            let touch = debugger.run()?;
            if let Touch::Read(register) = touch {
                debugger.write(register, &self.value(register).to_le_bytes())?;
            }
            debugger.step_over(touch)?;
            if let Touch::Write(register) = touch {
                self.written(register, &debugger.read(register, 1)?);
            }
            if let Some(connection) = self.connection {
                self.input.extend(self.broker.output(connection));
            }
            match self.broker.progress() {
                Progress::Done => return Ok(()),
                Progress::Mismatch(mismatch) => return Err(mismatch.to_string().into()),
                Progress::Line(line) if self.now.as_millis() > LATEST => {
                    return Err(format!("the program never came to line {line} of its script").into());
                }
                Progress::Line(_) => {}
            }
        }
    }

    /// What the program reads.
    fn value(&mut self, register: u32) -> u32 {
        match register {
            LINK => {
                self.silence = 0;
                self.input.pop_front().map(u32::from).unwrap_or_default()
            }
            LINK_COUNT => {
                self.looks += 1;
                // What came is there in pieces, small ones among them.
                let most = [1, 1024, 5, 1024].get(self.looks as usize % 4).copied().unwrap_or_default();
                self.input.len().min(most).try_into().unwrap_or_default()
            }
            LINK_ROOM => {
                // Only twice in a row, so that a program that has waited for room finds some.
                self.rooms += 1;
                u32::from(!self.rooms.is_multiple_of(3))
            }
            _ => {
                self.silence += 1;
                self.now = self.now.after(if self.silence < 10 { BUSY } else { IDLE });
                self.broker.tick(self.now);
                self.now.as_millis()
            }
        }
    }

    /// Does what the program has written a register for.
    fn written(&mut self, register: u32, byte: &[u8]) {
        match (register, self.connection) {
            (OUTPUT, _) => self.shown.extend(byte),
            (LINK, Some(connection)) => {
                self.silence = 0;
                self.broker.receive(connection, byte, self.now);
            }
            (LINK, None) => {}
            (_, last) => {
                if let Some(connection) = last {
                    self.broker.lost(connection, self.now);
                }
                self.input.clear();
                self.connection = Some(self.broker.open(self.now));
            }
        }
    }
}
