//! The flags: one definition for the parser, the help and the completions.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{OsStringValueParser, StringValueParser, TypedValueParser};
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use umqtt::QoS;

use crate::exit::TABLE;
use crate::secret::Secret;

#[derive(Debug, Parser)]
#[command(name = "umqtt", version, about = ABOUT, after_help = sections(&[ROOT_EXAMPLES, TABLE]))]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Publish messages: from the command line, a file or standard input
    #[command(disable_help_flag = true, after_help = sections(&[PUB_EXAMPLES, PASSWORDS, TABLE]))]
    Pub(Box<PubArgs>),
    /// Subscribe to topics and print what arrives
    #[command(disable_help_flag = true, after_help = sections(&[SUB_EXAMPLES, FORMAT, PASSWORDS, TABLE]))]
    Sub(Box<SubArgs>),
    /// Show what an MQTT client does from end to end, with a built-in broker
    #[command(after_help = sections(&[DEMO_EXAMPLES, TABLE]))]
    Demo(DemoArgs),
    /// Print the completion script for a shell
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions {
        /// The shell
        shell: Shell,
    },
}

fn sections(sections: &[&str]) -> String {
    sections.join("\n\n")
}

const ABOUT: &str = "MQTT 3.1.1 from the shell, with the flags of mosquitto_pub and mosquitto_sub";

const ROOT_EXAMPLES: &str = "\
Examples:
  umqtt demo                                        everything in one process, nothing to install
  umqtt sub -h broker.local -t 'garden/#' -v        print what arrives
  umqtt pub -h broker.local -t garden/door -m open  publish one message

`umqtt help pub` and `umqtt help sub` list all flags.";

const PUB_EXAMPLES: &str = "\
Examples:
  umqtt pub -t garden/door -m open                       one message to the broker on this machine
  umqtt pub -h broker.local -t garden/door -m open -q 1  one message; waits until the broker has it
  umqtt pub -t garden/map -f map.png -r                  a file, retained for later subscribers
  umqtt pub -t garden/map -n -r                          an empty message, which removes the retained one
  tail -f sensor.log | umqtt pub -t garden/log -l -q 1   each line is one message
  umqtt pub -L mqtt://ann:secret@broker.local/garden/door -m open
  UMQTT_PASSWORD=secret umqtt pub -u ann -t garden/door -m open";

const SUB_EXAMPLES: &str = "\
Examples:
  umqtt sub -t 'garden/#' -v                         topic and payload of each message
  umqtt sub -t garden/door -C 1 -W 10                one message; waits 10 s at most
  umqtt sub -t garden/map -N -C 1 > map.png          a file, byte for byte
  umqtt sub -t 'garden/#' -F '%I %q %t %p'           time, QoS, topic, payload
  umqtt sub -t 'garden/#' -F %j                      one JSON object on each line
  umqtt sub -i logger -c -q 1 -t 'garden/#'          the broker keeps what arrives while it is not running";

const PASSWORDS: &str = "\
Passwords:
  Other users of this machine may see the flags of a process. They cannot see a password in a file
  (--pw-file) or in the environment variable UMQTT_PASSWORD, which is used when there is a user name and
  no other password. The password crosses the network unencrypted: this build has no TLS yet. Special
  characters in a URL are written as %XX.";

const FORMAT: &str = "\
What -F can contain:
  %t  topic                        %q  QoS (0, 1, 2)
  %p  payload, byte for byte       %r  1 if the message was retained, else 0
  %x  payload in hex, %X capitals  %d  1 if it may have been sent before (DUP), else 0
  %l  payload length in bytes      %m  packet id, 0 with QoS 0
  %j  everything as a JSON object  %I  time of arrival in UTC, such as 2026-11-05T12:34:56Z
  %%  a percent sign               %U  time of arrival in seconds since 1970, with fraction
  \\n \\t \\r \\0 \\\\ as usual; other characters are printed as they are. In %j, U+FFFD replaces what is
  not UTF-8 in the payload.";

const DEMO_EXAMPLES: &str = "\
Examples:
  umqtt demo                                    a broker in this process, two clients, about 5 s
  umqtt demo --broker mqtt://broker.local       the same with a broker of your own
  umqtt demo --broker mqtt://ann@broker.local   the password comes from UMQTT_PASSWORD";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  umqtt completions bash > ~/.local/share/bash-completion/completions/umqtt
  umqtt completions zsh > ~/.zfunc/_umqtt
  umqtt completions fish > ~/.config/fish/completions/umqtt.fish";

