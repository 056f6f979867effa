//! Where the programs under test are.
//!
//! **Invariant:** a program that was not built is a sentence that says how to build it, never a mystery.

use std::path::PathBuf;

use crate::folders;

/// The folder that holds the programs, when they are not beside the test: an image under test, an installed release.
const BIN_DIR: &str = "MADKORT_BIN_DIR";

/// The program of this name: in the folder that `MADKORT_BIN_DIR` names, or in the profile's folder of the target
/// directory that this test runs from.
///
/// # Panics
///
/// If it is not there.
pub fn bin(name: &str) -> PathBuf {
    let path = std::env::var_os(BIN_DIR).map_or_else(|| folders::program(name), |dir| PathBuf::from(dir).join(name));
    assert!(
        path.is_file(),
        "there is no {}: build it with `cargo build --bin {name}`, or set {BIN_DIR}",
        path.display()
    );
    path
}
