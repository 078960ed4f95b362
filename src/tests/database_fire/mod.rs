//! The database on fire: killed, stopped, hanging, cut off, full, locked, deleted, without power, lost and restored.
//! While it is away everybody hears so, in time; afterwards all is there that was acknowledged, without a restart.

mod backup;
mod cluster;
mod load;
mod migrating;
mod postgres;
mod power_loss;
mod proxy;
mod sqlite;
mod starting;
