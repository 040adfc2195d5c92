//! Message and status callbacks, as in `umqtt.simple2`.

use umqtt_proto::wire::{Publish, ReturnCodes};
use umqtt_proto::{Event, PacketId};

use super::{Client, Sender};
use crate::error::Error;
use crate::memory::Buffers;
use crate::transport::Transport;

/// What became of a packet with an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Status<'a> {
    /// The broker has the message.
    Delivered,
    /// The broker answered SUBSCRIBE: the QoS granted, or the refusal, for each filter.
    Granted(ReturnCodes<'a>),
    /// The broker answered UNSUBSCRIBE.
    Unsubscribed,
    /// No acknowledgement came within the message time-out; reported once. It may still come.
    TimedOut,
    /// No acknowledgement can come any more.
    Lost,
    /// An acknowledgement came that no packet waits for.
    Unknown,
}

impl<T: Transport, B: Buffers> Client<T, B> {
    /// As [`check_msg`](Self::check_msg), with callbacks; returns whether something happened.
    ///
    /// `on_message` gets each message, and the [`Sender`] to answer it; a message that is larger than the receive
    /// buffer is skipped. `on_status` gets the outcome of each packet with an id.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let broker = umqtt_testkit::TcpBroker::start()?;
    /// # let address = broker.local_addr().to_string();
    /// # let mut client = umqtt::std::connect(&address, &umqtt::ConnectOptions::new("shed")?)?;
    /// use umqtt::QoS;
    /// client.subscribe("shed/door", QoS::AtMostOnce)?;
    /// # client.publish("shed/door", b"open", QoS::AtMostOnce, false)?;
    /// let mut opened = false;
    /// while !opened {
    ///     client.check_msg_with(
    ///         1_000,
    ///         |_sender, message| opened = message.payload == b"open",
    ///         |id, status| println!("{id}: {status:?}"),
    ///     )?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`check_msg`](Self::check_msg).
    pub fn check_msg_with(
        &mut self,
        wait: u32,
        on_message: impl FnOnce(&mut Sender<'_, T, B>, &Publish<'_>),
        on_status: impl FnOnce(PacketId, Status<'_>),
    ) -> Result<bool, Error<T::Error>> {
        let Some((event, mut sender)) = self.check_msg(wait)? else { return Ok(false) };
        match event {
            Event::Message(message) => on_message(&mut sender, &message),
            Event::Delivered { id, .. } => on_status(id, Status::Delivered),
            Event::Subscribed { id, return_codes, .. } => on_status(id, Status::Granted(return_codes)),
            Event::Unsubscribed { id, .. } => on_status(id, Status::Unsubscribed),
            Event::TimedOut { id } => on_status(id, Status::TimedOut),
            Event::Lost { id } => on_status(id, Status::Lost),
            Event::UnknownAck { id, .. } => on_status(id, Status::Unknown),
            _ => {}
        }
        Ok(true)
    }
}
