//! Finds `statement!("…")` in tests, in the tokens: inside `proptest!` too, and never in a comment.

use std::path::Path;
use std::str::FromStr;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use crate::shell::Result;

/// The statements that one function names.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Marked {
    /// The file.
    pub(super) place: String,
    /// The name of the test; `None` for a mark outside a test.
    pub(super) test: Option<String>,
    /// Whether the function asserts anything.
    pub(super) asserts: bool,
    pub(super) ids: Vec<String>,
}

/// The marks of a file.
pub(super) fn marks(path: &Path, text: &str) -> Result<Vec<Marked>> {
    if !text.contains("statement!") {
        return Ok(Vec::new());
    }
    let tokens = TokenStream::from_str(text).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut marks = Vec::new();
    walk(tokens, &path.display().to_string(), &mut marks);
    Ok(marks)
}

fn walk(tokens: TokenStream, place: &str, marks: &mut Vec<Marked>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut test = false;
    let mut name = None;
    let mut rest = tokens.as_slice();
    while let Some((token, after)) = rest.split_first() {
        rest = after;
        match (token, after) {
            (TokenTree::Punct(punct), [TokenTree::Group(attribute), ..]) if punct.as_char() == '#' => {
                test |= is_test(attribute);
            }
            (TokenTree::Ident(word), [TokenTree::Ident(function), ..]) if word == "fn" => {
                name = Some(function.to_string());
            }
            (TokenTree::Ident(word), [TokenTree::Punct(bang), TokenTree::Group(group), ..])
                if word == "statement" && bang.as_char() == '!' =>
            {
                marks.push(Marked { place: place.into(), test: None, asserts: false, ids: strings(group) });
            }
            (TokenTree::Group(group), _) if group.delimiter() == Delimiter::Brace => {
                let function = name.take();
                if function.is_some() && test {
                    let ids = named(group.stream());
                    if !ids.is_empty() {
                        let asserts = asserts(group.stream());
                        marks.push(Marked { place: place.into(), test: function, asserts, ids });
                    }
                } else {
                    walk(group.stream(), place, marks);
                }
                test = false;
            }
            (TokenTree::Group(group), _) => walk(group.stream(), place, marks),
            // A function without a body, or an item that is none.
            (TokenTree::Punct(punct), _) if punct.as_char() == ';' => (test, name) = (false, None),
            _ => {}
        }
    }
}

/// Whether an attribute is `#[test]`, or one that ends with that word.
fn is_test(attribute: &Group) -> bool {
    let words: Vec<String> = attribute.stream().into_iter().map(|token| token.to_string()).collect();
    words.last().is_some_and(|word| word == "test") && words.first().is_none_or(|word| word != "cfg")
}

/// The statements that a function names anywhere in its body.
fn named(body: TokenStream) -> Vec<String> {
    let tokens: Vec<TokenTree> = body.into_iter().collect();
    let mut ids = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match (token, tokens.get(at + 1..).unwrap_or_default()) {
            (TokenTree::Ident(word), [TokenTree::Punct(_), TokenTree::Group(group), ..])
                if word == "statement" =>
            {
                ids.extend(strings(group));
            }
            (TokenTree::Group(group), _) => ids.extend(named(group.stream())),
            _ => {}
        }
    }
    ids
}

/// Whether a body has a word that asserts.
fn asserts(body: TokenStream) -> bool {
    body.into_iter().any(|token| match token {
        TokenTree::Ident(word) => {
            let word = word.to_string();
            ["assert", "prop_assert", "check", "expect"].iter().any(|start| word.starts_with(start))
        }
        TokenTree::Group(group) => asserts(group.stream()),
        _ => false,
    })
}

fn strings(group: &Group) -> Vec<String> {
    let literals = group.stream().into_iter().filter_map(|token| match token {
        TokenTree::Literal(literal) => Some(literal.to_string()),
        _ => None,
    });
    literals.map(|literal| literal.trim_matches('"').to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(text: &str) -> Vec<Marked> {
        marks(Path::new("a.rs"), text).unwrap()
    }

    fn marked(test: Option<&str>, asserts: bool, ids: &[&str]) -> Marked {
        let ids = ids.iter().map(|id| (*id).to_owned()).collect();
        Marked { place: "a.rs".into(), test: test.map(str::to_owned), asserts, ids }
    }

    #[test]
    fn a_mark_in_a_test_is_found() {
        let text = r#"
            // statement!("in a comment")
            #[test]
            fn one() { statement!("A", "B"); assert_eq!(1, 1); }
            #[test]
            #[should_panic]
            fn two() -> Result<(), X> { for _ in 0..1 { statement!("C"); } }
            proptest! {
                #[test]
                fn three(a in 0..1) { statement!("D"); prop_assert!(true); }
            }
            #[test]
            fn four() { assert!(true); }
            mod inner { #[test] fn five() { statement!("E"); check(1) } }
        "#;
        assert_eq!(
            scan(text),
            [
                marked(Some("one"), true, &["A", "B"]),
                marked(Some("two"), false, &["C"]),
                marked(Some("three"), true, &["D"]),
                marked(Some("five"), true, &["E"]),
            ]
        );
    }

    #[test]
    fn a_mark_outside_a_test_is_told() {
        let text = r#"
            macro_rules! statement { ($($id:literal),+) => { const _: &[&str] = &[$($id),+]; }; }
            #[cfg(test)]
            mod tests { fn helper() { statement!("A"); assert!(true); } }
            #[test]
            fn one() { assert!(true); }
            fn two() { statement!("B"); }
        "#;
        assert_eq!(scan(text), [marked(None, false, &["A"]), marked(None, false, &["B"])]);
    }
}
