//! Parses the command line and hands over to `cli`.
//! Started by people, systemd and tests.
//! Nothing is decided here.

use std::process::ExitCode;

use clap::Parser;

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    // Every TLS user in the tree takes this one provider (facts: dependencies §3).
    let _ = rustls::crypto::ring::default_provider().install_default();
    hamyar::cli::Cli::parse().run().await
}
