//! The screen: what is on it, how it looks, and what a hand, a key, an eye and an ear find there.

// Places on a screen and shades of a colour are floats in Slint.
#![allow(clippy::unwrap_used, clippy::float_arithmetic, clippy::float_cmp)]

mod contrast;
mod fixtures;
mod gallery;
mod geometry;
mod glass;
mod keys;
mod pixels;
mod rest;
mod sizes;
mod speech;
mod touch;
mod words;
