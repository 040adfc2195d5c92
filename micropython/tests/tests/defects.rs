//! Every defect of the original modules: what the original does, and what ours does instead.

use umqtt_micropython_tests::hold;

/// A test for each case; the name is that of the program in `python/defects/`.
macro_rules! defects {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            hold(concat!("defects/", stringify!($name)));
        })*
    };
}

defects! {
    d02_partial_packet
}
