//! Looks into the tables of a FlatBuffer.
//! Called by `flatgeobuf` for its header and for each feature.
//! Every offset is checked where it is followed; a field that is not there is `None`, bytes that do not fit together are `Torn`.

/// The bytes do not fit together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Torn;

/// A field, if it is there.
type Field<T> = Result<Option<T>, Torn>;

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
pub(super) fn table(bytes: &[u8]) -> Result<Table<'_>, Torn> {
    Table::at(bytes, int(bytes, 0)? as usize)
}

fn fixed<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], Torn> {
    let end = at.checked_add(N).ok_or(Torn)?;
    bytes.get(at..end).and_then(|bytes| bytes.try_into().ok()).ok_or(Torn)
}

fn short(bytes: &[u8], at: usize) -> Result<u16, Torn> {
    fixed(bytes, at).map(u16::from_le_bytes)
}

fn int(bytes: &[u8], at: usize) -> Result<u32, Torn> {
    fixed(bytes, at).map(u32::from_le_bytes)
}

fn long(bytes: &[u8], at: usize) -> Result<u64, Torn> {
    fixed(bytes, at).map(u64::from_le_bytes)
}

impl<'a> Table<'a> {
    fn at(bytes: &'a [u8], at: usize) -> Result<Table<'a>, Torn> {
        let back = i64::from(int(bytes, at)?.cast_signed());
        let fields = i64::try_from(at).ok().and_then(|at| usize::try_from(at - back).ok()).ok_or(Torn)?;
        let fields_bytes = usize::from(short(bytes, fields)?);
        Ok(Table { bytes, at, fields, fields_bytes })
    }

    /// Where a field lies.
    fn field(&self, number: usize) -> Field<usize> {
        let slot = 4 + 2 * number;
        if slot + 2 > self.fields_bytes {
            return Ok(None);
        }
        let offset = usize::from(short(self.bytes, self.fields.checked_add(slot).ok_or(Torn)?)?);
        Ok((offset > 0).then_some(self.at + offset))
    }

    fn read<T>(&self, number: usize, read: impl FnOnce(&'a [u8], usize) -> Result<T, Torn>) -> Field<T> {
        self.field(number)?.map(|at| read(self.bytes, at)).transpose()
    }

    /// Where what a field points to lies.
    fn follow(&self, number: usize) -> Field<usize> {
        self.read(number, |bytes, at| at.checked_add(int(bytes, at)? as usize).ok_or(Torn))
    }

    pub(super) fn byte(&self, number: usize) -> Field<u8> {
        self.read(number, |bytes, at| bytes.get(at).copied().ok_or(Torn))
    }

    pub(super) fn short(&self, number: usize) -> Field<u16> {
        self.read(number, short)
    }

    pub(super) fn int(&self, number: usize) -> Field<u32> {
        self.read(number, int)
    }

    pub(super) fn long(&self, number: usize) -> Field<u64> {
        self.read(number, long)
    }

    pub(super) fn table(&self, number: usize) -> Field<Table<'a>> {
        self.follow(number)?.map(|at| Table::at(self.bytes, at)).transpose()
    }

    /// The bytes of a vector whose elements have `size` bytes, and where they begin.
    fn vector(&self, number: usize, size: usize) -> Field<(&'a [u8], usize)> {
        let Some(at) = self.follow(number)? else { return Ok(None) };
        let length = (int(self.bytes, at)? as usize).checked_mul(size).ok_or(Torn)?;
        // Four bytes were read there, so this does not overflow.
        let from = at + 4;
        let end = from.checked_add(length).ok_or(Torn)?;
        self.bytes.get(from..end).map(|bytes| Some((bytes, from))).ok_or(Torn)
    }

    pub(super) fn bytes(&self, number: usize) -> Field<&'a [u8]> {
        Ok(self.vector(number, 1)?.map(|(bytes, _)| bytes))
    }

    pub(super) fn text(&self, number: usize) -> Field<&'a str> {
        self.bytes(number)?.map(|bytes| std::str::from_utf8(bytes).map_err(|_| Torn)).transpose()
    }

    /// A vector that is not there is empty.
    pub(super) fn ints(&self, number: usize) -> Result<Vec<u32>, Torn> {
        let Some((bytes, _)) = self.vector(number, 4)? else { return Ok(Vec::new()) };
        bytes.chunks_exact(4).map(|four| int(four, 0)).collect()
    }

    pub(super) fn doubles(&self, number: usize) -> Result<Vec<f64>, Torn> {
        let Some((bytes, _)) = self.vector(number, 8)? else { return Ok(Vec::new()) };
        bytes.chunks_exact(8).map(|eight| long(eight, 0).map(f64::from_bits)).collect()
    }

    pub(super) fn tables(&self, number: usize) -> Result<Vec<Table<'a>>, Torn> {
        let Some((bytes, from)) = self.vector(number, 4)? else { return Ok(Vec::new()) };
        let slots = bytes.chunks_exact(4).zip((from..).step_by(4));
        slots.map(|(four, slot)| Table::at(self.bytes, slot.checked_add(int(four, 0)? as usize).ok_or(Torn)?)).collect()
    }
}
