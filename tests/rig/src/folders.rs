//! Where cargo put the programs, and where the rig leaves its pictures.

use std::path::{Path, PathBuf};

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

/// The published test vectors: `tests/vectors`, or the folder that `MADKORT_VECTORS` names.
pub fn vectors_dir() -> PathBuf {
    std::env::var_os("MADKORT_VECTORS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors"), PathBuf::from)
}
