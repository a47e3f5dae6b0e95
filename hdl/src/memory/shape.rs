//! What a memory is, as a comment in its Verilog: the manifest of a design counts memories by it.

use std::fmt::{self, Display, Formatter};

/// A memory's kind, depth and width.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    /// `delay`, `ram`, `rom`.
    pub kind: String,
    /// Words.
    pub depth: usize,
    /// Bits of a word.
    pub width: usize,
}

impl Shape {
    /// A shape.
    #[must_use]
    pub fn new(kind: &str, depth: usize, width: usize) -> Self {
        Self {
            kind: kind.to_owned(),
            depth,
            width,
        }
    }

    /// Reads the comment out of a module's Verilog.
    #[must_use]
    pub fn find(verilog: &str) -> Option<Self> {
        verilog.lines().find_map(|line| {
            let mut words = line.trim().strip_prefix("// memory: ")?.split(' ');
            let kind = words.next()?.strip_suffix(',')?;
            let depth = words.next()?.parse().ok()?;
            let width = words.nth(2)?.parse().ok()?;
            Some(Self::new(kind, depth, width))
        })
    }

    /// Bits that the memory holds.
    #[must_use]
    pub const fn bits(&self) -> u64 {
        self.depth as u64 * self.width as u64
    }
}

impl Display for Shape {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        let Self { kind, depth, width } = self;
        write!(to, "// memory: {kind}, {depth} words of {width} bits")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_comment_reads_back() {
        let shape = Shape::new("delay", 31, 72);
        assert_eq!(shape.to_string(), "// memory: delay, 31 words of 72 bits");
        let verilog = format!("reg a;\n   {shape}\nreg b;\n");
        assert_eq!(Shape::find(&verilog), Some(shape));
        assert_eq!(Shape::find("reg a; // memory"), None);
        assert_eq!(Shape::new("ram", 512, 36).bits(), 18_432);
    }
}
