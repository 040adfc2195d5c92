//! Getting what MicroPython is built from, and the originals of our modules.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::place::{self, VERSION};
use crate::setup;
use crate::shell::{Result, command, execute, read, which};

/// The programs to build and run with, and their packages.
const PROGRAMS: [(&str, &str); 11] = [
    ("make", "make"),
    ("gcc", "gcc"),
    ("pkg-config", "pkgconf"),
    ("dpkg-source", "dpkg-dev"),
    ("arm-none-eabi-gcc", "gcc-arm-none-eabi"),
    ("riscv64-unknown-elf-gcc", "gcc-riscv64-unknown-elf"),
    ("xtensa-lx106-elf-gcc", "gcc-xtensa-lx106"),
    ("xtensa-lx106-elf-as", "binutils-xtensa-lx106"),
    ("qemu-system-arm", "qemu-system-arm"),
    ("qemu-system-riscv32", "qemu-system-misc"),
    ("qemu-system-xtensa", "qemu-system-misc"),
];

/// Packages without a program by which to know them.
const LIBRARIES: [&str; 6] = [
    "libc6-dev",
    "libffi-dev",
    "libmbedtls-dev",
    "libnewlib-arm-none-eabi",
    "picolibc-riscv64-unknown-elf",
    "picolibc-xtensa-lx106-elf",
];

/// Installs the packages that are missing.
pub(super) fn packages() -> Result {
    let mut missing: Vec<&str> = Vec::new();
    for (program, package) in PROGRAMS {
        if which(program).is_none() && !missing.contains(&package) {
            missing.push(package);
        }
    }
    if which("dpkg-query").is_none() {
        missing.extend(LIBRARIES);
    } else {
        missing.extend(LIBRARIES.into_iter().filter(|library| !is_installed(library)));
    }
    if read(&mut command("python3", &["-c", "import ensurepip"])).is_err() {
        missing.push("python3-venv");
    }
    setup::install(&missing)
}

fn is_installed(package: &str) -> bool {
    let query = ["--show", "--showformat=${db:Status-Status}\n", package];
    read(&mut command("dpkg-query", &query))
        .is_ok_and(|status| status.lines().any(|line| line == "installed"))
}

/// Installs what rustc needs to build native modules for boards: `core`'s source, and LLVM's tools for Xtensa.
pub(super) fn components() -> Result {
    let installed = read(&mut command("rustup", &["component", "list", "--installed"]))?;
    for component in ["rust-src", "llvm-tools"] {
        if !installed.lines().any(|line| line.starts_with(component)) {
            execute(&mut command("rustup", &["component", "add", component]))?;
        }
    }
    Ok(())
}

/// The release of Debian whose MicroPython we take, the version there, and the sums of its files.
const SUITE: &str = "trixie";
const PACKAGE_VERSION: &str = "1.25.0+ds-1";
const FILES: [(&str, &str); 2] = [
    ("micropython_1.25.0+ds.orig.tar.xz", "7b25be99a502f070b2de81dafc08da7051d992325d6e67daa9045a918fffdbea"),
    (
        "micropython_1.25.0+ds-1.debian.tar.xz",
        "87cd89f7900c86b963885dabe25acf3e5348815993f1500278ad8f6464465af4",
    ),
];

/// Unpacks MicroPython's source, with Debian's patches, unless it is there.
pub(super) fn micropython() -> Result {
    let folder = place::cache()?.join(format!("micropython-{VERSION}"));
    place::make_folder(&folder, PACKAGE_VERSION, |folder| {
        let downloads = folder.with_extension("downloads");
        place::remove(&downloads)?;
        fs::create_dir_all(&downloads)?;
        download(&downloads).map_err(|error| {
            format!("could not get the source of micropython {PACKAGE_VERSION} of Debian {SUITE}: {error}")
        })?;
        for (name, sum) in FILES {
            check_sum(&downloads.join(name), sum)?;
        }
        let description = downloads.join(format!("micropython_{PACKAGE_VERSION}.dsc"));
        place::remove(folder)?;
        // Its sums were checked above, by ours.
        let mut unpack = command("dpkg-source", &["--no-check", "--no-copy", "--extract"]);
        execute(unpack.args([&description, folder]).stdout(Stdio::null()))?;
        place::remove(&downloads)
    })
}

/// Has apt load the source package, from the mirror that this machine uses, with lists of its own.
fn download(folder: &Path) -> Result {
    let list = folder.join("sources.list");
    let keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
    let signed = if Path::new(keyring).exists() { format!("[signed-by={keyring}] ") } else { String::new() };
    fs::write(&list, format!("deb-src {signed}{} {SUITE} main\n", mirror()?))?;
    let lists = folder.join("lists");
    fs::create_dir_all(lists.join("partial"))?;
    println!("setup: loading the list of Debian {SUITE}'s sources, and MicroPython's");
    let apt = |words: &[&str]| {
        let mut apt = command("apt-get", &["--quiet=2", "-o", "Dir::Etc::sourceparts=-"]);
        // Its own user cannot write into a cache of ours.
        apt.args(["-o", "APT::Sandbox::User=root"]);
        for (name, path) in [("Etc::sourcelist", &list), ("State::Lists", &lists), ("Cache", &folder.into())]
        {
            apt.arg("-o").arg(format!("Dir::{name}={}", path.display()));
        }
        apt.args(words).current_dir(folder);
        execute(&mut apt)
    };
    apt(&["update"])?;
    apt(&["source", "--download-only", &format!("micropython={PACKAGE_VERSION}")])
}

