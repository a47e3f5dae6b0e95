//! Expressions and names of Rust-HDL's syntax tree in Verilog, with the meaning that the simulation
//! of Rust-HDL gives them.
//!
//! - Rust compares after masking, Verilog before (`a & b == c`): an operation inside another is put
//!   in parentheses, as the tree has it.
//! - Rust-HDL wraps each sum to the width of its operands, Verilog calculates in the greatest width
//!   around. So a number takes the width of what it is combined with, and what is widened stands in
//!   braces, inside which Verilog calculates in the width of the operands.

use super::EmitError;
use super::names::plain;
use super::scope::{Scope, Symbol, number};
use rust_hdl::prelude::ast::{
    VerilogExpression as Expression, VerilogOp as Op, VerilogOpUnary as UnaryOp,
};

impl Scope {
    /// `name[..]`, `width` bits from `offset`.
    pub(super) fn slice(
        &self,
        base: &Expression,
        width: usize,
        offset: &Expression,
    ) -> Result<String, EmitError> {
        let Expression::Signal(base) = base else {
            return Err(self.unsupported("bits of an expression that is not a signal"));
        };
        let (name, Symbol::Signal(whole) | Symbol::Parameter(whole)) = self.data(base)? else {
            return Err(self.unsupported(format!("bits of '{base}'")));
        };
        let base = plain(&name);
        Ok(match self.constant(offset) {
            // In Rust-HDL these are zeros, in Verilog they are unknown.
            Some(offset) if offset.saturating_add(width) > whole => {
                return Err(self.unsupported(format!("bits beyond the end of '{name}'")));
            }
            Some(0) if whole == width => base,
            Some(offset) if width == 1 => format!("{base}[{offset}]"),
            Some(offset) => format!("{base}[{}:{offset}]", offset + width.max(1) - 1),
            None if width == 1 => format!("{base}[{}]", self.render(offset)?.text),
            None => format!("{base}[{} +: {width}]", self.render(offset)?.operand()),
        })
    }

    /// A value for a signal of so many bits.
    pub(super) fn value(&self, from: &Expression, width: usize) -> Result<String, EmitError> {
        Ok(self.render(from)?.sized(Some(width)).text)
    }

    /// An expression that stands for itself.
    pub(super) fn expression(&self, expression: &Expression) -> Result<String, EmitError> {
        Ok(self.render(expression)?.text)
    }

    fn render(&self, expression: &Expression) -> Result<Text, EmitError> {
        Ok(match expression {
            Expression::Signal(name) => match self.variable(name) {
                Some(value) => Text::literal(value.to_string(), Some(value)),
                None => {
                    let (name, symbol) = self.data(name)?;
                    let width = match symbol {
                        Symbol::Signal(width) | Symbol::Parameter(width) => Some(width),
                        Symbol::Clock | Symbol::InnerClock => None,
                    };
                    Text::simple(plain(&name), width)
                }
            },
            Expression::Literal(literal) => {
                let text = literal.to_string();
                if text.contains('-') {
                    return Err(self.unsupported(format!("the negative constant {text}")));
                }
                Text::literal(text, number(literal))
            }
            Expression::Cast(inner, bits) => self.cast(inner, *bits)?,
            Expression::Signed(inner) => {
                Text::simple(format!("$signed({})", self.expression(inner)?), None)
            }
            Expression::Unsigned(inner) => {
                Text::simple(format!("$unsigned({})", self.expression(inner)?), None)
            }
            Expression::Paren(inner) => {
                let inner = self.render(inner)?;
                Text {
                    text: inner.operand(),
                    simple: true,
                    ..inner
                }
            }
            Expression::Binary(left, op, right) => self.binary(left, op, right)?,
            Expression::Unary(op, inner) => {
                let inner = self.render(inner)?;
                let width = match op {
                    UnaryOp::Not | UnaryOp::Neg => inner.width,
                    UnaryOp::All | UnaryOp::Any | UnaryOp::Xor => Some(1),
                };
                Text::compound(format!("{}{}", unary(op), inner.operand()), width)
            }
            Expression::Index(base, index) => Text::simple(self.slice(base, 1, index)?, Some(1)),
            Expression::Slice(base, width, offset) => {
                Text::simple(self.slice(base, *width, offset)?, Some(*width))
            }
            Expression::IndexReplace(base, index, bit) => {
                let [base, index, bit] = [base, index, bit].map(|part| self.render(part));
                let (base, index, bit) = (base?.operand(), index?.operand(), bit?.operand());
                let text = format!("({base} & ~(1 << {index})) | ({bit} << {index})");
                Text::compound(text, None)
            }
        })
    }

