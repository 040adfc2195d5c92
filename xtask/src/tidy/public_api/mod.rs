//! The list of what is public: `docs/public-api/*.txt`, one file for each library.

mod module;

use std::path::Path;

use syn::spanned::Spanned;

use super::files::libraries;
use crate::shell::Result;
use crate::source::made;
use module::{Module, cfg, derives, has_word, is_public, leaves, name_of};

/// Writes the lists, or with `check` compares them.
pub(crate) fn make(check: bool) -> Result {
    let mut stale = Vec::new();
    for library in libraries()? {
        let krate = Crate::load(&library)?;
        let path = format!("docs/public-api/{}.txt", krate.name);
        if let Err(error) = made(&path, &krate.list(), check, "cargo xtask tidy --update") {
            stale.push(error.to_string());
        }
    }
    if stale.is_empty() { Ok(()) } else { Err(stale.join("\n").into()) }
}

/// The functions that anybody may call, as `Type::name` or `name`, of the crate with this root.
pub(crate) fn functions(library: &Path) -> Result<Vec<String>> {
    let krate = Crate::load(library)?;
    let mut functions: Vec<String> = krate.entries().into_iter().flat_map(|entry| entry.functions).collect();
    functions.sort();
    functions.dedup();
    Ok(functions)
}

struct Crate {
    name: String,
    root: Module,
}

/// A public item: its path, its lines, and the functions that it has.
struct Entry {
    path: String,
    lines: Vec<String>,
    functions: Vec<String>,
}

/// What a path of a `use` leads to.
enum Target<'a> {
    Module(&'a Module, Vec<String>),
    Item(&'a Module, &'a syn::Item),
}

impl Crate {
    fn load(library: &Path) -> Result<Self> {
        let source = library.parent().unwrap_or(library);
        let name =
            source.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned();
        let root = Module::load("crate", true, library, source)?;
        Ok(Self { name, root })
    }

    fn entries(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        self.walk(&self.root, &[], &self.name.replace('-', "_"), &mut entries);
        entries.sort_by(|one, other| one.path.cmp(&other.path));
        entries.dedup_by(|one, other| one.path == other.path && one.lines == other.lines);
        entries
    }

    fn list(&self) -> String {
        let mut list = String::new();
        for entry in self.entries() {
            list.push_str(&entry.path);
            list.push('\n');
            for line in entry.lines {
                list.push_str("    ");
                list.push_str(&line);
                list.push('\n');
            }
        }
        list
    }

    /// Adds what `module`, which stands at `place`, shows under the name `path`.
    fn walk(&self, module: &Module, place: &[String], path: &str, entries: &mut Vec<Entry>) {
        for item in &module.items {
            match item {
                syn::Item::Use(item) if is_public(&item.vis) => {
                    let first = entries.len();
                    for (segments, name) in leaves(&item.tree) {
                        self.reexport(place, &segments, &name, path, entries);
                    }
                    under(&cfg(&item.attrs), entries.get_mut(first..));
                }
                _ => entries.extend(self.entry(module, item, None, path)),
            }
        }
        for inner in module.modules.iter().filter(|inner| inner.public) {
            let mut place = place.to_vec();
            place.push(inner.name.clone());
            let first = entries.len();
            self.walk(inner, &place, &format!("{path}::{}", inner.name), entries);
            under(&inner.condition, entries.get_mut(first..));
        }
    }

    fn reexport(
        &self,
        place: &[String],
        segments: &[String],
        name: &str,
        path: &str,
        entries: &mut Vec<Entry>,
    ) {
        if name == "*" {
            if let Some(Target::Module(module, place)) = self.resolve(place, segments, 0) {
                self.walk(module, &place, path, entries);
            }
            return;
        }
        match self.resolve(place, segments, 0) {
            Some(Target::Item(module, item)) => entries.extend(self.entry(module, item, Some(name), path)),
            Some(Target::Module(module, place)) => {
                self.walk(module, &place, &format!("{path}::{name}"), entries);
            }
            // From another crate.
            None => entries.push(Entry {
                path: format!("{path}::{name}"),
                lines: vec![format!("pub use {}", segments.join("::"))],
                functions: Vec::new(),
            }),
        }
    }

