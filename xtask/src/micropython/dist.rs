//! The folders that boards get their modules from.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::architecture::Architecture;
use super::build::Built;
use crate::shell::{Result, root};
use crate::source::text;

/// Writes the folder of one architecture: `simple2` is the joined file, the others are bytecode.
pub(crate) fn write(
    architecture: &'static Architecture,
    simple2: &Path,
    bytecode: &BTreeSet<PathBuf>,
    (code, constants): (u64, u64),
) -> Result<Built> {
    let folder = root().join("dist/micropython").join(architecture.name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(folder.join("umqtt"))?;
    let mut files = Vec::new();
    for compiled in bytecode {
        let name = compiled.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let source = if name == "simple2.mpy" { simple2 } else { compiled };
        let size = fs::copy(source, folder.join("umqtt").join(&name))?;
        files.push((name, size));
    }
    fs::write(folder.join("package.json"), package(&version()?, &files))?;
    Ok(Built { architecture, folder, files, code, constants })
}

/// What `mip` reads: where each file goes, and where it is, seen from this file.
fn package(version: &str, files: &[(String, u64)]) -> String {
    let urls: Vec<String> =
        files.iter().map(|(name, _)| format!("    [\"umqtt/{name}\", \"umqtt/{name}\"]")).collect();
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

/// The sizes of the files, an architecture a line.
pub(crate) fn table(built: &[Built]) -> String {
    let Some(first) = built.first() else { return String::new() };
    let mut table = String::from("| architecture | number | code | constants |");
    for (name, _) in &first.files {
        let _ = write!(table, " {name} |");
    }
    let _ = writeln!(table, " boards |\n|---|{}", "---|".repeat(4 + first.files.len()));
    for one in built {
        let architecture = one.architecture;
        let _ = write!(
            table,
            "| {} | {} | {} | {} |",
            architecture.name, architecture.number, one.code, one.constants
        );
        for (_, size) in &one.files {
            let _ = write!(table, " {size} |");
        }
        let _ = writeln!(table, " {} |", architecture.boards);
    }
    table
}
