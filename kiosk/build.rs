//! Compiles the screens with their fonts, pictures and Danish words into the binary.

use std::path::PathBuf;

use slint_build::{CompilerConfiguration, DefaultTranslationContext, EmbedResourcesKind};

fn main() -> Result<(), slint_build::CompileError> {
    let here = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    // The tests find elements by component; a release carries no names of elements.
    let debug = std::env::var("PROFILE").is_ok_and(|p| p == "debug");
    let config = CompilerConfiguration::new()
        .with_style("fluent-light".into())
        .embed_resources(EmbedResourcesKind::EmbedFiles)
        .with_bundled_translations(here.join("lang"))
        .with_default_translation_context(DefaultTranslationContext::None)
        .with_debug_info(debug);
    slint_build::compile_with_config("ui/app.slint", config)
}
