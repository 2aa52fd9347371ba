//! Looks into the tables of a FlatBuffer.
//! Called by `flatgeobuf` for its header and for each feature.
//! Every offset is checked where it is followed: `None` means that the bytes do not fit together, `Some(None)` that a field is not there.

/// A table of fields.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The list of where each field lies.
    fields: usize,
    fields_bytes: usize,
}

/// The root table.
pub(super) fn table(bytes: &[u8]) -> Option<Table<'_>> {
    Table::at(bytes, int(bytes, 0)? as usize)
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn int(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn long(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at.checked_add(8)?)?.try_into().ok()?))
}

impl<'a> Table<'a> {
    fn at(bytes: &'a [u8], at: usize) -> Option<Table<'a>> {
        let back = int(bytes, at)?.cast_signed();
        let fields = usize::try_from(i64::try_from(at).ok()? - i64::from(back)).ok()?;
        let fields_bytes = usize::from(short(bytes, fields)?);
        Some(Table { bytes, at, fields, fields_bytes })
    }

    /// Where a field lies.
    fn field(&self, number: usize) -> Option<Option<usize>> {
        let slot = 4 + 2 * number;
        if slot + 2 > self.fields_bytes {
            return Some(None);
        }
        match short(self.bytes, self.fields.checked_add(slot)?)? {
            0 => Some(None),
            offset => Some(Some(self.at + usize::from(offset))),
        }
    }

    /// Where what a field points to lies.
    fn follow(&self, number: usize) -> Option<Option<usize>> {
        let Some(at) = self.field(number)? else { return Some(None) };
        Some(Some(at.checked_add(int(self.bytes, at)? as usize)?))
    }

    pub(super) fn byte(&self, number: usize) -> Option<Option<u8>> {
        let Some(at) = self.field(number)? else { return Some(None) };
        self.bytes.get(at).map(|&byte| Some(byte))
    }

    pub(super) fn short(&self, number: usize) -> Option<Option<u16>> {
        let Some(at) = self.field(number)? else { return Some(None) };
        short(self.bytes, at).map(Some)
    }

    pub(super) fn int(&self, number: usize) -> Option<Option<u32>> {
        let Some(at) = self.field(number)? else { return Some(None) };
        int(self.bytes, at).map(Some)
    }

    pub(super) fn long(&self, number: usize) -> Option<Option<u64>> {
        let Some(at) = self.field(number)? else { return Some(None) };
        long(self.bytes, at).map(Some)
    }

    pub(super) fn table(&self, number: usize) -> Option<Option<Table<'a>>> {
        let Some(at) = self.follow(number)? else { return Some(None) };
        Table::at(self.bytes, at).map(Some)
    }

    /// The bytes of a vector whose elements have `size` bytes.
    fn vector(&self, number: usize, size: usize) -> Option<Option<&'a [u8]>> {
        let Some(at) = self.follow(number)? else { return Some(None) };
        let length = (int(self.bytes, at)? as usize).checked_mul(size)?;
        let from = at.checked_add(4)?;
        self.bytes.get(from..from.checked_add(length)?).map(Some)
    }

    pub(super) fn bytes(&self, number: usize) -> Option<Option<&'a [u8]>> {
        self.vector(number, 1)
    }

    pub(super) fn text(&self, number: usize) -> Option<Option<&'a str>> {
        let Some(bytes) = self.vector(number, 1)? else { return Some(None) };
        std::str::from_utf8(bytes).ok().map(Some)
    }

    pub(super) fn ints(&self, number: usize) -> Option<Option<Vec<u32>>> {
        let Some(bytes) = self.vector(number, 4)? else { return Some(None) };
        bytes.chunks_exact(4).map(|four| int(four, 0)).collect::<Option<_>>().map(Some)
    }

    pub(super) fn doubles(&self, number: usize) -> Option<Option<Vec<f64>>> {
        let Some(bytes) = self.vector(number, 8)? else { return Some(None) };
        bytes.chunks_exact(8).map(|eight| long(eight, 0).map(f64::from_bits)).collect::<Option<_>>().map(Some)
    }

    pub(super) fn tables(&self, number: usize) -> Option<Option<Vec<Table<'a>>>> {
        let Some(at) = self.follow(number)? else { return Some(None) };
        let offsets = self.vector(number, 4)??;
        let tables = offsets.chunks_exact(4).enumerate().map(|(index, four)| {
            let slot = at + 4 + 4 * index;
            Table::at(self.bytes, slot.checked_add(int(four, 0)? as usize)?)
        });
        tables.collect::<Option<_>>().map(Some)
    }
}
