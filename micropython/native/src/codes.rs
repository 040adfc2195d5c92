//! The codes of `umqtt.errno` that this module raises or tells.

pub const EUNKNOWN: isize = -1;
pub const ECONCLOSE: isize = 1;
pub const EREADLEN: isize = 2;
pub const EWRITELEN: isize = 3;
pub const ESTRTOLONG: isize = 4;
pub const EKEEPALIVE: isize = 7;
pub const ENOCON: isize = 8;
pub const ECONUNKNOWN: isize = 20;
pub const ECONNOT: isize = 28;
pub const ECONLENGTH: isize = 29;
pub const ECONTIMEOUT: isize = 30;
pub const ESUBACKUNKNOWN: isize = 40;
pub const ESUBACKFAIL: isize = 44;

pub const STIMEOUT: isize = 0;
pub const SDELIVERED: isize = 1;
pub const SUNKNOWNPID: isize = 2;
