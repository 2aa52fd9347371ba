//! Reads a Rust file as text: what is code, what is test, which rooms it names.
//! Used by the rules in `main.rs`; it is no parser and knows only what rustfmt writes.
//! Comments are taken out, so that a rule never trips over an explanation.

use std::{collections::BTreeSet, fs, path::Path};

/// One Rust file.
pub struct Source {
    /// Relative to the root, with `/`.
    pub path: String,
    /// As it is.
    pub text: String,
    /// Without comments and without the tests at its end.
    pub code: String,
    /// The tests at its end, without comments.
    pub tests: String,
}

impl Source {
    pub fn read(root: &Path, path: &Path) -> Self {
        let text = fs::read_to_string(path).expect("a readable source file");
        let path = path.strip_prefix(root).expect("sources lie below the root").to_string_lossy().replace('\\', "/");
        let bare = without_comments(&text);
        // Tests come last in a file, so everything from the first test module on is test.
        let (code, tests) = match bare.find("\n#[cfg(test)]\nmod ") {
            Some(at) => (bare[..at].to_owned(), bare[at..].to_owned()),
            None => (bare, String::new()),
        };
        Self { path, text, code, tests }
    }

    /// The first step of the path below `src/`: `sensors` of `src/sensors/listen.rs`, `clock` of `src/clock.rs`.
    pub fn room(&self) -> &str {
        let below = self.path.strip_prefix("src/").unwrap_or(&self.path);
        below.split('/').next().unwrap_or(below).trim_end_matches(".rs")
    }

    /// The rooms that follow `crate::` here, also inside braces: `use crate::{clock::Clock, store::{At, Tx}}`.
    pub fn rooms_named(&self) -> BTreeSet<String> {
        let mut rooms = BTreeSet::new();
        for (at, found) in self.code.match_indices("crate::") {
            // `$crate::` in a macro and `some_crate::` are something else.
            if self.code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_') {
                continue;
            }
            let rest = &self.code[at + found.len()..];
            if let Some(group) = rest.strip_prefix('{') {
                let mut depth = 1_usize;
                let mut word = String::new();
                let mut first = true;
                for letter in group.chars() {
                    match letter {
                        '{' => depth += 1,
                        '}' => depth -= 1,
                        _ => {}
                    }
                    if depth == 0 || (depth == 1 && letter == ',') {
                        if !word.is_empty() {
                            rooms.insert(std::mem::take(&mut word));
                        }
                        first = true;
                    } else if depth == 1 && first && (letter.is_alphanumeric() || letter == '_') {
                        word.push(letter);
                    } else if depth == 1 && letter == ':' {
                        first = false;
                    }
                    if depth == 0 {
                        break;
                    }
                }
            } else {
                rooms.insert(rest.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect());
            }
        }
        rooms
    }
}

/// Takes out `//` comments, documentation included; a `//` within a string stays.
fn without_comments(text: &str) -> String {
    let mut bare = String::with_capacity(text.len());
    for line in text.lines() {
        let mut quoted = false;
        let mut escaped = false;
        let mut end = line.len();
        for (at, letter) in line.char_indices() {
            match letter {
                '"' if !escaped => quoted = !quoted,
                '/' if !quoted && line[at..].starts_with("//") => {
                    end = at;
                    break;
                }
                _ => {}
            }
            escaped = letter == '\\' && !escaped;
        }
        bare.push_str(line[..end].trim_end());
        bare.push('\n');
    }
    bare
}

#[test]
fn rooms_are_read_from_paths_and_groups() {
    let text = "use crate::{\n    clock::Clock,\n    store::{At, Tx},\n};\nfn x() { crate::assess::rules(); } // crate::http\n";
    let source = Source {
        path: "src/sensors/listen.rs".into(),
        text: text.into(),
        code: without_comments(text),
        tests: String::new(),
    };
    assert_eq!(source.rooms_named().into_iter().collect::<Vec<_>>(), ["assess", "clock", "store"]);
    assert_eq!(source.room(), "sensors");
}

#[test]
fn a_comment_ends_where_no_string_is_open() {
    assert_eq!(without_comments("let url = \"https://example.org\"; // why"), "let url = \"https://example.org\";\n");
}
