//! No login can get into a log.

use umqtt_proto::wire::{Connect, Login};
use umqtt_proto::{Binary, ClientId, Text};

use crate::rig::{CONNACK, Rig, clean, rig};

#[test]
#[cfg_attr(miri, ignore = "takes minutes")]
fn debug_output_never_shows_a_login() {
    let password = b"correct horse";
    // A user name may be a token, which is as good as a password.
    let login =
        Login { user_name: Text::new("token").unwrap(), password: Some(Binary::new(password).unwrap()) };
    let connect = Connect { client_id: ClientId::new("shed").unwrap(), login: Some(login), ..clean() };
    let mut shown = format!("{connect:?} {connect:#?}");

    let mut rig = rig();
    rig.connect(&connect).unwrap();
    // All but what the link took.
    let show = |rig: &Rig<_>| format!("{:?} {:#?} {:?}", rig.engine, rig.engine, rig.receiver);
    shown += &show(&rig);
    let sent = rig.send();
    assert!(sent.ends_with(password), "the password is on its way");
    shown += &show(&rig);
    rig.feed(CONNACK);
    rig.poll_to_the_end();
    shown += &show(&rig);
    rig.close();
    shown += &show(&rig);

    assert!(
        shown.contains("shed") && shown.contains("Transmitter { start: 0, end: 40,"),
        "the rest is shown"
    );
    for (secret, how) in [
        ("token", "text"),
        ("116, 111", "bytes"),
        ("correct", "text"),
        ("99, 111", "bytes"),
        ("99,\n", "bytes, one to a line"),
    ] {
        assert!(!shown.contains(secret), "{secret} is shown as {how}");
    }
}
