//! Hands the built web part to the binary, or one page that says how to build it.
//! Runs no npm: `make web` does. `REQUIRE_WEB=1` (releases, CI) makes its absence an error.

fn main() {
    println!("cargo::rerun-if-env-changed=REQUIRE_WEB");
    println!("cargo::rerun-if-changed=web/dist");
    println!("cargo::rerun-if-changed=web/placeholder");
    // Its list of every file as a warning helps nobody.
    println!("cargo::rerun-if-env-changed=MEMORY_SERVE_QUIET");
    let built = std::path::Path::new("web/dist/index.html").exists();
    if !built && std::env::var_os("REQUIRE_WEB").is_some_and(|value| value != "0") {
        println!("cargo::error=web/dist/index.html is missing: run `make web` first");
        return;
    }
    memory_serve::load_directory(if built { "web/dist" } else { "web/placeholder" });
}
