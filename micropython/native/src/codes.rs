//! The codes of `umqtt.errno` that native code raises or reports.

pub const EUNKNOWN: isize = -1;
pub const ECONCLOSE: isize = 1;
pub const EREADLEN: isize = 2;
pub const EWRITELEN: isize = 3;
pub const ECONNOT: isize = 28;

pub const SDELIVERED: isize = 1;
pub const SUNKNOWNPID: isize = 2;
