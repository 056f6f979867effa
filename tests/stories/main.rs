//! Stories: the real programs, the real wires between them, and what people, cards and machines do to them.

mod bad_input;
mod card_reader;
mod faults;
mod portal;
mod shop;
mod vectors;
mod visit;
mod workbench;
