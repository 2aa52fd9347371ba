//! The parameters of statements that take many values at once, written for whichever engine a transaction runs on.
//! Used by stores whose work comes in batches: one statement for many rows costs a fraction of as many statements.
//! Only places stand in the text; every value is bound, in the order in which the places were taken.

use super::{Engine, Tx};

/// Values of one statement at most: SQLite takes 32,766 and PostgreSQL 65,535, and a long text is parsed anew each time.
const VALUES_MAX: usize = 8_000;

/// Hands out the places of one statement's parameters, first to last.
///
/// `$1, $2, …` on PostgreSQL. On SQLite a bare `?`: the driver looks a parameter that has a name up among all others, which for
/// thousands of them takes longer than the statement.
#[derive(Debug)]
pub(crate) struct Places {
    numbered: bool,
    taken: usize,
}

impl Places {
    /// The next one.
    pub(crate) fn one(&mut self) -> String {
        self.taken += 1;
        if self.numbered { format!("${}", self.taken) } else { "?".to_owned() }
    }

    /// The next `count`, with commas between.
    pub(crate) fn list(&mut self, count: usize) -> String {
        (0..count).map(|_| self.one()).collect::<Vec<_>>().join(", ")
    }

    /// The next `rows` rows of `columns` each: `(…), (…)`.
    pub(crate) fn rows(&mut self, rows: usize, columns: usize) -> String {
        (0..rows).map(|_| format!("({})", self.list(columns))).collect::<Vec<_>>().join(", ")
    }
}

impl Tx {
    /// Places for the parameters of one statement. All of its parameters come from here.
    pub(crate) fn places(&self) -> Places {
        Places { numbered: matches!(self.engine, Engine::Postgres(_)), taken: 0 }
    }
}

/// How many rows of `columns` values one statement takes.
pub(crate) const fn rows_max(columns: usize) -> usize {
    VALUES_MAX / columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_numbered_through_lists_and_rows() {
        let mut places = Places { numbered: true, taken: 0 };
        assert_eq!(places.one(), "$1");
        assert_eq!(places.list(2), "$2, $3");
        assert_eq!(places.rows(2, 2), "($4, $5), ($6, $7)");
        let mut places = Places { numbered: false, taken: 0 };
        assert_eq!((places.one().as_str(), places.rows(1, 2).as_str()), ("?", "(?, ?)"));
    }
}