    fn binary(&self, left: &Expression, op: &Op, right: &Expression) -> Result<Text, EmitError> {
        let (left, right) = (self.render(left)?, self.render(right)?);
        let sign = sign(op);
        if matches!(op, Op::Shl | Op::Shr) {
            let by = right
                .value
                .map_or_else(|| right.operand(), |by| by.to_string());
            let width = left.width;
            return Ok(Text::compound(
                format!("{} {sign} {by}", left.operand()),
                width,
            ));
        }
        // A number takes the width of the other side: with its own, the whole would be wider.
        let widths = (left.width, right.width);
        let (left, right) = (left.sized(widths.1), right.sized(widths.0));
        let width = match op {
            Op::Add | Op::Sub | Op::BitXor | Op::BitAnd | Op::BitOr => {
                left.width.filter(|_| left.width == right.width)
            }
            Op::Mul | Op::Shl | Op::Shr => None,
            Op::LogicalAnd | Op::LogicalOr => Some(1),
            Op::Eq | Op::Lt | Op::Le | Op::Ne | Op::Ge | Op::Gt => Some(1),
        };
        let text = format!("{} {sign} {}", left.operand(), right.operand());
        Ok(Text::compound(text, width))
    }

    /// An expression in so many bits.
    fn cast(&self, inner: &Expression, bits: usize) -> Result<Text, EmitError> {
        let mut bare = inner;
        while let Expression::Paren(inside) = bare {
            bare = inside;
        }
        let inner = self.render(bare)?.sized(Some(bits));
        // Braces keep the calculation inside in its own width.
        Ok(match (inner.width, bare) {
            (Some(width), _) if width == bits && inner.simple => inner,
            (Some(width), _) if width == bits => {
                Text::simple(format!("{{{}}}", inner.text), Some(bits))
            }
            (Some(width), _) if width < bits => {
                let text = format!("{{{}'b0, {}}}", bits - width, inner.text);
                Text::simple(text, Some(bits))
            }
            (Some(_), Expression::Slice(base, _, offset)) => {
                Text::simple(self.slice(base, bits, offset)?, Some(bits))
            }
            (Some(_), Expression::Signal(name))
                if matches!(self.symbol(name)?.1, Symbol::Signal(_)) =>
            {
                let from = Expression::Literal(0_u32.into());
                Text::simple(self.slice(bare, bits, &from)?, Some(bits))
            }
            // Verilog calculates in the width of the mask, or a greater one.
            _ => Text::simple(format!("({} & {})", inner.operand(), mask(bits)), None),
        })
    }
}

/// An expression in Verilog.
struct Text {
    text: String,
    /// The width in which Verilog calculates it when it stands alone, if that is Rust-HDL's too.
    width: Option<usize>,
    /// It can be an operand as it is.
    simple: bool,
    /// The value of a plain number.
    value: Option<usize>,
}

impl Text {
    fn simple(text: String, width: Option<usize>) -> Self {
        Self {
            text,
            width,
            simple: true,
            value: None,
        }
    }

    fn compound(text: String, width: Option<usize>) -> Self {
        Self {
            simple: false,
            ..Self::simple(text, width)
        }
    }

    fn literal(text: String, value: Option<usize>) -> Self {
        Self {
            value,
            ..Self::simple(text, None)
        }
    }

    /// The text inside a larger expression.
    fn operand(&self) -> String {
        if self.simple {
            self.text.clone()
        } else {
            format!("({})", self.text)
        }
    }

    /// A plain number that fits into so many bits, with that width; all else as it is.
    fn sized(self, width: Option<usize>) -> Self {
        match (self.value, width) {
            (Some(value), Some(width)) if width >= 64 || value >> width == 0 => {
                Self::simple(format!("{width}'h{value:x}"), Some(width))
            }
            _ => self,
        }
    }
}

/// A literal of so many ones.
fn mask(bits: usize) -> String {
    let first = [None, Some('1'), Some('3'), Some('7')][bits % 4];
    let digits: String = first
        .into_iter()
        .chain(std::iter::repeat_n('f', bits / 4))
        .collect();
    format!("{bits}'h{digits}")
}

const fn sign(op: &Op) -> &'static str {
    match op {
        Op::Add => "+",
        Op::Sub => "-",
        Op::Mul => "*",
        Op::LogicalAnd => "&&",
        Op::LogicalOr => "||",
        Op::BitXor => "^",
        Op::BitAnd => "&",
        Op::BitOr => "|",
        Op::Shl => "<<",
        Op::Shr => ">>",
        Op::Eq => "==",
        Op::Lt => "<",
        Op::Le => "<=",
        Op::Ne => "!=",
        Op::Ge => ">=",
        Op::Gt => ">",
    }
}