/// Where this machine has Debian's packages from.
fn mirror() -> Result<String> {
    if which("apt-get").is_none() {
        return Err("there is no apt-get here".into());
    }
    if let Some(mirror) = known_mirror()? {
        return Ok(mirror);
    }
    // Of which distribution a source is, is known once its lists are loaded.
    execute(&mut setup::apt(&["update"])?)?;
    known_mirror()?.ok_or_else(|| "no source of Debian's is set up for apt".into())
}

fn known_mirror() -> Result<Option<String>> {
    let format = "$(ORIGIN) $(LABEL) $(COMPONENT) $(REPO_URI)";
    let targets = read(&mut command("apt-get", &["indextargets", "--format", format]))?;
    let debian = targets.lines().find_map(|line| line.strip_prefix("Debian Debian main "));
    Ok(debian.map(|address| address.trim_end_matches('/').to_owned()))
}

fn check_sum(file: &Path, sum: &str) -> Result {
    let said = read(command("sha256sum", &["--binary"]).arg(file))?;
    // A name with odd letters is escaped, which a backslash in front says.
    if said.trim_start_matches('\\').starts_with(sum) {
        Ok(())
    } else {
        Err(format!("{} is not the file it should be: its SHA-256 is not {sum}", file.display()).into())
    }
}

/// What MicroPython's tools import.
const PYTHON_PACKAGES: [&str; 2] = ["pyelftools==0.32", "ar==1.0.1"];

/// Makes the Python that MicroPython's tools run with.
pub(super) fn python() -> Result {
    let folder = place::cache()?.join("python");
    let recipe = PYTHON_PACKAGES.join(" ");
    place::make_folder(&folder, &recipe, |folder| {
        println!("setup: a Python with {}", PYTHON_PACKAGES.join(" and "));
        execute(command("python3", &["-m", "venv"]).arg(folder))?;
        let mut pip = Command::new(folder.join("bin/python"));
        execute(pip.args(["-m", "pip", "install", "--quiet"]).args(PYTHON_PACKAGES))
    })
}

/// The original modules, and the sums of their archives.
const ORIGINALS: [(&str, &str); 2] = [
    ("simple2", "48fd4da7701b95986293b06d343fbc564ebe7dfa82f5c8c09364c20df755f0e4"),
    ("robust2", "da3a09a570868d8e4ae6d2fad475230f6f2b130b45711be6873f83b10ebd4a6c"),
];
const ORIGINALS_VERSION: &str = "2.2.0";

/// Unpacks the original modules, against which ours are compared.
pub(super) fn originals() -> Result {
    for (name, sum) in ORIGINALS {
        let folder = place::cache()?.join("originals").join(name);
        let requirement = format!("micropython-umqtt.{name}=={ORIGINALS_VERSION} --hash=sha256:{sum}\n");
        place::make_folder(&folder, &requirement, |folder| original(name, &requirement, folder))?;
    }
    Ok(())
}

/// Has pip load, check and unpack an original.
///
/// These archives are for MicroPython, so pip then finds that it cannot build them and ends with an error;
/// `--no-clean` makes it leave what it has unpacked.
fn original(name: &str, requirement: &str, folder: &Path) -> Result {
    println!("setup: the original umqtt.{name} {ORIGINALS_VERSION}");
    let requirements = folder.join("requirements");
    fs::write(&requirements, requirement)?;
    let mut pip = Command::new(place::python()?);
    pip.args(["-m", "pip", "download", "--no-clean", "--no-deps", "--no-binary=:all:", "--require-hashes"]);
    pip.arg("--requirement").arg(&requirements).env("TMPDIR", folder).current_dir(folder);
    let said = pip.stdin(Stdio::null()).output()?;
    let module = format!("umqtt/{name}.py");
    let unpacked = grandchildren(folder)?.into_iter().find(|place| place.join(&module).is_file());
    let Some(unpacked) = unpacked else {
        let said = String::from_utf8_lossy(&said.stderr);
        return Err(format!("pip did not unpack umqtt.{name} {ORIGINALS_VERSION}:\n{said}").into());
    };
    fs::rename(unpacked.join("umqtt"), folder.join("umqtt"))?;
    for left in fs::read_dir(folder)? {
        let left = left?;
        if left.file_type()?.is_dir() && left.file_name() != "umqtt" {
            place::remove(&left.path())?;
        }
    }
    Ok(fs::remove_file(requirements)?)
}

fn grandchildren(folder: &Path) -> Result<Vec<PathBuf>> {
    let children = |folder: &Path| -> Result<Vec<PathBuf>> {
        let entries = fs::read_dir(folder)?.collect::<std::io::Result<Vec<_>>>()?;
        Ok(entries.into_iter().map(|entry| entry.path()).filter(|path| path.is_dir()).collect())
    };
    let mut found = Vec::new();
    for child in children(folder)? {
        found.extend(children(&child)?);
    }
    Ok(found)
}
