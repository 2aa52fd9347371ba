//! Fields of a protocol buffer, as they stand one after the other.
//! Called by `pbf` for every message of an OpenStreetMap file.
//! No bytes make it panic; nothing is copied. Source: protobuf.dev, “Encoding”.

/// The bytes are no protocol buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken;

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    /// Four or eight bytes of fixed width, which no field of ours has.
    Fixed,
}

/// The fields of a message.
#[derive(Debug)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Held<'a>), Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let next = self.field();
        if next.is_err() {
            self.0 = &[];
        }
        Some(next)
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Result<(u64, Held<'a>), Broken> {
        let key = number(&mut self.0)?;
        let held = match key & 7 {
            0 => Held::Number(number(&mut self.0)?),
            1 => {
                take(&mut self.0, 8)?;
                Held::Fixed
            }
            2 => {
                let length = usize::try_from(number(&mut self.0)?).map_err(|_| Broken)?;
                Held::Bytes(take(&mut self.0, length)?)
            }
            5 => {
                take(&mut self.0, 4)?;
                Held::Fixed
            }
            _ => return Err(Broken),
        };
        Ok((key >> 3, held))
    }
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Result<&'a [u8], Broken> {
    let (taken, left) = bytes.split_at_checked(count).ok_or(Broken)?;
    *bytes = left;
    Ok(taken)
}

fn number(bytes: &mut &[u8]) -> Result<u64, Broken> {
    let mut value = 0_u64;
    for (place, &byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7F) << (7 * place);
        if byte < 0x80 {
            *bytes = &bytes[place + 1..];
            return Ok(value);
        }
    }
    Err(Broken)
}

/// The numbers of a packed field.
pub(super) fn numbers(mut bytes: &[u8]) -> impl Iterator<Item = Result<u64, Broken>> {
    std::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        let next = number(&mut bytes);
        if next.is_err() {
            bytes = &[];
        }
        Some(next)
    })
}

/// A signed number from its zigzag.
pub(super) fn signed(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -((number & 1).cast_signed())
}

/// The sums of packed signed differences.
pub(super) fn sums(bytes: &[u8]) -> impl Iterator<Item = Result<i64, Broken>> {
    let mut sum = 0_i64;
    numbers(bytes).map(move |number| {
        // What overflows is no identifier of anything; it is looked up and not found.
        sum = sum.wrapping_add(signed(number?));
        Ok(sum)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_and_what_is_broken_ends_them() {
        let bytes = [0x08, 0x96, 0x01, 0x12, 0x03, b'a', b'b', b'c', 0x1D, 1, 2, 3, 4];
        let fields: Vec<_> = Fields(&bytes).collect::<Result<_, _>>().unwrap();
        assert_eq!(fields, [(1, Held::Number(150)), (2, Held::Bytes(b"abc")), (3, Held::Fixed)]);
        assert_eq!(Fields(&[0x12, 0x7F, 1]).collect::<Vec<_>>(), [Err(Broken)]);
        assert_eq!(Fields(&[0xFF; 11]).collect::<Vec<_>>(), [Err(Broken)]);
        assert_eq!([0, 1, 2, 3, u64::MAX].map(signed), [0, -1, 1, -2, i64::MIN]);
        assert_eq!(sums(&[2, 2, 3]).collect::<Result<Vec<_>, _>>().unwrap(), [1, 2, 0]);
    }
}