    /// Follows a path that stands in the module at `place`, by way of other `use`s too.
    fn resolve(&self, place: &[String], segments: &[String], depth: usize) -> Option<Target<'_>> {
        if depth > 8 {
            return None;
        }
        let mut at: Vec<String> = place.to_vec();
        let (last, front) = segments.split_last()?;
        for segment in front {
            match segment.as_str() {
                "crate" => at.clear(),
                "self" => {}
                "super" => drop(at.pop()),
                name => at.push(name.to_owned()),
            }
        }
        let module = at.iter().try_fold(&self.root, |module, name| module.child(name))?;
        if let Some(child) = module.child(last) {
            at.push(last.clone());
            return Some(Target::Module(child, at));
        }
        if let Some(item) = module.items.iter().find(|item| name_of(item).is_some_and(|name| name == *last)) {
            return Some(Target::Item(module, item));
        }
        let uses = module.items.iter().filter_map(|item| match item {
            syn::Item::Use(item) => Some(leaves(&item.tree)),
            _ => None,
        });
        let (target, _) = uses.flatten().find(|(_, name)| name == last)?;
        self.resolve(&at, &target, depth + 1)
    }

    /// The entry of one item, if it is public or, with a name, shown by a `pub use`.
    fn entry(&self, module: &Module, item: &syn::Item, shown: Option<&str>, path: &str) -> Option<Entry> {
        let name = name_of(item)?;
        let (attributes, lines) = match item {
            syn::Item::Fn(item) if is_public(&item.vis) => {
                (&item.attrs, vec![module.slice(item.vis.span(), item.sig.span())])
            }
            syn::Item::Const(item) if is_public(&item.vis) => {
                (&item.attrs, vec![module.slice(item.vis.span(), item.ty.span())])
            }
            syn::Item::Static(item) if is_public(&item.vis) => {
                (&item.attrs, vec![module.slice(item.vis.span(), item.ty.span())])
            }
            syn::Item::Type(item) if is_public(&item.vis) => {
                (&item.attrs, vec![module.slice(item.vis.span(), item.ty.span())])
            }
            syn::Item::Struct(item) if is_public(&item.vis) => {
                let end =
                    if item.generics.params.is_empty() { item.ident.span() } else { item.generics.span() };
                let mut lines = vec![module.slice(item.vis.span(), end)];
                lines.extend(module.fields(&item.fields, true).iter().map(|field| format!("    {field}")));
                (&item.attrs, lines)
            }
            syn::Item::Enum(item) if is_public(&item.vis) => {
                let end =
                    if item.generics.params.is_empty() { item.ident.span() } else { item.generics.span() };
                let mut lines = vec![module.slice(item.vis.span(), end)];
                for variant in &item.variants {
                    let mut line = format!("    {}{}", cfg(&variant.attrs), variant.ident);
                    let fields = module.fields(&variant.fields, false);
                    match variant.fields {
                        syn::Fields::Named(_) => line.push_str(&format!(" {{ {} }}", fields.join(", "))),
                        syn::Fields::Unnamed(_) => line.push_str(&format!("({})", fields.join(", "))),
                        syn::Fields::Unit => {}
                    }
                    if let Some((_, value)) = &variant.discriminant {
                        line.push_str(&format!(" = {}", module.slice(value.span(), value.span())));
                    }
                    lines.push(line);
                }
                (&item.attrs, lines)
            }
            syn::Item::Trait(item) if is_public(&item.vis) => {
                let mut lines = vec![module.before(item.vis.span(), item.brace_token.span.open())];
                for inner in &item.items {
                    lines.extend(module.trait_item(inner).map(|line| format!("    {line}")));
                }
                (&item.attrs, lines)
            }
            syn::Item::Macro(item) if item.attrs.iter().any(|it| it.path().is_ident("macro_export")) => {
                (&item.attrs, vec![format!("macro_rules! {name}")])
            }
            _ => return None,
        };
        let mut lines = lines;
        if let Some(first) = lines.first_mut() {
            let marks = if has_word(attributes, "non_exhaustive") { "#[non_exhaustive] " } else { "" };
            first.insert_str(0, &format!("{}{marks}", cfg(attributes)));
        }
        let mut functions = Vec::new();
        if matches!(item, syn::Item::Fn(_)) {
            functions.push(name.clone());
        }
        if matches!(item, syn::Item::Struct(_) | syn::Item::Enum(_)) {
            lines.extend(derives(attributes));
            lines.extend(self.root.impls(&name, &mut functions));
        }
        Some(Entry { path: format!("{path}::{}", shown.unwrap_or(&name)), lines, functions })
    }
}

/// Says that entries are there under a condition only.
fn under(condition: &str, entries: Option<&mut [Entry]>) {
    for entry in entries.into_iter().flatten() {
        if let Some(first) = entry.lines.first_mut().filter(|first| !first.starts_with(condition)) {
            first.insert_str(0, condition);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(source: &str) -> String {
        let items = syn::parse_file(source).unwrap().items;
        let root = Module::build("crate", true, source.into(), items, Path::new("")).unwrap();
        Crate { name: "a-b".into(), root }.list()
    }

    #[test]
    fn what_is_public_is_listed_under_the_path_that_shows_it() {
        let source = "
            mod inner {
                /// Words.
                #[derive(Clone)]
                #[non_exhaustive]
                pub struct Shown<T> { pub field: Vec<T>, hidden: u8 }
                impl<T: Copy> Shown<T> {
                    pub fn public(
                        &self,
                        number: u8,
                    ) -> Option<T> { None }
                    fn private(&self) {}
                }
                pub struct NotShown;
            }
            #[cfg(feature = \"x\")]
            pub mod room { pub use super::inner::Shown as Other; pub(crate) fn f() {} pub enum E { A, B(u8) } }
            pub use inner::Shown;
            pub use core::fmt;
        ";
        let shown = "    derive(Clone)
    impl<T: Copy> Shown<T>
        pub fn public(&self, number: u8) -> Option<T>
";
        let expected = format!(
            "a_b::Shown
    #[non_exhaustive] pub struct Shown<T>
        field: Vec<T>
{shown}a_b::fmt
    pub use core::fmt
a_b::room::E
    #[cfg(feature = \"x\")] pub enum E
        A
        B(u8)
a_b::room::Other
    #[cfg(feature = \"x\")] #[non_exhaustive] pub struct Shown<T>
        field: Vec<T>
{shown}"
        );
        assert_eq!(list(source), expected);
    }
}
