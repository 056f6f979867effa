//! `printer`
fn main() {}
