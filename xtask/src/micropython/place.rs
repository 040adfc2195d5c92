//! Where MicroPython, and what goes with it, stands: in a cache outside the clone.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::Port;
use crate::shell::Result;

/// The MicroPython that tests run, and whose tools build modules.
pub(crate) const VERSION: &str = "1.25.0";

/// `$UMQTT_CACHE`, or else `umqtt` in the user's own cache.
pub(crate) fn cache() -> Result<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value: &OsString| !value.is_empty());
    if let Some(folder) = variable("UMQTT_CACHE") {
        return Ok(std::path::absolute(folder)?);
    }
    if let Some(folder) = variable("XDG_CACHE_HOME") {
        return Ok(PathBuf::from(folder).join("umqtt"));
    }
    let home = variable("HOME").ok_or("there is neither UMQTT_CACHE, XDG_CACHE_HOME nor HOME")?;
    Ok(PathBuf::from(home).join(".cache/umqtt"))
}

/// MicroPython's source tree, as Debian has it.
pub(crate) fn source() -> Result<PathBuf> {
    present(cache()?.join(format!("micropython-{VERSION}")))
}

/// The compiler from Python to `.mpy`.
pub(crate) fn mpy_cross() -> Result<PathBuf> {
    present(source()?.join("mpy-cross/build/mpy-cross"))
}

/// MicroPython for this machine, with sockets and TLS.
pub(crate) fn unix() -> Result<PathBuf> {
    firmware(Port::Unix)
}

/// What a port runs: the firmware, or for [`Port::Unix`] the program.
pub(crate) fn firmware(port: Port) -> Result<PathBuf> {
    let relative = match port {
        Port::Unix => "ports/unix/build-standard/micropython",
        Port::CortexM3 | Port::CortexM4 | Port::CortexM7 => "ports/qemu/build-MPS2_AN385/firmware.elf",
        Port::CortexM0 => "ports/qemu/build-MICROBIT/firmware.elf",
        Port::RiscV => "ports/qemu/build-VIRT_RV32/firmware.elf",
        Port::Esp8266 => return present(cache()?.join("lx106/firmware.elf")),
    };
    present(source()?.join(relative))
}

/// MicroPython's tools, `mpy_ld.py` and `mpy-tool.py` among them; run them with [`python`].
pub(crate) fn tools() -> Result<PathBuf> {
    present(source()?.join("tools"))
}

/// A Python that has what MicroPython's tools import.
pub(crate) fn python() -> Result<PathBuf> {
    present(cache()?.join("python/bin/python"))
}

/// The folder with the package `umqtt` of an original: `simple2` or `robust2`.
pub(crate) fn originals(name: &str) -> Result<PathBuf> {
    present(cache()?.join("originals").join(name))
}

/// The path, if there is something.
fn present(path: PathBuf) -> Result<PathBuf> {
    if path.exists() {
        Ok(path)
    } else {
        Err(format!("{} is not there; `cargo xtask setup` makes it", path.display()).into())
    }
}

/// Holds the cache for this process alone until it is dropped; waits for another process that has it.
pub(super) fn lock() -> Result<File> {
    let cache = cache()?;
    fs::create_dir_all(&cache)?;
    let file = File::create(cache.join("lock"))?;
    if file.try_lock().is_err() {
        println!("setup: waiting for another process that works in {}", cache.display());
        file.lock()?;
    }
    Ok(file)
}

/// Makes `folder` anew if it was not made from `recipe`; it stands there whole or not at all.
///
/// `make` fills the folder that it is given, beside the final one.
pub(super) fn make_folder(folder: &Path, recipe: &str, make: impl FnOnce(&Path) -> Result) -> Result {
    if is_made(folder, recipe) {
        return Ok(());
    }
    let unfinished = folder.with_added_extension("unfinished");
    remove(&unfinished)?;
    fs::create_dir_all(&unfinished)?;
    make(&unfinished)?;
    set_made(&unfinished, recipe)?;
    remove(folder)?;
    Ok(fs::rename(&unfinished, folder)?)
}

/// The file that says how a folder was made; written last.
const RECIPE: &str = ".recipe";

/// Whether the folder was made from this recipe, to the end.
pub(super) fn is_made(folder: &Path, recipe: &str) -> bool {
    fs::read_to_string(folder.join(RECIPE)).is_ok_and(|made| made == recipe)
}

/// Says that the folder was made from this recipe, to the end.
pub(super) fn set_made(folder: &Path, recipe: &str) -> Result {
    Ok(fs::write(folder.join(RECIPE), recipe)?)
}

/// Removes a folder with all that is in it; it may be gone already.
pub(super) fn remove(folder: &Path) -> Result {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(format!("{}: {error}", folder.display()).into())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_made_once_for_each_recipe_and_never_half() {
        let place = std::env::temp_dir().join(format!("umqtt-place-{}", std::process::id()));
        let folder = place.join("made-1.0");
        let made = |recipe: &str, content: &str| {
            make_folder(&folder, recipe, |folder| Ok(fs::write(folder.join("file"), content)?)).unwrap();
            fs::read_to_string(folder.join("file")).unwrap()
        };
        assert_eq!(made("one", "first"), "first");
        assert_eq!(made("one", "second"), "first");
        assert_eq!(made("two", "third"), "third");
        let failed = make_folder(&folder, "three", |folder| {
            fs::write(folder.join("file"), "half")?;
            Err("broken off".into())
        });
        assert!(failed.is_err());
        assert!(is_made(&folder, "two"));
        assert_eq!(made("two", "fourth"), "third");
        remove(&place).unwrap();
        remove(&place).unwrap();
    }
}
