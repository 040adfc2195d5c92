//! What many runs have seen, so that a run that sees nothing is noticed.

use std::fmt;
use std::ops::AddAssign;

macro_rules! tally {
    ($($name:ident),+ $(,)?) => {
        /// How often things happened.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct Tally {
            $(pub $name: u64,)+
        }

        impl AddAssign<&Self> for Tally {
            fn add_assign(&mut self, other: &Self) {
                $(self.$name += other.$name;)+
            }
        }

        impl Tally {
            /// Each count with its name.
            pub fn counts(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name)),+]
            }
        }
    };
}

tally! {
    runs, hostile_runs, calls, connections, resumed, sessions_lost, restarts, blackouts,
    published_0, published_1, published_2, in_pieces, refused, delivered, late, timed_out, lost,
    subscribed, unsubscribed, received_0, received_1, received_2, in_parts, held,
    closed, transport, write_timed_out, cut_short, taken_and_failed, violation, connect_timeout, ping_timeout,
    incoming_full, store_failed, refused_connection,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (name, count)) in self.counts().into_iter().enumerate() {
            let separator = if at == 0 {
                ""
            } else if at % 6 == 0 {
                "\n"
            } else {
                ", "
            };
            write!(f, "{separator}{} {count}", name.replace('_', " "))?;
        }
        Ok(())
    }
}
