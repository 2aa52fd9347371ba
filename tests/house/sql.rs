//! Reads the tables of a migration as text: names, columns in order, whether a sentence stands above.
//! Used by the rules in `main.rs`; it is no parser and knows only how our migrations are written (lower case, a line per column).
//! Types are not compared: they differ between the engines on purpose; the contract stories judge them.

/// One `create table`.
pub struct Table {
    pub name: String,
    /// In order, without constraints.
    pub columns: Vec<String>,
    /// A comment line stands directly above.
    pub explained: bool,
}

/// The tables that a migration creates.
pub fn tables(text: &str) -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    let mut above = "";
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if let Some(rest) = line.strip_prefix("create table ") {
            let name = rest.trim_start_matches("if not exists ").split([' ', '(']).next().unwrap_or_default();
            tables.push(Table { name: name.to_owned(), columns: Vec::new(), explained: above.starts_with("--") });
            inside = true;
        } else if line.starts_with(')') {
            inside = false;
        } else if inside && !line.starts_with("--") {
            let word = line.split(' ').next().unwrap_or_default();
            let column =
                word.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
            let constraint = matches!(
                word,
                "" | "primary" | "unique" | "check" | "foreign" | "constraint" | "and" | "or" | "on" | "references"
            );
            if let (true, false, Some(table)) = (column, constraint, tables.last_mut()) {
                table.columns.push(word.to_owned());
            }
        }
        above = line;
    }
    tables
}

#[test]
fn tables_are_read() {
    let read = tables(
        "-- What for.\ncreate table a (\n    -- Why.\n    id uuid not null,\n    at bigint,\n    primary key (id, at)\n) without rowid;\n\ncreate table b (\n    x text\n);",
    );
    let told: Vec<_> =
        read.iter().map(|table| (table.name.as_str(), table.columns.join(" "), table.explained)).collect();
    assert_eq!(told, [("a", "id at".to_owned(), true), ("b", "x".to_owned(), false)]);
}
