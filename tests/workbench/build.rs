//! Compiles the window.

fn main() {
    let config = slint_build::CompilerConfiguration::new().with_style("fluent-light".to_owned());
    if let Err(error) = slint_build::compile_with_config("ui/workbench.slint", config) {
        println!("cargo::error={error}");
    }
}
