//! How much of a file has been read, on a line of the terminal.
//! Wraps the files that `import` reads; a reader that is not shown costs nothing.
//! Only a person at a terminal sees it: nothing of it reaches a pipe, a log or standard output.

use std::{
    fs::File,
    io::{self, IsTerminal, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use anyhow::Context;

/// Characters of the bar.
const WIDTH: u64 = 30;

/// A file that tells how much of it has been read.
pub struct Progress {
    file: File,
    bytes: u64,
    at: u64,
    shown: Option<Shown>,
}

struct Shown {
    name: PathBuf,
    percent: u64,
    /// How often the file has been gone over.
    turn: u32,
}

impl Progress {
    pub fn open(path: &Path) -> anyhow::Result<Progress> {
        let file = File::open(path).with_context(|| format!("{} can't be opened", path.display()))?;
        let bytes = file.metadata()?.len();
        let name = path.file_name().map(PathBuf::from).unwrap_or_default();
        let shown = io::stderr().is_terminal().then_some(Shown { name, percent: u64::MAX, turn: 1 });
        Ok(Progress { file, bytes, at: 0, shown })
    }

    fn moved(&mut self, to: u64) {
        let back = to < self.at;
        self.at = to;
        let Some(shown) = &mut self.shown else { return };
        shown.turn += u32::from(back && to > 0);
        let percent = (self.at * 100).checked_div(self.bytes).unwrap_or(100).min(100);
        if percent != shown.percent {
            shown.percent = percent;
            let line = line(&shown.name, shown.turn, percent);
            // A terminal that has gone is no reason to stop.
            let _ = write!(io::stderr(), "\r{line}").and_then(|()| io::stderr().flush());
        }
    }
}

fn line(name: &Path, turn: u32, percent: u64) -> String {
    let full = usize::try_from(percent * WIDTH / 100).unwrap_or(0);
    let turn = if turn > 1 { format!(", turn {turn}") } else { String::new() };
    format!("reading {} [{:<30}] {percent:3} %{turn}", name.display(), "#".repeat(full))
}

impl Read for Progress {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(into)?;
        self.moved(self.at + count as u64);
        Ok(count)
    }
}

impl Seek for Progress {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = self.file.seek(to)?;
        self.moved(at);
        Ok(at)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown.is_some() {
            // The line is wiped, for what was done is told elsewhere.
            let _ = write!(io::stderr(), "\r\x1b[K").and_then(|()| io::stderr().flush());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_which_file_and_how_far() {
        assert_eq!(
            line(Path::new("city.osm.pbf"), 2, 50),
            "reading city.osm.pbf [###############               ]  50 %, turn 2"
        );
    }
}
