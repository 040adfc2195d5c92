//! What has become of a request.

/// What has become of a request of the program.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Debug)]
pub enum Stage {
    /// It was not made yet.
    #[default]
    Ahead,
    /// It was made, and its end was not told.
    Open,
    /// Its end was told, or is not told with QoS 0.
    Ended,
    /// It was told as lost, and is let go with the next call.
    Lost,
    /// It was refused for good.
    Refused,
    /// Power was lost before its end was told, and the store does not know it any more.
    Unknown,
}