const fn unary(op: &UnaryOp) -> &'static str {
    match op {
        UnaryOp::Not => "~",
        UnaryOp::Neg => "-",
        UnaryOp::All => "&",
        UnaryOp::Any => "|",
        UnaryOp::Xor => "^",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn scope() -> Scope {
        Scope {
            module: "m".into(),
            symbols: HashMap::from([
                ("a".into(), Symbol::Signal(8)),
                ("b".into(), Symbol::Signal(8)),
                ("bit".into(), Symbol::Signal(1)),
                ("k".into(), Symbol::Parameter(3)),
                ("clock".into(), Symbol::Clock),
            ]),
            loops: vec![("i".into(), 3)],
        }
    }

    fn signal(name: &str) -> Box<Expression> {
        Box::new(Expression::Signal(name.into()))
    }

    fn op(left: Box<Expression>, op: Op, right: Box<Expression>) -> Box<Expression> {
        Box::new(Expression::Binary(left, op, right))
    }

    fn text(expression: &Expression) -> String {
        scope().expression(expression).expect("an expression")
    }

    #[test]
    fn operators_keep_the_order_of_the_tree() {
        // Rust reads a & b == b as (a & b) == b, Verilog as a & (b == b).
        let and = op(signal("a"), Op::BitAnd, signal("b"));
        assert_eq!(text(&op(and, Op::Eq, signal("b"))), "(a & b) == b");
        let sum = op(signal("a"), Op::Add, signal("b"));
        assert_eq!(text(&op(sum, Op::Shl, signal("i"))), "(a + b) << 3");
    }

    #[test]
    fn each_operation_keeps_its_width() {
        let one = || Box::new(Expression::Literal(1_u32.into()));
        let sum = || op(signal("a"), Op::Add, signal("b"));
        // In the 32 bits of a plain 1, the carry of the sum would come back by the shift.
        let half = op(sum(), Op::Shr, one());
        assert_eq!(text(&op(half, Op::Add, one())), "((a + b) >> 1) + 8'h1");
        assert_eq!(text(&Expression::Cast(sum(), 9)), "{1'b0, a + b}");
        assert_eq!(text(&Expression::Cast(sum(), 8)), "{a + b}");
        assert_eq!(text(&Expression::Cast(sum(), 7)), "((a + b) & 7'h7f)");
        let not = Box::new(Expression::Unary(UnaryOp::Not, signal("a")));
        assert_eq!(text(&Expression::Cast(not, 10)), "{2'b0, ~a}");
    }

    #[test]
    fn signals_are_widened_by_zeros() {
        let cast = |name, bits| text(&Expression::Cast(signal(name), bits));
        assert_eq!(cast("a", 9), "{1'b0, a}");
        assert_eq!(cast("a", 8), "a");
        assert_eq!(cast("a", 7), "a[6:0]");
        assert_eq!(cast("k", 4), "{1'b0, k}");
        assert_eq!(cast("k", 2), "(k & 2'h3)");
    }

    #[test]
    fn slices_are_as_short_as_they_can_be() {
        let three = || Box::new(Expression::Literal(3_u32.into()));
        let zero = || Box::new(Expression::Literal(0_u32.into()));
        let slice = |name, width, offset| text(&Expression::Slice(signal(name), width, offset));
        assert_eq!(slice("a", 4, three()), "a[6:3]");
        assert_eq!(slice("a", 8, zero()), "a");
        assert_eq!(slice("a", 4, signal("b")), "a[b +: 4]");
        assert_eq!(text(&Expression::Index(signal("a"), signal("i"))), "a[3]");
        assert_eq!(text(&Expression::Index(signal("bit"), zero())), "bit");
        let sum = op(signal("a"), Op::Add, signal("b"));
        assert!(scope().expression(&Expression::Index(sum, zero())).is_err());
        let beyond = Expression::Slice(signal("a"), 6, three());
        assert!(scope().expression(&beyond).is_err());
    }

    #[test]
    fn a_clock_is_no_data_and_unknown_names_are_refused() {
        let error = |name| {
            scope()
                .expression(&signal(name))
                .expect_err("no expression")
        };
        assert!(matches!(error("clock"), EmitError::Clock { .. }));
        assert!(matches!(error("c"), EmitError::UnknownName { .. }));
    }

    #[test]
    fn masks_have_the_given_number_of_ones() {
        assert_eq!(mask(1), "1'h1");
        assert_eq!(mask(64), "64'hffffffffffffffff");
        assert_eq!(mask(66), "66'h3ffffffffffffffff");
    }
}
