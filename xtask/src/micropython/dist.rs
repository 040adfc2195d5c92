//! The folders that boards get their modules from.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use super::architecture::Architecture;
use super::build::{Built, Module};
use crate::shell::{Result, root};
use crate::source::text;

/// Writes the folder of one architecture.
pub(crate) fn write(architecture: &'static Architecture, modules: BTreeMap<String, Module>) -> Result<Built> {
    let folder = root().join("dist/micropython").join(architecture.name);
    fs::create_dir_all(folder.join("umqtt"))?;
    let mut files: Vec<Module> = modules.into_values().collect();
    for file in &mut files {
        let place = folder.join("umqtt").join(file.path.file_name().unwrap_or_default());
        fs::copy(&file.path, &place)?;
        file.path = place;
    }
    for entry in fs::read_dir(folder.join("umqtt"))? {
        let left = entry?.path();
        if files.iter().all(|file| file.path != left) {
            fs::remove_file(left)?;
        }
    }
    fs::write(folder.join("package.json"), package(&version()?, &files))?;
    Ok(Built { architecture, folder, files })
}

/// What `mip` reads: where each file goes, and where it is, seen from this file.
fn package(version: &str, files: &[Module]) -> String {
    let url = |name: String| format!("    [\"umqtt/{name}\", \"umqtt/{name}\"]");
    let urls: Vec<String> = files.iter().map(Module::name).map(url).collect();
    format!(
        "{{\n  \"version\": \"{version}\",\n  \"urls\": [\n{}\n  ],\n  \"deps\": []\n}}\n",
        urls.join(",\n")
    )
}

/// The version of the workspace.
fn version() -> Result<String> {
    let manifest = text(&root().join("Cargo.toml"))?;
    let version = manifest.lines().find_map(|line| line.strip_prefix("version = \""));
    let version = version.ok_or("Cargo.toml has no version of the workspace")?;
    Ok(version.trim_end_matches('"').to_owned())
}

/// The sizes of the files in bytes, an architecture a line.
pub(crate) fn table(built: &[Built]) -> String {
    let Some(first) = built.first() else { return String::new() };
    let mut table = String::from("| architecture | number |");
    for file in &first.files {
        let _ = write!(table, " {} |", file.name());
    }
    let _ = writeln!(table, " boards |\n|---|{}", "---|".repeat(2 + first.files.len()));
    for one in built {
        let architecture = one.architecture;
        let _ = write!(table, "| {} | {} |", architecture.name, architecture.number);
        for file in &one.files {
            let _ = match file.native {
                Some((code, constants)) => {
                    write!(table, " {} (code {code}, constants {constants}) |", file.size)
                }
                None => write!(table, " {} |", file.size),
            };
        }
        let _ = writeln!(table, " {} |", architecture.boards);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::{Module, package};

    #[test]
    fn mip_finds_each_file_beside_the_package() {
        let module = |name: &str| Module { path: name.into(), size: 1, native: None };
        assert_eq!(
            package("1.2.3", &[module("dist/umqtt/__init__.mpy"), module("dist/umqtt/simple2.mpy")]),
            "{\n  \"version\": \"1.2.3\",\n  \"urls\": [\n    \
             [\"umqtt/__init__.mpy\", \"umqtt/__init__.mpy\"],\n    \
             [\"umqtt/simple2.mpy\", \"umqtt/simple2.mpy\"]\n  ],\n  \"deps\": []\n}\n"
        );
    }
}
