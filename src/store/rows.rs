//! The texts of statements that take many values at once: numbered parameters for lists and rows, the same on both engines.
//! Used by stores whose work comes in batches: one statement for many rows costs a fraction of as many statements.
//! Only parameter numbers stand in the text; every value is bound.

/// Values of one statement at most: SQLite takes 32,766 and PostgreSQL 65,535, and a long text is parsed anew each time.
const VALUES_MAX: usize = 8_000;

/// `$first, $first+1, …`: as many parameters as there are values.
pub(crate) fn parameters(first: usize, count: usize) -> String {
    let numbers: Vec<String> = (first..first + count).map(|number| format!("${number}")).collect();
    numbers.join(", ")
}

/// `($first, …), (…)`: the parameters of `rows` rows with `columns` values each.
pub(crate) fn rows(first: usize, rows: usize, columns: usize) -> String {
    let rows: Vec<String> =
        (0..rows).map(|row| format!("({})", parameters(first + row * columns, columns))).collect();
    rows.join(", ")
}

/// How many rows of `columns` values one statement takes.
pub(crate) const fn rows_max(columns: usize) -> usize {
    VALUES_MAX / columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_through_all_rows() {
        assert_eq!(parameters(3, 2), "$3, $4");
        assert_eq!(rows(2, 2, 3), "($2, $3, $4), ($5, $6, $7)");
    }
}
