//! Lines of standard input, read in a thread of their own so that the connection is served meanwhile.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use crate::wake::Waker;

/// What came: one or more whole lines with their newlines; the last of all may lack it.
pub(crate) type Chunk = Result<Vec<u8>, LineError>;

#[derive(Debug)]
pub(crate) enum LineError {
    /// A line is longer than a message may be.
    TooLong,
    Read(io::Error),
}

/// Starts to read, and wakes with each chunk. Standard input is over when the channel is.
pub(crate) fn read_stdin(longest: usize, waker: Waker) -> io::Result<Receiver<Chunk>> {
    let (sender, receiver) = sync_channel(4);
    thread::Builder::new().name("umqtt-stdin".into()).spawn(move || {
        let input = BufReader::with_capacity(64 * 1024, io::stdin());
        read(input, longest, |chunk| {
            let wanted = sender.send(chunk).is_ok();
            waker.wake();
            wanted
        });
        // The end of the input wakes, too.
        drop(sender);
        waker.wake();
    })?;
    Ok(receiver)
}

/// Ends with the input, with an error, or when `send` says that nobody wants more. What the input buffers is not longer
/// than `longest`.
fn read(mut input: impl BufRead, longest: usize, send: impl Fn(Chunk) -> bool) {
    let mut begun = Vec::new();
    loop {
        let bytes = match input.fill_buf() {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                send(Err(LineError::Read(error)));
                return;
            }
        };
        let count = bytes.len();
        let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
        let (lines, rest) = bytes.split_at(whole);
        let first = lines.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
        if begun.len() + first > longest {
            send(Err(LineError::TooLong));
            return;
        }
        begun.extend_from_slice(lines);
        let ready = whole > 0 || count == 0 && !begun.is_empty();
        let unwanted = ready && !send(Ok(std::mem::take(&mut begun)));
        if unwanted || count == 0 {
            return;
        }
        begun.extend_from_slice(rest);
        input.consume(count);
    }
}

/// The lines of a chunk, without their newlines.
pub(crate) fn split(chunk: &[u8]) -> impl Iterator<Item = &[u8]> {
    chunk.strip_suffix(b"\n").unwrap_or(chunk).split(|&byte| byte == b'\n')
}

/// All of standard input, or `None` when it is longer than `longest`.
pub(crate) fn read_all(longest: usize) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(longest).unwrap_or(u64::MAX).saturating_add(1);
    io::stdin().lock().take(limit).read_to_end(&mut bytes)?;
    Ok(Some(bytes).filter(|bytes| bytes.len() <= longest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: &[u8], buffer: usize, longest: usize) -> (Vec<Vec<u8>>, bool) {
        let (sender, receiver) = sync_channel(1000);
        read(BufReader::with_capacity(buffer, input), longest, |chunk| sender.send(chunk).is_ok());
        drop(sender);
        let (mut all, mut failed) = (Vec::new(), false);
        for chunk in receiver {
            match chunk {
                Ok(chunk) => all.extend(split(&chunk).map(<[u8]>::to_vec)),
                Err(_) => failed = true,
            }
        }
        (all, failed)
    }

    #[test]
    fn lines_are_whole_whatever_the_buffer_holds() {
        let cases: [(&[u8], &[&[u8]]); 7] = [
            (b"", &[]),
            (b"a", &[b"a"]),
            (b"a\n", &[b"a"]),
            (b"\n", &[b""]),
            (b"a\n\nb", &[b"a", b"", b"b"]),
            (b"one\ntwo\nthree\n", &[b"one", b"two", b"three"]),
            (b"\0\xff\r\n\n\n", &[b"\0\xff\r", b"", b""]),
        ];
        for (input, expected) in cases {
            for buffer in 1..16 {
                assert_eq!(
                    lines(input, buffer, 100),
                    (expected.iter().map(|line| line.to_vec()).collect(), false)
                );
            }
        }
    }

    #[test]
    fn a_line_that_is_too_long_ends_the_reading() {
        for buffer in 1..=3 {
            let expected = vec![b"ab".to_vec(), b"abc".to_vec()];
            assert_eq!(lines(b"ab\nabc\nabcd\nab\n", buffer, 3), (expected, true), "buffer of {buffer}");
        }
    }
}
