//! The two-byte forms of Xtensa's instructions, which GNU as chooses by itself and LLVM does not.

use std::borrow::Cow;

/// The shorter form of an instruction that has one and means the same.
pub(super) fn narrow(line: &str) -> Cow<'_, str> {
    let whole = line.trim_start();
    let Some((operation, operands)) = whole.split_once(char::is_whitespace) else { return line.into() };
    let operands: Vec<&str> = operands.split(',').map(str::trim).collect();
    let [first, second, rest @ ..] = &operands[..] else { return line.into() };
    let number = operands.last().and_then(|operand| operand.parse::<i32>().ok());
    let shorter = match (operation, rest, number) {
        ("or", [third], _) if second == third => return format!("\tmov.n\t{first}, {second}").into(),
        ("add", [_], _) => "add.n",
        ("addi", [_], Some(-1 | 1..=15)) => "addi.n",
        ("movi", [], Some(-32..=95)) => "movi.n",
        ("l32i", [_], Some(0..=60)) => "l32i.n",
        ("s32i", [_], Some(0..=60)) => "s32i.n",
        _ => return line.into(),
    };
    format!("\t{shorter}\t{}", operands.join(", ")).into()
}

#[cfg(test)]
mod tests {
    use super::narrow;

    #[test]
    fn what_has_a_shorter_form_gets_it() {
        for (long, short) in [
            ("\tor\ta2, a13, a13", "\tmov.n\ta2, a13"),
            ("\tadd\ta2, a3, a4", "\tadd.n\ta2, a3, a4"),
            ("\taddi\ta2, a3, -1", "\taddi.n\ta2, a3, -1"),
            ("\taddi\ta2, a3, 15", "\taddi.n\ta2, a3, 15"),
            ("\tmovi\ta2, -32", "\tmovi.n\ta2, -32"),
            ("\tmovi\ta2, 95", "\tmovi.n\ta2, 95"),
            ("\tl32i\ta2, a1, 0", "\tl32i.n\ta2, a1, 0"),
            ("\ts32i\ta2, a1, 60", "\ts32i.n\ta2, a1, 60"),
        ] {
            assert_eq!(narrow(long), short);
            assert_eq!(narrow(short), short);
        }
    }

    #[test]
    fn all_else_stays() {
        for line in [
            "\tor\ta2, a3, a4",
            "\taddi\ta2, a3, 0",
            "\taddi\ta2, a3, -2",
            "\taddi\ta2, a3, 16",
            "\tmovi\ta2, -33",
            "\tmovi\ta2, 96",
            "\tl32i\ta2, a1, 64",
            "\ts32i\ta2, a1, -4",
            "\tl16ui\ta2, a1, 0",
            "\tl32r\ta8, .LCPI0_0",
            "\tretw.n",
            "\t.literal .LCPI0_0, 7",
            "add:",
            "",
        ] {
            assert_eq!(narrow(line), line);
        }
    }
}
