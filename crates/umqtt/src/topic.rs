//! Topics as callers pass them: already checked, or checked by the call.

#[cfg(feature = "alloc")]
use alloc::string::String;

use umqtt_proto::{InvalidField, TopicFilter, TopicName};

/// A [`TopicName`], or a type that can be checked and converted to one: `&str`, `&String`, `&[u8]`.
///
/// If you publish often on one topic, check it once with [`TopicName::new`].
pub trait ToTopicName<'a> {
    /// The topic name.
    ///
    /// # Errors
    /// The rule that it breaks.
    fn to_topic_name(self) -> Result<TopicName<'a>, InvalidField>;
}

/// A [`TopicFilter`], or a type that can be checked and converted to one: `&str`, `&String`, `&[u8]`.
pub trait ToTopicFilter<'a> {
    /// The topic filter.
    ///
    /// # Errors
    /// The rule that it breaks.
    fn to_topic_filter(self) -> Result<TopicFilter<'a>, InvalidField>;
}

impl<'a> ToTopicName<'a> for TopicName<'a> {
    fn to_topic_name(self) -> Result<TopicName<'a>, InvalidField> {
        Ok(self)
    }
}

impl<'a> ToTopicName<'a> for &'a str {
    fn to_topic_name(self) -> Result<TopicName<'a>, InvalidField> {
        TopicName::new(self)
    }
}

impl<'a> ToTopicName<'a> for &'a [u8] {
    fn to_topic_name(self) -> Result<TopicName<'a>, InvalidField> {
        TopicName::from_bytes(self)
    }
}

#[cfg(feature = "alloc")]
impl<'a> ToTopicName<'a> for &'a String {
    fn to_topic_name(self) -> Result<TopicName<'a>, InvalidField> {
        TopicName::new(self)
    }
}

impl<'a> ToTopicFilter<'a> for TopicFilter<'a> {
    fn to_topic_filter(self) -> Result<TopicFilter<'a>, InvalidField> {
        Ok(self)
    }
}

impl<'a> ToTopicFilter<'a> for &'a str {
    fn to_topic_filter(self) -> Result<TopicFilter<'a>, InvalidField> {
        TopicFilter::new(self)
    }
}

impl<'a> ToTopicFilter<'a> for &'a [u8] {
    fn to_topic_filter(self) -> Result<TopicFilter<'a>, InvalidField> {
        TopicFilter::from_bytes(self)
    }
}

#[cfg(feature = "alloc")]
impl<'a> ToTopicFilter<'a> for &'a String {
    fn to_topic_filter(self) -> Result<TopicFilter<'a>, InvalidField> {
        TopicFilter::new(self)
    }
}