/// What `pub` and `sub` have in common.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct ConnectionArgs {
    /// Host name or address of the broker
    #[arg(short = 'h', long, value_name = "HOST", default_value = "localhost", conflicts_with = "url")]
    pub(crate) host: String,
    /// Port of the broker
    #[arg(short, long, value_name = "PORT", default_value_t = 1883, conflicts_with = "url",
          value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: u16,
    /// Everything in one: mqtt://USER:PASSWORD@HOST:PORT/TOPIC; only the host is required
    #[arg(short = 'L', long, value_name = "URL", value_parser = secret_text())]
    pub(crate) url: Option<Secret<String>>,
    /// Client id [default: umqtt-pub- or umqtt-sub- and a random number]
    #[arg(short, long, value_name = "ID", conflicts_with = "id_prefix")]
    pub(crate) id: Option<String>,
    /// Client id made of this prefix and a random number
    #[arg(short = 'I', long, value_name = "PREFIX")]
    pub(crate) id_prefix: Option<String>,
    /// Keep the session when the connection ends (a persistent session); needs -i
    #[arg(short = 'c', long)]
    pub(crate) disable_clean_session: bool,
    /// Keep-alive interval in seconds; 0 turns it off
    #[arg(short, long, value_name = "SECONDS", default_value_t = 60)]
    pub(crate) keepalive: u16,
    /// User name
    #[arg(short, long, value_name = "NAME", value_parser = secret_text())]
    pub(crate) username: Option<Secret<String>>,
    /// Password; see below for safer ways to give it
    #[arg(
        short = 'P',
        long,
        value_name = "PASSWORD",
        conflicts_with = "pw_file",
        allow_hyphen_values = true,
        value_parser = secret()
    )]
    pub(crate) pw: Option<Secret<OsString>>,
    /// File that holds the password in its first line
    #[arg(long, value_name = "FILE")]
    pub(crate) pw_file: Option<PathBuf>,
    /// Topic of the last will, which the broker publishes when this client is cut off
    #[arg(long, value_name = "TOPIC")]
    pub(crate) will_topic: Option<String>,
    /// Payload of the last will [default: empty]
    #[arg(
        long,
        value_name = "TEXT",
        requires = "will_topic",
        allow_hyphen_values = true,
        value_parser = secret()
    )]
    pub(crate) will_payload: Option<Secret<OsString>>,
    /// QoS of the last will
    #[arg(long, value_name = "QOS", default_value = "0", value_parser = qos, requires = "will_topic")]
    pub(crate) will_qos: QoS,
    /// Retain the last will for later subscribers
    #[arg(long, requires = "will_topic")]
    pub(crate) will_retain: bool,
    /// The longest wait for any answer of the broker, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub(crate) timeout: Duration,
    /// End after this many seconds, whatever is left to do
    #[arg(short = 'W', value_name = "SECONDS", value_parser = seconds)]
    pub(crate) whole_time: Option<Duration>,
    /// Protocol version; only mqttv311 is supported
    #[arg(
        short = 'V',
        long,
        value_name = "VERSION",
        default_value = "mqttv311",
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub(crate) protocol_version: ProtocolVersion,
    /// Report progress on standard error
    #[arg(short, long, conflicts_with = "quiet")]
    pub(crate) debug: bool,
    /// Print nothing on standard error; only the exit code reports the result
    #[arg(long)]
    pub(crate) quiet: bool,
    /// Print this help
    #[arg(long, action = ArgAction::HelpShort)]
    help: Option<bool>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ProtocolVersion {
    #[value(name = "mqttv311", alias = "311")]
    Mqtt311,
}

#[derive(Debug, Args)]
pub(crate) struct PubArgs {
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    /// Topic to publish on
    #[arg(short, long, value_name = "TOPIC", required_unless_present = "url", help_heading = "Message")]
    pub(crate) topic: Option<String>,
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    /// QoS: 0 at most once, 1 at least once, 2 exactly once
    #[arg(short, long, value_name = "QOS", default_value = "0", value_parser = qos, help_heading = "Message")]
    pub(crate) qos: QoS,
    /// Retain the message for later subscribers
    #[arg(short, long, help_heading = "Message")]
    pub(crate) retain: bool,
    /// Publish the message this many times
    #[arg(long, value_name = "COUNT", default_value_t = 1, conflicts_with = "stdin_line", help_heading = "Message",
          value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) repeat: u64,
    /// Seconds between two repetitions
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = pause, help_heading = "Message")]
    pub(crate) repeat_delay: Duration,
    /// How many messages of QoS 1 and 2 may be in flight
    #[arg(short = 'M', long, value_name = "COUNT", default_value_t = 20, help_heading = "Message",
          value_parser = clap::value_parser!(u16).range(1..=4000))]
    pub(crate) max_inflight: u16,
}

