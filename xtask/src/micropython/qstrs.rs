//! The names that native code uses, for MicroPython's linker.

use std::fmt::Write as _;
use std::path::Path;

use crate::shell::Result;
use crate::source::text;

/// Reads the names in `qstrs! { … }` of a source file and writes them as `mpy_ld.py` wants them.
///
/// # Errors
/// The file cannot be read, or has no such list.
pub(crate) fn header(source: &Path) -> Result<String> {
    let names = names(&text(source)?).ok_or_else(|| format!("{}: no `qstrs! {{ … }}`", source.display()))?;
    Ok(names.iter().zip(1..).fold(String::new(), |mut header, (name, index)| {
        // The first name of the table is that of the file.
        let _ = writeln!(header, "#define MP_QSTR_{name} (mp_native_qstr_table[{index}])");
        header
    }))
}

fn names(source: &str) -> Option<Vec<String>> {
    let code: String = source
        .lines()
        .map(|line| line.split("//").next().unwrap_or(line))
        .flat_map(|line| [line, "\n"])
        .collect();
    let (_, list) = code.rsplit_once("qstrs! {")?;
    let (list, _) = list.split_once('}')?;
    let words = list.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
    Some(words.map(python_name).collect())
}

/// `self_` is `self` in Python, where Rust has a keyword of that name.
fn python_name(name: &str) -> String {
    let is_keyword = |name: &&str| syn::parse_str::<syn::Ident>(name).is_err();
    name.strip_suffix('_').filter(is_keyword).unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn names_are_read_in_order_and_keywords_lose_their_underscore() {
        let source = "macro_rules! qstrs { () => {} }\n// no list: qstrs! { x }\nqstrs! { // words\n  __init__ _write self_ type_,\n  port\n}\n";
        assert_eq!(
            names(source),
            Some(["__init__", "_write", "self", "type", "port"].map(String::from).to_vec())
        );
        assert_eq!(names("fn main() {}"), None);
    }
}
