//! Other people's programs as child processes: SMS gateways, proxies; on loopback, in a directory of their own.
//! Used by stories that show that our examples in `deploy/` work with the real thing.
//! A program that is not here is named and its story left out; under CI=true that is a failure. A child ends with its handle.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::process::{Child, Command};

/// The paths of these programs; `None` when one is missing.
#[expect(clippy::print_stdout, reason = "what is left out is said where the test's output is read")]
pub fn here<const N: usize>(paths: [&str; N]) -> Option<[PathBuf; N]> {
    if let Some(missing) = paths.iter().find(|path| !Path::new(path).exists()) {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{missing} is missing: CI=true wants every story");
        println!("skipped: {missing} is not here");
        return None;
    }
    Some(paths.map(PathBuf::from))
}

/// Ports that were free a moment ago, for programs that can't say which they chose.
pub fn free_ports<const N: usize>() -> [u16; N] {
    // All are held until all are known, so that no two are one.
    let held: [std::net::TcpListener; N] =
        std::array::from_fn(|_| std::net::TcpListener::bind("127.0.0.1:0").expect("a loopback port"));
    held.map(|listener| listener.local_addr().expect("a bound port").port())
}

/// A program with its arguments, its output thrown away; it ends with its handle.
pub fn command(program: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    command
}

/// Starts it and waits until it takes connections here.
pub async fn started(mut command: Command, port: u16) -> Child {
    let what = format!("{} to listen", command.as_std().get_program().display());
    let mut child = command.spawn().expect("the program starts");
    let listening = async {
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            assert!(child.try_wait().expect("its state").is_none(), "{what}: it has ended");
            tokio::task::yield_now().await;
        }
    };
    crate::awaited(&what, listening).await;
    child
}

/// An example of `deploy/` with these words in the place of those; each must be there, so that a test can't drift from its example.
pub fn adapted(example: &str, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(example.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "the example has no “{from}” any more");
        text.replace(from, to)
    })
}
