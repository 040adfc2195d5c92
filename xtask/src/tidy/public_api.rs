//! The list of what is public: `docs/public-api/*.txt`, one file for each library.

use std::path::{Path, PathBuf};

use proc_macro2::Span;
use syn::spanned::Spanned;

use super::files::libraries;
use crate::shell::Result;
use crate::source::{is_for_tests, made, parse, text};

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

/// A module with its text.
struct Module {
    name: String,
    public: bool,
    text: std::rc::Rc<str>,
    items: Vec<syn::Item>,
    modules: Vec<Module>,
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
                    for (segments, name) in leaves(&item.tree) {
                        self.reexport(place, &segments, &name, path, entries);
                    }
                }
                _ => entries.extend(self.entry(module, item, None, path)),
            }
        }
        for inner in module.modules.iter().filter(|inner| inner.public) {
            let mut place = place.to_vec();
            place.push(inner.name.clone());
            self.walk(inner, &place, &format!("{path}::{}", inner.name), entries);
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

impl Module {
    fn load(name: &str, public: bool, file: &Path, folder: &Path) -> Result<Self> {
        let source = text(file)?;
        let parsed = parse(file, &source)?;
        Self::build(name, public, source.into(), parsed.items, folder)
    }

    fn build(
        name: &str,
        public: bool,
        text: std::rc::Rc<str>,
        items: Vec<syn::Item>,
        folder: &Path,
    ) -> Result<Self> {
        let mut module = Self { name: name.to_owned(), public, text, items: Vec::new(), modules: Vec::new() };
        for item in items {
            let syn::Item::Mod(inner) = item else {
                module.items.push(item);
                continue;
            };
            if is_for_tests(&inner.attrs) {
                continue;
            }
            let name = inner.ident.to_string();
            let below = folder.join(&name);
            let public = is_public(&inner.vis);
            module.modules.push(match inner.content {
                Some((_, items)) => Self::build(&name, public, module.text.clone(), items, &below)?,
                None => Self::load(&name, public, &file_of(folder, &name), &below)?,
            });
        }
        Ok(module)
    }

    fn child(&self, name: &str) -> Option<&Self> {
        self.modules.iter().find(|module| module.name == name)
    }

    /// The source from the start of one span to the end of another, on one line.
    fn slice(&self, from: Span, to: Span) -> String {
        self.line(from.byte_range().start, to.byte_range().end)
    }

    fn before(&self, from: Span, to: Span) -> String {
        self.line(from.byte_range().start, to.byte_range().start)
    }

    fn line(&self, start: usize, end: usize) -> String {
        let source = self.text.get(start..end).unwrap_or_default();
        let words: Vec<&str> = source.split_whitespace().collect();
        words.join(" ").replace("( ", "(").replace(", )", ")").replace(", >", ">").replace("< ", "<")
    }

    /// The fields that can be seen; those of an enum all can.
    fn fields(&self, fields: &syn::Fields, only_public: bool) -> Vec<String> {
        let seen = fields.iter().filter(|field| !only_public || is_public(&field.vis));
        let line = |field: &syn::Field| {
            let ty = self.slice(field.ty.span(), field.ty.span());
            match &field.ident {
                Some(name) => format!("{}{name}: {ty}", cfg(&field.attrs)),
                None => ty,
            }
        };
        seen.map(line).collect()
    }

    fn trait_item(&self, item: &syn::TraitItem) -> Option<String> {
        Some(match item {
            syn::TraitItem::Fn(item) => {
                let provided = if item.default.is_some() { " { .. }" } else { "" };
                format!("{}{}{provided}", cfg(&item.attrs), self.slice(item.sig.span(), item.sig.span()))
            }
            syn::TraitItem::Const(item) => {
                let provided = if item.default.is_some() { " = .." } else { "" };
                format!("{}{provided}", self.slice(item.const_token.span(), item.ty.span()))
            }
            syn::TraitItem::Type(item) => self.slice(item.type_token.span(), item.span()),
            _ => return None,
        })
    }

    /// The lines of the blocks that implement something for the type of this name, here and below.
    fn impls(&self, name: &str, functions: &mut Vec<String>) -> Vec<String> {
        let mut blocks = self.blocks(name, functions);
        blocks.sort();
        blocks.concat()
    }

    fn blocks(&self, name: &str, functions: &mut Vec<String>) -> Vec<Vec<String>> {
        let mut blocks = Vec::new();
        for item in &self.items {
            let syn::Item::Impl(item) = item else { continue };
            let syn::Type::Path(path) = item.self_ty.as_ref() else { continue };
            if path.path.segments.last().is_none_or(|segment| segment.ident != name) {
                continue;
            }
            let head = self.before(item.impl_token.span(), item.brace_token.span.open());
            let mut block = vec![format!("{}{head}", cfg(&item.attrs))];
            if item.trait_.is_none() {
                block.extend(item.items.iter().filter_map(|item| self.associated(name, item, functions)));
                if block.len() == 1 {
                    continue;
                }
            }
            blocks.push(block);
        }
        for module in &self.modules {
            blocks.extend(module.blocks(name, functions));
        }
        blocks
    }

    fn associated(&self, name: &str, item: &syn::ImplItem, functions: &mut Vec<String>) -> Option<String> {
        let (attributes, line) = match item {
            syn::ImplItem::Fn(item) if is_public(&item.vis) => {
                functions.push(format!("{name}::{}", item.sig.ident));
                (&item.attrs, self.slice(item.vis.span(), item.sig.span()))
            }
            syn::ImplItem::Const(item) if is_public(&item.vis) => {
                (&item.attrs, self.slice(item.vis.span(), item.ty.span()))
            }
            _ => return None,
        };
        Some(format!("    {}{line}", cfg(attributes)))
    }
}

fn file_of(folder: &Path, name: &str) -> PathBuf {
    let file = folder.join(format!("{name}.rs"));
    if crate::shell::root().join(&file).is_file() { file } else { folder.join(name).join("mod.rs") }
}

fn is_public(visibility: &syn::Visibility) -> bool {
    matches!(visibility, syn::Visibility::Public(_))
}

fn name_of(item: &syn::Item) -> Option<String> {
    let ident = match item {
        syn::Item::Fn(item) => &item.sig.ident,
        syn::Item::Const(item) => &item.ident,
        syn::Item::Static(item) => &item.ident,
        syn::Item::Type(item) => &item.ident,
        syn::Item::Struct(item) => &item.ident,
        syn::Item::Enum(item) => &item.ident,
        syn::Item::Trait(item) => &item.ident,
        syn::Item::Macro(item) => item.ident.as_ref()?,
        _ => return None,
    };
    Some(ident.to_string())
}

/// The condition under which an item is there.
fn cfg(attributes: &[syn::Attribute]) -> String {
    let conditions = attributes.iter().filter_map(|attribute| match &attribute.meta {
        syn::Meta::List(list) if list.path.is_ident("cfg") => Some(format!("#[cfg({})] ", list.tokens)),
        _ => None,
    });
    conditions.collect()
}

fn has_word(attributes: &[syn::Attribute], word: &str) -> bool {
    attributes.iter().any(|attribute| attribute.path().is_ident(word))
}

/// One line with the traits that are derived; those behind a feature with their condition.
fn derives(attributes: &[syn::Attribute]) -> Vec<String> {
    let lists = attributes.iter().filter_map(|attribute| match &attribute.meta {
        syn::Meta::List(list) if list.path.is_ident("derive") => Some(format!("derive({})", list.tokens)),
        syn::Meta::List(list) if list.path.is_ident("cfg_attr") => {
            let tokens = list.tokens.to_string();
            tokens.contains("derive").then(|| format!("cfg_attr({tokens})"))
        }
        _ => None,
    });
    lists.map(|list| list.replace(" ,", ",").replace(" :: ", "::").replace("derive (", "derive(")).collect()
}

/// The paths of a `use`, each with the name that it gives.
fn leaves(tree: &syn::UseTree) -> Vec<(Vec<String>, String)> {
    match tree {
        syn::UseTree::Path(path) => {
            let mut leaves = leaves(&path.tree);
            for (segments, _) in &mut leaves {
                segments.insert(0, path.ident.to_string());
            }
            leaves
        }
        syn::UseTree::Name(name) => vec![(vec![name.ident.to_string()], name.ident.to_string())],
        syn::UseTree::Rename(rename) => vec![(vec![rename.ident.to_string()], rename.rename.to_string())],
        syn::UseTree::Glob(_) => vec![(Vec::new(), "*".to_owned())],
        syn::UseTree::Group(group) => group.items.iter().flat_map(leaves).collect(),
    }
}
