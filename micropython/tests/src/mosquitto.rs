//! A real broker.

use std::fs;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long the broker may take to begin.
const PATIENCE: Duration = Duration::from_secs(20);

/// Started by root, Mosquitto would become a user who may not read the files of the test. Its log goes to standard
/// error, which nothing reads.
const COMMON: &str = "user root\nmax_queued_messages 0\nlog_dest none\npid_file FOLDER/pid\n";

/// The name in the certificate of the broker.
pub const HOST: &str = "broker.local";

/// A Mosquitto with a port for plain TCP and one for TLS, both on 127.0.0.1; dropping it ends it.
///
/// Its folder has `ca.pem` and `ca.der`, which sign `server.pem` (for [`HOST`]) and `client.pem`; their keys are in
/// `….key`, and those of the client in DER as well. `other.der` is a CA that signed nothing. `passwords` has the user
/// `gardener` with the password `correct horse`. A program may kill the broker and start it again as a daemon, with
/// `mosquitto.conf`: `pid` has the process then.
#[derive(Debug)]
pub struct Mosquitto {
    process: Child,
    folder: PathBuf,
    port: u16,
    tls_port: u16,
}

impl Mosquitto {
    /// A broker that accepts everybody; `None`, with a message on standard output, if the machine has no Mosquitto and
    /// `UMQTT_REAL` is not set.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start() -> Option<Self> {
        Self::with_settings("allow_anonymous true\n", "")
    }

    /// A broker with these lines in its configuration, and these for TLS; `FOLDER` in them is its folder.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn with_settings(settings: &str, tls: &str) -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("umqtt-micropython-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        certificates(&folder);
        // Belongs to the same package as the broker, which says later that it is missing.
        let _ = Command::new("mosquitto_passwd")
            .args(["-b", "-c", "passwords", "gardener", "correct horse"])
            .current_dir(&folder)
            .output();
        // Another program may take a port that was free a moment ago.
        for _ in 0..20 {
            let (port, tls_port) = (free_port(), free_port());
            let configuration = format!(
                "{COMMON}{settings}listener {port} 127.0.0.1\nlistener {tls_port} 127.0.0.1\ncafile FOLDER/ca.pem\n\
                 certfile FOLDER/server.pem\nkeyfile FOLDER/server.key\n{tls}"
            );
            let file = folder.join("mosquitto.conf");
            fs::write(&file, configuration.replace("FOLDER", folder.to_str().unwrap())).unwrap();
            let mut process = spawn(&file)?;
            if begins(&mut process, port) && begins(&mut process, tls_port) {
                return Some(Self { process, folder, port, tls_port });
            }
            let _ = process.kill();
            let _ = process.wait();
        }
        panic!("mosquitto does not start");
    }

    /// Where it listens for plain TCP.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where it listens for TLS.
    #[must_use]
    pub fn tls_port(&self) -> u16 {
        self.tls_port
    }

    /// Its folder, which is removed with it.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if let Ok(daemon) = fs::read_to_string(self.folder.join("pid")) {
            if daemon.trim() != self.process.id().to_string() {
                let _ = Command::new("kill").args(["-KILL", daemon.trim()]).output();
            }
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

fn spawn(configuration: &Path) -> Option<Child> {
    for program in ["mosquitto", "/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"] {
        let mut command = Command::new(program);
        command.arg("-c").arg(configuration);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        match command.spawn() {
            Ok(child) => return Some(child),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => panic!("{program}: {error}"),
        }
    }
    assert!(std::env::var_os("UMQTT_REAL").is_none(), "UMQTT_REAL is set, and there is no mosquitto");
    println!("skipped: there is no mosquitto on this machine");
    None
}

/// Whether it listens before it ends or the time is over.
fn begins(process: &mut Child, port: u16) -> bool {
    let start = Instant::now();
    while start.elapsed() < PATIENCE && process.try_wait().unwrap().is_none() {
        if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return true;
        }
        thread::yield_now();
    }
    false
}

/// Makes a CA, and what it signs.
fn certificates(folder: &Path) {
    let openssl = |line: &str| {
        let output = Command::new("openssl").args(line.split(' ')).current_dir(folder).output().unwrap();
        assert!(output.status.success(), "openssl {line}: {}", String::from_utf8_lossy(&output.stderr));
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(&format!("req -x509 {key} -keyout ca.key -out ca.pem -subj /CN=ca -days 2"));
    openssl("x509 -in ca.pem -outform der -out ca.der");
    for (name, host) in [("server", HOST), ("client", "client")] {
        fs::write(folder.join("names"), format!("subjectAltName=DNS:{host}\n")).unwrap();
        openssl(&format!("req {key} -keyout {name}.key -out {name}.csr -subj /CN={host}"));
        openssl(&format!(
            "x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile names -days 2 -out {name}.pem"
        ));
    }
    openssl(&format!("req -x509 {key} -keyout other.key -out other.pem -subj /CN=other -days 2"));
    openssl("x509 -in other.pem -outform der -out other.der");
    openssl("x509 -in client.pem -outform der -out client.der");
    openssl("pkey -in client.key -outform der -out client.key.der");
}
