//! One module of a crate, and the words of its items.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use proc_macro2::Span;
use syn::spanned::Spanned;

use crate::shell::Result;
use crate::source::{is_for_tests, parse, text};

/// A module with its text.
pub(super) struct Module {
    pub(super) name: String,
    pub(super) public: bool,
    /// The `#[cfg(…)]` of its `mod`.
    pub(super) condition: String,
    text: Rc<str>,
    pub(super) items: Vec<syn::Item>,
    pub(super) modules: Vec<Module>,
}

impl Module {
    pub(super) fn load(name: &str, public: bool, file: &Path, folder: &Path) -> Result<Self> {
        let source = text(file)?;
        let parsed = parse(file, &source)?;
        Self::build(name, public, source.into(), parsed.items, folder)
    }

    pub(super) fn build(
        name: &str,
        public: bool,
        text: Rc<str>,
        items: Vec<syn::Item>,
        folder: &Path,
    ) -> Result<Self> {
        let mut module = Self {
            name: name.to_owned(),
            public,
            condition: String::new(),
            text,
            items: Vec::new(),
            modules: Vec::new(),
        };
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
            let mut child = match inner.content {
                Some((_, items)) => Self::build(&name, public, module.text.clone(), items, &below)?,
                None => Self::load(&name, public, &file_of(folder, &name), &below)?,
            };
            child.condition = cfg(&inner.attrs);
            module.modules.push(child);
        }
        Ok(module)
    }

    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.modules.iter().find(|module| module.name == name)
    }

    /// The source from the start of one span to the end of another, on one line.
    pub(super) fn slice(&self, from: Span, to: Span) -> String {
        self.line(from.byte_range().start, to.byte_range().end)
    }

    pub(super) fn before(&self, from: Span, to: Span) -> String {
        self.line(from.byte_range().start, to.byte_range().start)
    }

    fn line(&self, start: usize, end: usize) -> String {
        let source = self.text.get(start..end).unwrap_or_default();
        let words: Vec<&str> = source.split_whitespace().collect();
        words.join(" ").replace("( ", "(").replace(", )", ")").replace(", >", ">").replace("< ", "<")
    }

    /// The fields that can be seen; those of an enum all can.
    pub(super) fn fields(&self, fields: &syn::Fields, only_public: bool) -> Vec<String> {
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

    pub(super) fn trait_item(&self, item: &syn::TraitItem) -> Option<String> {
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
    pub(super) fn impls(&self, name: &str, functions: &mut Vec<String>) -> Vec<String> {
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

pub(super) fn is_public(visibility: &syn::Visibility) -> bool {
    matches!(visibility, syn::Visibility::Public(_))
}

pub(super) fn name_of(item: &syn::Item) -> Option<String> {
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
pub(super) fn cfg(attributes: &[syn::Attribute]) -> String {
    let conditions = attributes.iter().filter_map(|attribute| match &attribute.meta {
        syn::Meta::List(list) if list.path.is_ident("cfg") => Some(format!("#[cfg({})] ", list.tokens)),
        _ => None,
    });
    conditions.collect()
}

pub(super) fn has_word(attributes: &[syn::Attribute], word: &str) -> bool {
    attributes.iter().any(|attribute| attribute.path().is_ident(word))
}

/// One line with the traits that are derived; those behind a feature with their condition.
pub(super) fn derives(attributes: &[syn::Attribute]) -> Vec<String> {
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
pub(super) fn leaves(tree: &syn::UseTree) -> Vec<(Vec<String>, String)> {
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
