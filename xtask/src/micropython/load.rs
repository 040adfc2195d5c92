//! Loading a native `.mpy` as MicroPython does, to run it without one.

use crate::shell::Result;

/// Machine code and the constants beside it, with every address filled in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Image {
    pub(super) code: Vec<u8>,
    pub(super) constants: Vec<u8>,
}

/// Flags of a piece of native code that has relocations, constants, and variables.
const HAS_RELOCATIONS: usize = 0x10;
const HAS_CONSTANTS: usize = 0x20;
const HAS_VARIABLES: usize = 0x40;

/// The end of the relocations.
const END: u8 = 0xff;

/// Loads a module without names, objects or bytecode for a processor of 32 bits.
///
/// # Errors
/// A file that is broken off or of another kind, and code that refers to MicroPython.
pub(super) fn load(file: &[u8], code_at: u32, constants_at: u32) -> Result<Image> {
    let mut reader = Reader(file);
    let (names, objects) = match reader.bytes(4)? {
        [b'M', 6, ..] => (reader.number()?, reader.number()?),
        _ => return Err("this is no .mpy file of version 6".into()),
    };
    for _ in 0..names {
        let length = reader.number()?;
        // Those that every MicroPython has are told by number.
        if length & 1 == 0 {
            reader.bytes((length >> 1) + 1)?;
        }
    }
    let kind = reader.number()?;
    if objects != 0 || kind & 7 != 2 {
        return Err("this is not native code alone".into());
    }
    let code = reader.bytes(kind >> 3)?.to_vec();
    let flags = reader.number()?;
    let constants = if flags & HAS_CONSTANTS == 0 { 0 } else { reader.number()? };
    if flags & HAS_VARIABLES != 0 {
        return Err("the module has variables".into());
    }
    let constants = reader.bytes(constants)?.to_vec();
    let mut image = Image { code, constants };
    if flags & HAS_RELOCATIONS != 0 {
        relocate(&mut reader, &mut image, [code_at, constants_at])?;
    }
    if reader.0.is_empty() { Ok(image) } else { Err("something stands behind the module".into()) }
}

fn relocate(reader: &mut Reader<'_>, image: &mut Image, addresses: [u32; 2]) -> Result {
    let (mut in_constants, mut word) = (false, 0);
    loop {
        let operation = reader.byte()?;
        if operation == END {
            return Ok(());
        }
        if operation & 1 != 0 {
            let place = reader.number()?;
            (in_constants, word) = (place & 1 != 0, place >> 1);
        }
        let (destination, many) = (operation >> 2, operation & 2 != 0);
        let Some(address) = addresses.get(usize::from(destination)) else {
            return Err("the code refers to MicroPython".into());
        };
        for _ in 0..if many { reader.number()? } else { 1 } {
            let bytes = if in_constants { &mut image.constants } else { &mut image.code };
            let place = bytes.get_mut(4 * word..4 * word + 4).and_then(|place| place.first_chunk_mut());
            let place: &mut [u8; 4] = place.ok_or("a relocation is outside")?;
            *place = u32::from_le_bytes(*place).wrapping_add(*address).to_le_bytes();
            word += 1;
        }
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn bytes(&mut self, count: usize) -> Result<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(count).ok_or("the file is broken off")?;
        self.0 = rest;
        Ok(bytes)
    }

    fn byte(&mut self) -> Result<u8> {
        Ok(self.bytes(1)?.first().copied().unwrap_or_default())
    }

    /// Seven bits a byte, the upper ones first.
    fn number(&mut self) -> Result<usize> {
        let mut number = 0;
        loop {
            let byte = self.byte()?;
            number = number << 7 | usize::from(byte & 0x7f);
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Image, load};

    /// A module with eight bytes of code, eight of constants, and these relocations.
    fn module(relocations: &[u8]) -> Vec<u8> {
        let mut file = b"M\x06\x2b\x1f\x02\x00\x07\x04ab\x00".to_vec();
        file.extend([8 << 3 | 2, 1, 0, 0, 0, 2, 0, 0, 0, 0x30, 8, 3, 0, 0, 0, 4, 0, 0, 0]);
        file.extend(relocations);
        file
    }

    #[test]
    fn addresses_are_added_where_relocations_say() {
        // One of the code in the first word of the code, and one of the constants in the word after it; then two of
        // the code from the first word of the constants.
        let file = module(&[1, 0, 4, 3, 1, 2, 0xff]);
        let code = [1, 0, 0x20, 0, 2, 0, 0x30, 0].to_vec();
        let constants = [3, 0, 0x20, 0, 4, 0, 0x20, 0].to_vec();
        assert_eq!(load(&file, 0x20_0000, 0x30_0000).unwrap(), Image { code, constants });
    }

    #[test]
    fn what_cannot_be_loaded_is_told() {
        let refused = |file: &[u8]| load(file, 0, 0).unwrap_err().to_string();
        assert_eq!(refused(b"\x7fELF\0\0\0\0"), "this is no .mpy file of version 6");
        assert_eq!(refused(&module(&[])), "the file is broken off");
        assert_eq!(refused(&module(&[0xff, 0])), "something stands behind the module");
        assert_eq!(refused(&module(&[1, 8, 0xff])), "a relocation is outside");
        assert_eq!(refused(&module(&[8 << 1 | 1, 0, 0xff])), "the code refers to MicroPython");
        assert_eq!(refused(b"M\x06\x00\x1f\x00\x00\x10"), "this is not native code alone");
    }
}
