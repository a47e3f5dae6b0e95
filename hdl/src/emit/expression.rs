//! Expressions and names of Rust-HDL's syntax tree in Verilog.
//!
//! Rust and Verilog order their operators differently (`a + b << 1`, `a & b == c`), so an operation
//! inside another is put in parentheses, as the tree has it.

use super::EmitError;
use super::module::CLOCK;
use super::names::plain;
use rust_hdl::prelude::ast::{
    VerilogExpression as Expression, VerilogLiteral, VerilogOp as Op, VerilogOpUnary as UnaryOp,
};
use std::collections::HashMap;

/// What a name stands for, in the logic of one block.
#[derive(Clone, Copy, Debug)]
pub(super) enum Symbol {
    /// A signal with its width.
    Signal(usize),
    /// The block's own clock port.
    Clock,
    /// The clock port of an inner block.
    InnerClock,
    /// A constant or a state.
    Parameter,
}

/// The names that one block can use.
pub(super) struct Scope {
    pub(super) module: String,
    pub(super) symbols: HashMap<String, Symbol>,
    /// The variables of the loops around, with their values.
    pub(super) loops: Vec<(String, usize)>,
}

impl Scope {
    pub(super) fn unsupported(&self, what: impl Into<String>) -> EmitError {
        EmitError::Unsupported {
            module: self.module.clone(),
            what: what.into(),
        }
    }

    fn variable(&self, name: &str) -> Option<usize> {
        let found = self.loops.iter().rev().find(|(loop_, _)| loop_ == name);
        found.map(|&(_, value)| value)
    }

    /// A name of the syntax tree as Rust-HDL names the signal: `x[2*i+1]$d$next` is `x$3$d`.
    pub(super) fn resolve(&self, name: &str) -> Result<String, EmitError> {
        let name = name.replace("::", "$").replace('.', "$");
        let mut rest = name.trim_start_matches('$');
        rest = rest.strip_suffix("$next").unwrap_or(rest);
        let mut resolved = String::with_capacity(rest.len());
        while let Some((front, index)) = rest.split_once('[') {
            let (index, back) = index
                .split_once(']')
                .ok_or_else(|| self.unsupported(format!("the index of '{name}'")))?;
            let value = self.index(index)?;
            resolved += &format!("{front}${value}");
            rest = back;
        }
        Ok(resolved + rest)
    }

    /// The value of an index: sums, differences and products of numbers and loop variables.
    fn index(&self, text: &str) -> Result<usize, EmitError> {
        let mut parser = Index {
            scope: self,
            rest: text,
        };
        let value = parser.sum().filter(|_| parser.rest.trim().is_empty());
        value.ok_or_else(|| self.unsupported(format!("the index '{text}'")))
    }

    /// The symbol of a name of the tree, and the name.
    pub(super) fn symbol(&self, name: &str) -> Result<(String, Symbol), EmitError> {
        let name = self.resolve(name)?;
        match self.symbols.get(&name) {
            Some(&symbol) => Ok((name, symbol)),
            None => Err(EmitError::UnknownName {
                module: self.module.clone(),
                name,
            }),
        }
    }

    /// The symbol of a signal or parameter; a clock is refused, since here it would be data.
    fn data(&self, name: &str) -> Result<(String, Symbol), EmitError> {
        match self.symbol(name)? {
            (name, Symbol::Clock | Symbol::InnerClock) => Err(self.clock(&name, "is used as data")),
            found => Ok(found),
        }
    }

    pub(super) fn clock(&self, name: &str, reason: impl Into<String>) -> EmitError {
        EmitError::Clock {
            module: self.module.clone(),
            name: name.to_owned(),
            reason: reason.into(),
        }
    }

    /// Whether an expression is the block's clock port.
    pub(super) fn is_clock(&self, expression: &Expression) -> bool {
        matches!(expression, Expression::Signal(name) if name == CLOCK)
            && matches!(self.symbols.get(CLOCK), Some(Symbol::Clock))
    }

