//! `virtual-printer`
fn main() {}
