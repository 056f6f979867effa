//! Where cargo put the programs, and where the rig leaves its pictures.

use std::path::PathBuf;

/// Cargo's target directory: two above the profile's folder this very program runs from.
pub fn target_dir() -> PathBuf {
    let profile = profile_dir();
    profile.parent().map_or_else(|| PathBuf::from("target"), PathBuf::from)
}

/// A program of the workspace, built in the same profile as the rig.
pub fn program(name: &str) -> PathBuf {
    profile_dir().join(name)
}

fn profile_dir() -> PathBuf {
    let exe = std::env::current_exe().unwrap_or_default();
    // Tests run from `target/debug/deps`, programs from `target/debug`.
    let dir = exe.parent().map(PathBuf::from).unwrap_or_default();
    if dir.ends_with("deps") || dir.ends_with("examples") {
        dir.parent().map(PathBuf::from).unwrap_or(dir)
    } else {
        dir
    }
}
