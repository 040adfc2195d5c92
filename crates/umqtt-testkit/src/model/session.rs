//! What the broker remembers of the client.

use std::collections::VecDeque;

/// A session.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) clean: bool,
    /// The client may not know that its last session is gone.
    pub(super) unsure: bool,
    pub(super) subscriptions: Vec<(String, u8)>,
    /// Ids of the client's exchanges that the broker has not ended.
    pub(super) open: Vec<u16>,
    /// QoS 2 messages of the client that are not released: id and number.
    pub(super) received: Vec<(u16, u16)>,
    /// The ids for which PUBREC was sent, and its place among all PUBRECs.
    pub(super) recorded: Vec<(u16, u32)>,
    pub(super) records: u32,
    /// The last message of QoS 1 or 2 that came for the first time.
    pub(super) last_first: Option<u16>,
    /// Messages for the client that were not sent: number and QoS.
    pub(super) queue: VecDeque<(u16, u8)>,
    /// Sent, and neither PUBACK nor PUBREC came.
    pub(super) flights: VecDeque<Flight>,
    /// PUBREC came, and PUBCOMP did not.
    pub(super) releasing: VecDeque<u16>,
    next_id: u16,
}

/// A message on its way to the client.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flight {
    pub(super) id: u16,
    pub(super) number: u16,
    pub(super) qos: u8,
}

impl Session {
    pub(super) fn new(clean: bool, subscribes: Option<u8>) -> Self {
        Self {
            clean,
            unsure: false,
            subscriptions: subscribes.into_iter().map(|qos| ("#".to_owned(), qos)).collect(),
            open: Vec::new(),
            received: Vec::new(),
            recorded: Vec::new(),
            records: 0,
            last_first: None,
            queue: VecDeque::new(),
            flights: VecDeque::new(),
            releasing: VecDeque::new(),
            next_id: 1,
        }
    }

    /// An id that is free.
    pub(super) fn free_id(&mut self, reuses: bool) -> u16 {
        let mut id = if reuses { 1 } else { self.next_id };
        while self.releasing.contains(&id) || self.flights.iter().any(|flight| flight.id == id) {
            id = id.checked_add(1).unwrap_or(1);
        }
        self.next_id = id.checked_add(1).unwrap_or(1);
        id
    }

    /// The place of the PUBREC of this id among all, if one was sent.
    pub(super) fn recorded(&self, id: u16) -> Option<u32> {
        self.recorded.iter().find(|(other, _)| *other == id).map(|(_, place)| *place)
    }

    /// PUBREC is sent for this id.
    pub(super) fn record(&mut self, id: u16) {
        self.records += 1;
        self.recorded.retain(|(other, _)| *other != id);
        self.recorded.push((id, self.records));
    }
}
