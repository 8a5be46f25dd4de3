//! Thrift's compact protocol, in which Parquet writes its footer and the headers of its pages. Nothing is taken on
//! trust: whatever a length claims, no more is read than is there, and nothing is kept.

/// How deep structures may stand inside each other; what is deeper is not Parquet's.
const DEPTH_MAX: usize = 32;

/// Why bytes are no such structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// They end too early.
    Ends,
    /// They are none, however many follow.
    Wrong(&'static str),
}

pub(super) type Read<T> = std::result::Result<T, Fault>;

/// What stands in a field or list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    True,
    False,
    Byte,
    Int,
    Double,
    Binary,
    List,
    Map,
    Struct,
    Uuid,
}

impl Kind {
    fn of(code: u8) -> Read<Kind> {
        Ok(match code {
            1 => Kind::True,
            2 => Kind::False,
            3 => Kind::Byte,
            4..=6 => Kind::Int,
            7 => Kind::Double,
            8 => Kind::Binary,
            9 | 10 => Kind::List,
            11 => Kind::Map,
            12 => Kind::Struct,
            13 => Kind::Uuid,
            _ => return Err(Fault::Wrong("a field of an unknown kind")),
        })
    }
}

/// Bytes and how far they are read.
pub(super) struct Compact<'a> {
    bytes: &'a [u8],
    at: usize,
    listed: u64,
}

impl<'a> Compact<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Compact<'a> {
        Compact { bytes, at: 0, listed: 0 }
    }

    /// The elements of all lists so far.
    pub(super) fn listed(&self) -> u64 {
        self.listed
    }

    /// The bytes read so far.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    fn byte(&mut self) -> Read<u8> {
        let byte = *self.bytes.get(self.at).ok_or(Fault::Ends)?;
        self.at += 1;
        Ok(byte)
    }

    fn unsigned(&mut self) -> Read<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7F);
            if bits << shift >> shift != bits {
                return Err(Fault::Wrong("a number has more than 64 bits"));
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Fault::Wrong("a number has more than 64 bits"))
    }

    /// A number with its sign.
    pub(super) fn int(&mut self) -> Read<i64> {
        let number = self.unsigned()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    /// Some bytes behind their length.
    pub(super) fn binary(&mut self) -> Read<&'a [u8]> {
        let bytes = usize::try_from(self.unsigned()?).map_err(|_| Fault::Ends)?;
        let binary = self.bytes[self.at..].get(..bytes).ok_or(Fault::Ends)?;
        self.at += bytes;
        Ok(binary)
    }

    /// What a list holds, and how often. Each element takes a byte at least.
    pub(super) fn list(&mut self) -> Read<(Kind, usize)> {
        let head = self.byte()?;
        let count = match head >> 4 {
            15 => usize::try_from(self.unsigned()?).map_err(|_| Fault::Ends)?,
            count => usize::from(count),
        };
        if count > self.left() {
            return Err(Fault::Ends);
        }
        self.listed += count as u64;
        // Some writers give empty lists no kind.
        Ok((if count == 0 { Kind::Byte } else { Kind::of(head & 0x0F)? }, count))
    }

    /// Gives each field of a structure to `visit`, which reads it or says that it does not by `false`.
    pub(super) fn fields(&mut self, visit: &mut dyn FnMut(&mut Self, i64, Kind) -> Read<bool>) -> Read<()> {
        let mut id = 0;
        while let Some(kind) = self.field(&mut id)? {
            if !visit(self, id, kind)? {
                self.skip(kind, DEPTH_MAX)?;
            }
        }
        Ok(())
    }

    /// The kind of the next field; `None` at the end of the structure.
    fn field(&mut self, id: &mut i64) -> Read<Option<Kind>> {
        let head = self.byte()?;
        if head & 0x0F == 0 {
            return Ok(None);
        }
        *id = match head >> 4 {
            0 => self.int()?,
            step => *id + i64::from(step),
        };
        // As the decoders, which count fields in 16 bits.
        if !(0..=i64::from(i16::MAX)).contains(id) {
            return Err(Fault::Wrong("a field has an impossible number"));
        }
        Kind::of(head & 0x0F).map(Some)
    }

    fn skip(&mut self, kind: Kind, depth: usize) -> Read<()> {
        let Some(depth) = depth.checked_sub(1) else {
            return Err(Fault::Wrong("structures stand inside each other too deep"));
        };
        match kind {
            Kind::True | Kind::False => {}
            Kind::Byte => drop(self.byte()?),
            Kind::Int => drop(self.unsigned()?),
            Kind::Double => self.pass(8)?,
            Kind::Uuid => self.pass(16)?,
            Kind::Binary => drop(self.binary()?),
            Kind::Struct => {
                let mut id = 0;
                while let Some(kind) = self.field(&mut id)? {
                    self.skip(kind, depth)?;
                }
            }
            Kind::List => {
                let (kind, count) = self.list()?;
                for _ in 0..count {
                    self.skip_element(kind, depth)?;
                }
            }
            Kind::Map => {
                let count = self.unsigned()?;
                if count > self.left() as u64 {
                    return Err(Fault::Ends);
                }
                if count > 0 {
                    let kinds = self.byte()?;
                    let (key, value) = (Kind::of(kinds >> 4)?, Kind::of(kinds & 0x0F)?);
                    for _ in 0..count {
                        self.skip_element(key, depth)?;
                        self.skip_element(value, depth)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Truths take a byte in lists and none in fields.
    fn skip_element(&mut self, kind: Kind, depth: usize) -> Read<()> {
        match kind {
            Kind::True | Kind::False => self.pass(1),
            kind => self.skip(kind, depth),
        }
    }

    fn pass(&mut self, bytes: usize) -> Read<()> {
        if bytes > self.left() {
            return Err(Fault::Ends);
        }
        self.at += bytes;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_structure_is_read_and_its_unknown_fields_passed() {
        // 1: int 300; 3: binary "ab"; 4: list of two ints; 20: a structure with a truth; the end.
        let bytes = [0x15, 0xD8, 0x04, 0x28, 2, b'a', b'b', 0x19, 0x25, 2, 4, 0x0C, 40, 0x11, 0, 0];
        let mut seen = Vec::new();
        let mut compact = Compact::new(&bytes);
        let read = compact.fields(&mut |compact, id, kind| {
            seen.push(id);
            match kind {
                Kind::Int => assert_eq!(compact.int(), Ok(300)),
                Kind::Binary => assert_eq!(compact.binary(), Ok(&b"ab"[..])),
                _ => return Ok(false),
            }
            Ok(true)
        });
        assert_eq!(read, Ok(()));
        assert_eq!((seen, compact.at()), (vec![1, 3, 4, 20], bytes.len()));
        for end in 0..bytes.len() {
            assert_eq!(Compact::new(&bytes[..end]).fields(&mut |_, _, _| Ok(false)), Err(Fault::Ends), "{end}");
        }
    }

    #[test]
    fn what_is_too_deep_or_too_many_is_refused() {
        let deep = [0x1C; 100];
        let read = Compact::new(&deep).fields(&mut |_, _, _| Ok(false));
        assert_eq!(read, Err(Fault::Wrong("structures stand inside each other too deep")));
        let many = [0x19, 0xF5, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0];
        assert_eq!(Compact::new(&many).fields(&mut |_, _, _| Ok(false)), Err(Fault::Ends));
    }
}
