//! Puts files into a city's directory, all of them whole or none.
//! Called by `import` as its last step.
//! A new directory appears under its name when it is complete; in one that is there, files stand under other names until all are written.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::Context;

/// What a file holds.
pub enum Content {
    Text(String),
    Bytes(Vec<u8>),
}

impl Content {
    fn bytes(&self) -> &[u8] {
        match self {
            Content::Text(text) => text.as_bytes(),
            Content::Bytes(bytes) => bytes,
        }
    }
}

/// Writes them.
pub fn write_city(directory: &Path, files: &BTreeMap<String, Content>) -> anyhow::Result<()> {
    if directory.is_dir() {
        return into_directory(directory, files);
    }
    let parent = directory.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).with_context(|| format!("{} can't be made", parent.display()))?;
    let name = directory.file_name().with_context(|| format!("{} has no name", directory.display()))?;
    let partial = parent.join(format!(".{}.{}.partial", name.to_string_lossy(), std::process::id()));
    let gone = Gone(vec![partial.clone()]);
    fs::create_dir(&partial).with_context(|| format!("{} can't be made", partial.display()))?;
    for (name, content) in files {
        put(&partial.join(name), content)?;
    }
    sync(&partial)?;
    fs::rename(&partial, directory).with_context(|| format!("{} can't be put in place", directory.display()))?;
    gone.kept();
    sync(parent)
}

/// Files that are replaced are kept aside until all new ones are in place, and come back when one can't be.
fn into_directory(directory: &Path, files: &BTreeMap<String, Content>) -> anyhow::Result<()> {
    let aside = |name: &str, what: &str| directory.join(format!(".{name}.{}.{what}", std::process::id()));
    let mut gone = Gone(Vec::new());
    for (name, content) in files {
        let partial = aside(name, "partial");
        gone.0.push(partial.clone());
        put(&partial, content)?;
    }
    let place = |name: &str| -> std::io::Result<()> {
        let there = directory.join(name);
        if there.exists() {
            fs::rename(&there, aside(name, "before"))?;
        }
        fs::rename(aside(name, "partial"), &there)
    };
    // Of the one that failed only what was set aside comes back; the first fault is the one to tell.
    let back = |name: &str, placed: bool| {
        let (there, before) = (directory.join(name), aside(name, "before"));
        if placed {
            let _ = fs::remove_file(&there);
        }
        if !there.exists() {
            let _ = fs::rename(before, there);
        }
    };
    let mut placed: Vec<&str> = Vec::new();
    for name in files.keys() {
        if let Err(fault) = place(name) {
            back(name, false);
            for name in &placed {
                back(name, true);
            }
            return Err(fault).with_context(|| format!("{name} can't be put in place; everything is as it was"));
        }
        placed.push(name);
    }
    gone.0.extend(files.keys().map(|name| aside(name, "before")));
    drop(gone);
    sync(directory)
}

fn put(path: &Path, content: &Content) -> anyhow::Result<()> {
    let write = || -> std::io::Result<()> {
        let mut file = File::create(path)?;
        file.write_all(content.bytes())?;
        file.sync_all()
    };
    write().with_context(|| format!("{} can't be written", path.display()))
}

/// A rename is on the disk when its directory is.
fn sync(directory: &Path) -> anyhow::Result<()> {
    let synced = File::open(directory).and_then(|directory| directory.sync_all());
    synced.with_context(|| format!("{} can't be written to the disk", directory.display()))
}

/// What is removed again, whatever happens.
struct Gone(Vec<PathBuf>);

impl Gone {
    fn kept(mut self) {
        self.0.clear();
    }
}

impl Drop for Gone {
    fn drop(&mut self) {
        for path in &self.0 {
            // What was never made, or has its name by now, can't be removed, and there is nobody to tell.
            let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(entries: &[(&str, &str)]) -> BTreeMap<String, Content> {
        entries.iter().map(|(name, text)| ((*name).to_owned(), Content::Text((*text).to_owned()))).collect()
    }

    fn names(directory: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_directory_appears_whole_and_files_are_replaced_together() {
        let folder = tempfile::tempdir().unwrap();
        let city = folder.path().join("deep/city");
        write_city(&city, &files(&[("a", "1"), ("b", "1")])).unwrap();
        write_city(&city, &files(&[("b", "2"), ("c", "2")])).unwrap();
        assert_eq!(names(&city), ["a", "b", "c"]);
        assert_eq!(names(&folder.path().join("deep")), ["city"]);
        assert_eq!(fs::read_to_string(city.join("b")).unwrap(), "2");
    }

    #[test]
    fn what_can_not_be_put_in_place_leaves_everything_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let city = folder.path().join("city");
        write_city(&city, &files(&[("a", "1"), ("c", "1")])).unwrap();
        // A partial file can't be made where a directory stands.
        fs::create_dir(city.join(format!(".b.{}.partial", std::process::id()))).unwrap();
        assert!(write_city(&city, &files(&[("a", "2"), ("b", "2"), ("c", "2")])).is_err());
        assert_eq!(fs::read_to_string(city.join("a")).unwrap(), "1");
        // Nor can one take its place from a directory that can't be set aside.
        fs::create_dir_all(city.join("b/taken")).unwrap();
        fs::create_dir_all(city.join(format!(".b.{}.before/taken", std::process::id()))).unwrap();
        assert!(write_city(&city, &files(&[("a", "2"), ("b", "2"), ("c", "2")])).is_err());
        for name in ["a", "c"] {
            assert_eq!(fs::read_to_string(city.join(name)).unwrap(), "1");
        }
        assert!(city.join("b/taken").is_dir());
        // A new directory whose name is taken by a file.
        fs::write(folder.path().join("file"), "x").unwrap();
        assert!(write_city(&folder.path().join("file/city"), &files(&[("a", "1")])).is_err());
        assert_eq!(names(folder.path()), ["city", "file"]);
    }
}
