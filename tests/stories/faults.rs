//! What breaks in a canteen, one story each: nothing recorded is lost, nothing is done twice, and the kiosk comes back by itself.

mod kiosk;
mod network;
mod printer;
mod reader;
mod server;