/// Where the message comes from.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
#[command(next_help_heading = "Message")]
pub(crate) struct SourceArgs {
    /// The message
    #[arg(short, long, value_name = "TEXT", allow_hyphen_values = true, value_parser = secret())]
    pub(crate) message: Option<Secret<OsString>>,
    /// Publish the content of a file, byte for byte
    #[arg(short, long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Publish each line of standard input as one message
    #[arg(short = 'l', long)]
    pub(crate) stdin_line: bool,
    /// Publish all of standard input as one message, byte for byte
    #[arg(short, long)]
    pub(crate) stdin_file: bool,
    /// Publish an empty message
    #[arg(short, long)]
    pub(crate) null_message: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SubArgs {
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    /// Topic filter, with the wildcards + and #; can be repeated
    #[arg(short, long = "topic", value_name = "FILTER", required_unless_present_any = ["url", "unsubscribe"],
          help_heading = "Messages")]
    pub(crate) topics: Vec<String>,
    /// Do not print messages that match this topic filter; can be repeated
    #[arg(short = 'T', long, value_name = "FILTER", help_heading = "Messages")]
    pub(crate) filter_out: Vec<String>,
    /// End a subscription of a persistent session; can be repeated
    #[arg(short = 'U', long, value_name = "FILTER", help_heading = "Messages")]
    pub(crate) unsubscribe: Vec<String>,
    /// Highest QoS of the messages
    #[arg(short, long, value_name = "QOS", default_value = "0", value_parser = qos, help_heading = "Messages")]
    pub(crate) qos: QoS,
    /// End after this many messages were printed
    #[arg(short = 'C', value_name = "COUNT", help_heading = "Messages", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) count: Option<u64>,
    /// End when the broker has answered all subscriptions
    #[arg(short = 'E', help_heading = "Messages")]
    pub(crate) exit_when_subscribed: bool,
    /// Do not print retained messages
    #[arg(short = 'R', conflicts_with = "retained_only", help_heading = "Messages")]
    pub(crate) no_retained: bool,
    /// Print only retained messages; end at the first message that is not retained
    #[arg(long, help_heading = "Messages")]
    pub(crate) retained_only: bool,
    /// Remove each retained message from the broker once it was received
    #[arg(long, conflicts_with = "no_retained", help_heading = "Messages")]
    pub(crate) remove_retained: bool,
    /// Print the topic and a space before the payload
    #[arg(short, long, conflicts_with = "format", help_heading = "Output")]
    pub(crate) verbose: bool,
    /// Print in this format, such as '%t %p'; see below
    #[arg(short = 'F', long, value_name = "FORMAT", help_heading = "Output", allow_hyphen_values = true)]
    pub(crate) format: Option<String>,
    /// Print no newline after each message
    #[arg(short = 'N', help_heading = "Output")]
    pub(crate) no_newline: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Use this broker: mqtt://USER:PASSWORD@HOST:PORT
    #[arg(long, value_name = "URL", value_parser = secret_text())]
    pub(crate) broker: Option<Secret<String>>,
    /// Do not pause for the reader
    #[arg(long)]
    pub(crate) fast: bool,
}

fn secret() -> impl TypedValueParser<Value = Secret<OsString>> {
    OsStringValueParser::new().map(Secret::new)
}

fn secret_text() -> impl TypedValueParser<Value = Secret<String>> {
    StringValueParser::new().map(Secret::new)
}

fn qos(text: &str) -> Result<QoS, &'static str> {
    match text {
        "0" => Ok(QoS::AtMostOnce),
        "1" => Ok(QoS::AtLeastOnce),
        "2" => Ok(QoS::ExactlyOnce),
        _ => Err("QoS is 0, 1 or 2"),
    }
}

/// More than no time, and less than a month, so that a count of milliseconds can hold it.
fn seconds(text: &str) -> Result<Duration, &'static str> {
    let time = pause(text)?;
    if time < Duration::from_millis(1) { Err("more than 0 seconds are needed") } else { Ok(time) }
}

fn pause(text: &str) -> Result<Duration, &'static str> {
    match text.parse() {
        Ok(seconds) if (0.0..=2_000_000.0).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err("a number of seconds from 0 to 2000000 is needed"),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_readme_tells_each_flag() {
        let readme = include_str!("../README.md");
        for command in Cli::command().get_subcommands() {
            for arg in command.get_arguments().filter(|arg| !arg.is_positional()) {
                let short = arg.get_short().map(|short| format!("`-{short}`"));
                let long = arg.get_long().map(|long| format!("`--{long}`"));
                for flag in short.into_iter().chain(long) {
                    assert!(readme.contains(&flag), "the README lacks {flag} of {}", command.get_name());
                }
            }
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let secrets = "-L mqtt://xqzjv:xqzjv@h/t -u xqzjv -P xqzjv --will-topic w --will-payload xqzjv";
        for line in [
            format!("umqtt pub -t t {secrets} -m xqzjv"),
            format!("umqtt sub -t t {secrets}"),
            "umqtt demo --broker mqtt://xqzjv:xqzjv@h".to_owned(),
        ] {
            let cli = Cli::try_parse_from(line.split(' ')).unwrap();
            let shown = format!("{cli:?} {cli:#?}");
            assert!(!shown.contains("xqzjv") && !shown.contains("120, 113"), "{shown}");
            let (Command::Pub(_) | Command::Sub(_) | Command::Demo(_)) = &cli.command else {
                panic!("{line}")
            };
        }
    }

    #[test]
    fn seconds_have_bounds() {
        assert_eq!(seconds("0.25"), Ok(Duration::from_millis(250)));
        for text in ["0", "-1", "NaN", "inf", "1e99", "", "1s"] {
            assert!(seconds(text).is_err(), "{text}");
        }
        assert_eq!(pause("0"), Ok(Duration::ZERO));
    }
}
