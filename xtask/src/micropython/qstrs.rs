//! The names that native code uses, for MicroPython's linker.

use std::fmt::Write as _;
use std::path::Path;

use crate::shell::Result;
use crate::source::text;

/// Reads the names in `qstrs! { … }` of a source file and writes them as `mpy_ld.py` wants them.
///
/// `feature` chooses between lists of which one has `#[cfg(feature = "…")]` before it and the other its `not`.
///
/// # Errors
/// The file cannot be read, or has no such list.
pub(crate) fn header(source: &Path, feature: Option<&str>) -> Result<String> {
    let names =
        names(&text(source)?, feature).ok_or_else(|| format!("{}: no `qstrs! {{ … }}`", source.display()))?;
    Ok(names.iter().zip(1..).fold(String::new(), |mut header, (name, index)| {
        // The first name of the table is that of the file.
        let _ = writeln!(header, "#define MP_QSTR_{name} (mp_native_qstr_table[{index}])");
        header
    }))
}

/// Reads the names in the one `qstrs! { … }` of a source file and writes them as a table in C has them.
///
/// # Errors
/// As [`header`].
pub(super) fn list(source: &Path) -> Result<String> {
    let names =
        names(&text(source)?, None).ok_or_else(|| format!("{}: no `qstrs! {{ … }}`", source.display()))?;
    Ok(names.iter().map(|name| format!("MP_QSTR_{name},\n")).collect())
}

fn names(source: &str, feature: Option<&str>) -> Option<Vec<String>> {
    let code: String = source
        .lines()
        .map(|line| line.split("//").next().unwrap_or(line))
        .flat_map(|line| [line, "\n"])
        .collect();
    let lists = code.match_indices("\nqstrs! {").map(|(at, _)| code.split_at(at));
    let (_, list) = lists.into_iter().find(|(before, _)| {
        let condition = before.lines().last().and_then(|line| line.trim().strip_prefix("#[cfg("));
        condition.is_none_or(|condition| condition.starts_with("feature") == feature.is_some())
    })?;
    let (_, list) = list.split_once('{')?;
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
        let expected = ["__init__", "_write", "self", "type", "port"].map(String::from).to_vec();
        assert_eq!(names(source, None), Some(expected.clone()));
        assert_eq!(names(source, Some("link")), Some(expected));
        assert_eq!(names("fn main() {}", None), None);
    }

    #[test]
    fn a_feature_chooses_the_list() {
        let source =
            "#[cfg(not(feature = \"link\"))]\nqstrs! { a b }\n#[cfg(feature = \"link\")]\nqstrs! { c }\n";
        assert_eq!(names(source, None), Some(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(names(source, Some("link")), Some(vec!["c".to_owned()]));
    }
}
