//! The modules that are compared, compiled.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::micropython::build::{build, target_folder};
use crate::micropython::{architecture, place};
use crate::shell::{Result, read};

/// The package `umqtt` of one side.
pub(super) struct Side {
    pub(super) name: String,
    /// By path, such as `umqtt/simple2.mpy`.
    pub(super) files: Vec<(String, Vec<u8>)>,
}

impl Side {
    /// The originals, compiled with these options as ours are, without the path of the source in them.
    pub(super) fn original(options: &[&str]) -> Result<Self> {
        let name = ["original"].iter().chain(options).copied().collect::<Vec<_>>().join(" ");
        let work = folder(&name)?;
        let mut files = Vec::new();
        for package in ["simple2", "robust2"] {
            for source in content(&place::originals(package)?.join("umqtt"))? {
                let stem = source.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                let file = format!("umqtt/{stem}.mpy");
                if files.iter().any(|(known, _)| *known == file) {
                    continue;
                }
                let module = if stem == "__init__" { "umqtt".to_owned() } else { format!("umqtt.{stem}") };
                let mut cross = Command::new(place::mpy_cross()?);
                cross.args(options).args(["-s", &module, "-o"]).args([&work.join(&file), &source]);
                read(&mut cross)?;
                let compiled = fs::read(work.join(&file))?;
                files.push((file, compiled));
            }
        }
        Ok(Self { name, files })
    }

    /// Ours, built for this architecture.
    pub(super) fn ours(architecture: &str) -> Result<Self> {
        let built = build(architecture::named(architecture)?)?;
        let file = |path: PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            Ok((format!("umqtt/{name}"), fs::read(path)?))
        };
        let files = content(&built.folder.join("umqtt"))?.into_iter().map(file).collect::<Result<_>>()?;
        Ok(Self { name: format!("ours {architecture}"), files })
    }

    /// A folder to import from, which nobody else writes to.
    pub(super) fn folder(&self) -> Result<PathBuf> {
        let folder = folder(&self.name)?;
        for (name, bytes) in &self.files {
            fs::write(folder.join(name), bytes)?;
        }
        Ok(folder)
    }

    /// How long a file is; 0 if it is not there.
    pub(super) fn size(&self, file: &str) -> usize {
        self.files.iter().find(|(name, _)| name == file).map_or(0, |(_, bytes)| bytes.len())
    }
}

fn folder(name: &str) -> Result<PathBuf> {
    let folder = target_folder().join("bench").join(name.replace(' ', ""));
    fs::create_dir_all(folder.join("umqtt"))?;
    Ok(folder)
}

/// The files in a folder, by name.
fn content(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "py" || extension == "mpy"));
    files.sort();
    Ok(files)
}
