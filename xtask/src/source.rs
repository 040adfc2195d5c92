//! The source of the project, as files and as syntax.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::Span;
use syn::spanned::Spanned;

use crate::shell::{Result, command, read, root};

/// The files that git keeps or would keep, relative to the root; those that were deleted are left out.
pub(crate) fn files() -> Result<Vec<PathBuf>> {
    let list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let list = read(&mut command("git", &list))?;
    let mut files: Vec<PathBuf> = list.split_terminator('\0').map(PathBuf::from).collect();
    files.retain(|file| root().join(file).is_file());
    files.sort();
    files.dedup();
    Ok(files)
}

/// The files of Rust among [`files`].
pub(crate) fn rust_files() -> Result<Vec<PathBuf>> {
    let mut files = files()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "rs"));
    Ok(files)
}

/// Reads a file of the project; the path is relative to the root.
pub(crate) fn text(path: &Path) -> Result<String> {
    fs::read_to_string(root().join(path)).map_err(|error| format!("{}: {error}", path.display()).into())
}

/// Parses a file of Rust.
pub(crate) fn parse(path: &Path, text: &str) -> Result<syn::File> {
    syn::parse_file(text).map_err(|error| {
        let place = error.span().start();
        format!("{}:{}: {error}", path.display(), place.line).into()
    })
}

/// Whether an item is there for tests only.
pub(crate) fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let syn::Meta::List(list) = &attribute.meta else { return false };
        list.path.is_ident("cfg") && list.tokens.to_string() == "test"
    })
}

/// The lines, counted from 1, of the modules for tests in a file.
pub(crate) fn test_modules(file: &syn::File) -> Vec<(usize, usize)> {
    let modules = file.items.iter().filter_map(|item| match item {
        syn::Item::Mod(module) if is_for_tests(&module.attrs) => Some(module.span()),
        _ => None,
    });
    modules.map(lines).collect()
}

fn lines(span: Span) -> (usize, usize) {
    (span.start().line, span.end().line)
}

/// Writes what a chore has made, or with `check` compares it with what is there.
pub(crate) fn made(path: &str, content: &str, check: bool, remake: &str) -> Result {
    let file = root().join(path);
    let old = fs::read_to_string(&file).unwrap_or_default();
    if old == content {
        return Ok(());
    }
    if check {
        for line in difference(&old, content) {
            println!("{line}");
        }
        return Err(format!("{path} is not up to date; `{remake}` makes it anew").into());
    }
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(&file, content)?;
    println!("wrote {path}");
    Ok(())
}

/// The lines that only one of two texts has, in order.
fn difference(old: &str, new: &str) -> Vec<String> {
    let gone = old.lines().filter(|line| !new.lines().any(|other| other == *line));
    let come = new.lines().filter(|line| !old.lines().any(|other| other == *line));
    gone.map(|line| format!("- {line}")).chain(come.map(|line| format!("+ {line}"))).collect()
}
