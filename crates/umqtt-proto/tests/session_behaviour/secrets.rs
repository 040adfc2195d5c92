//! No password can get into a log.

use umqtt_proto::wire::{Connect, Login};
use umqtt_proto::{Binary, Text};

use crate::rig::{CONNACK, clean, rig};

#[test]
#[cfg_attr(miri, ignore = "takes minutes")]
fn debug_output_never_shows_a_password() {
    let password = b"correct horse";
    let login =
        Login { user_name: Text::new("shed").unwrap(), password: Some(Binary::new(password).unwrap()) };
    let connect = Connect { login: Some(login), ..clean() };
    let mut shown = format!("{connect:?} {connect:#?}");

    let mut rig = rig();
    rig.session.connect(&connect, rig.now).unwrap();
    shown += &format!("{rig:?} {rig:#?}");
    let sent = rig.send();
    assert!(sent.ends_with(password), "the password is on its way");
    shown += &format!("{rig:?}");
    rig.feed(CONNACK);
    rig.poll_to_the_end();
    shown += &format!("{rig:?}");
    rig.close();
    shown += &format!("{rig:?}");

    assert!(
        shown.contains("shed") && shown.contains("Transmitter { start: 0, end: 36,"),
        "the rest is shown"
    );
    for (secret, how) in [("correct", "text"), ("99, 111", "bytes"), ("99,\n", "bytes, one to a line")] {
        assert!(!shown.contains(secret), "the password is shown as {how}");
    }
}