    /// The value of an expression that needs no signal.
    fn constant(&self, expression: &Expression) -> Option<usize> {
        match expression {
            Expression::Literal(literal) => number(literal),
            Expression::Signal(name) => self.variable(name),
            Expression::Paren(inner) => self.constant(inner),
            Expression::Binary(left, op, right) => {
                let (left, right) = (self.constant(left)?, self.constant(right)?);
                match op {
                    Op::Add => left.checked_add(right),
                    Op::Sub => left.checked_sub(right),
                    Op::Mul => left.checked_mul(right),
                    _ => None,
                }
            }
            _ => None,
        }
    }

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
        let (base, symbol) = self.data(base)?;
        let base = plain(&base);
        let whole = match symbol {
            Symbol::Signal(whole) => Some(whole),
            _ => None,
        };
        Ok(match self.constant(offset) {
            Some(0) if whole == Some(width) => base,
            Some(offset) if width == 1 => format!("{base}[{offset}]"),
            Some(offset) => format!("{base}[{}:{offset}]", offset + width.max(1) - 1),
            None if width == 1 => format!("{base}[{}]", self.expression(offset)?),
            None => format!("{base}[{} +: {width}]", self.operand(offset)?),
        })
    }

    /// An expression in so many bits.
    fn cast(&self, inner: &Expression, bits: usize) -> Result<String, EmitError> {
        let text = self.operand(inner)?;
        Ok(match self.width(inner) {
            Some(width) if width == bits => text,
            Some(width) if width < bits => format!("{{{}'b0, {text}}}", bits - width),
            // Verilog calculates in the width of the mask, or a greater one.
            _ => format!("({text} & {})", mask(bits)),
        })
    }

    /// The width of a signal or of a part of one.
    fn width(&self, expression: &Expression) -> Option<usize> {
        match expression {
            Expression::Signal(name) => match self.symbols.get(&self.resolve(name).ok()?) {
                Some(Symbol::Signal(width)) => Some(*width),
                _ => None,
            },
            Expression::Slice(_, width, _) => Some(*width),
            Expression::Index(..) => Some(1),
            Expression::Paren(inner) => self.width(inner),
            _ => None,
        }
    }

    /// An expression that stands inside another.
    fn operand(&self, expression: &Expression) -> Result<String, EmitError> {
        let text = self.expression(expression)?;
        Ok(match expression {
            Expression::Binary(..) | Expression::Unary(..) => format!("({text})"),
            _ => text,
        })
    }

    /// An expression.
    pub(super) fn expression(&self, expression: &Expression) -> Result<String, EmitError> {
        Ok(match expression {
            Expression::Signal(name) => match self.variable(name) {
                Some(value) => value.to_string(),
                None => plain(&self.data(name)?.0),
            },
            Expression::Literal(literal) => literal.to_string(),
            Expression::Cast(inner, bits) => self.cast(inner, *bits)?,
            Expression::Signed(inner) => format!("$signed({})", self.expression(inner)?),
            Expression::Unsigned(inner) => format!("$unsigned({})", self.expression(inner)?),
            Expression::Paren(inner) => match **inner {
                // These bring parentheses where they need some.
                Expression::Paren(_) | Expression::Cast(..) => self.expression(inner)?,
                _ => format!("({})", self.expression(inner)?),
            },
            Expression::Binary(left, op, right) => {
                let (left, right) = (self.operand(left)?, self.operand(right)?);
                format!("{left} {} {right}", binary(op))
            }
            Expression::Unary(op, inner) => format!("{}{}", unary(op), self.operand(inner)?),
            Expression::Index(base, index) => self.slice(base, 1, index)?,
            Expression::Slice(base, width, offset) => self.slice(base, *width, offset)?,
            Expression::IndexReplace(base, index, bit) => {
                let (base, index) = (self.operand(base)?, self.operand(index)?);
                let bit = self.operand(bit)?;
                format!("(({base} & ~(1 << {index})) | ({bit} << {index}))")
            }
        })
    }
}

/// The value of a literal that fits.
pub(super) fn number(literal: &VerilogLiteral) -> Option<usize> {
    // Its own conversion panics on what does not fit.
    let text = format!("{literal:x}");
    let (_, digits) = text.split_once("'h")?;
    usize::from_str_radix(digits, 16).ok()
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

const fn binary(op: &Op) -> &'static str {
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

/// Reads an index from the left.
struct Index<'a> {
    scope: &'a Scope,
    rest: &'a str,
}

impl Index<'_> {
    /// Takes one of the characters.
    fn take(&mut self, any: &[char]) -> Option<char> {
        let rest = self.rest.trim_start();
        let first = rest.chars().next().filter(|c| any.contains(c))?;
        self.rest = &rest[first.len_utf8()..];
        Some(first)
    }

    fn sum(&mut self) -> Option<usize> {
        let mut value = self.product()?;
        while let Some(op) = self.take(&['+', '-']) {
            let right = self.product()?;
            value = if op == '+' {
                value.checked_add(right)?
            } else {
                value.checked_sub(right)?
            };
        }
        Some(value)
    }

    fn product(&mut self) -> Option<usize> {
        let mut value = self.atom()?;
        while self.take(&['*']).is_some() {
            value = value.checked_mul(self.atom()?)?;
        }
        Some(value)
    }

    fn atom(&mut self) -> Option<usize> {
        if self.take(&['(']).is_some() {
            let value = self.sum()?;
            self.take(&[')'])?;
            return Some(value);
        }
        let rest = self.rest.trim_start();
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        let (word, rest) = rest.split_at(end);
        self.rest = rest;
        self.scope.variable(word).or_else(|| word.parse().ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> Scope {
        Scope {
            module: "m".into(),
            symbols: HashMap::from([
                ("a".into(), Symbol::Signal(8)),
                ("b".into(), Symbol::Signal(8)),
                ("bit".into(), Symbol::Signal(1)),
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
        let shifted = op(sum.clone(), Op::Shl, signal("i"));
        assert_eq!(text(&shifted), "(a + b) << 3");
        assert_eq!(text(&Expression::Cast(sum, 9)), "((a + b) & 9'h1ff)");
    }

    #[test]
    fn signals_are_widened_by_zeros() {
        let cast = |name, bits| text(&Expression::Cast(signal(name), bits));
        assert_eq!(cast("a", 9), "{1'b0, a}");
        assert_eq!(cast("a", 8), "a");
        assert_eq!(cast("a", 7), "(a & 7'h7f)");
    }

    #[test]
    fn indices_are_calculated() {
        let resolve = |name: &str| scope().resolve(name).expect("a name");
        assert_eq!(resolve("x[2*i+1]$d$next"), "x$7$d");
        assert_eq!(resolve("x[(i - 1) * (i)].y[i]"), "x$6$y$3");
        assert_eq!(resolve("State::Idle"), "State$Idle");
        assert!(scope().resolve("x[j]").is_err());
        assert!(scope().resolve("x[i / 2]").is_err());
        assert!(scope().resolve("x[i - 4]").is_err());
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
