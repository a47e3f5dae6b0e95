//! The names that the logic of one block can use.

use super::EmitError;
use super::module::CLOCK;
use rust_hdl::prelude::ast::{VerilogExpression as Expression, VerilogLiteral, VerilogOp as Op};
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
    /// A constant or a state with its width.
    Parameter(usize),
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

    pub(super) fn variable(&self, name: &str) -> Option<usize> {
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
    pub(super) fn data(&self, name: &str) -> Result<(String, Symbol), EmitError> {
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
    pub(super) fn constant(&self, expression: &Expression) -> Option<usize> {
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
}

/// The value of a literal that fits.
pub(super) fn number(literal: &VerilogLiteral) -> Option<usize> {
    // Its own conversion panics on what does not fit.
    let text = format!("{literal:x}");
    let (_, digits) = text.split_once("'h")?;
    usize::from_str_radix(digits, 16).ok()
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

    #[test]
    fn indices_are_calculated() {
        let scope = Scope {
            module: "m".into(),
            symbols: HashMap::new(),
            loops: vec![("i".into(), 3)],
        };
        let resolve = |name: &str| scope.resolve(name).expect("a name");
        assert_eq!(resolve("x[2*i+1]$d$next"), "x$7$d");
        assert_eq!(resolve("x[(i - 1) * (i)].y[i]"), "x$6$y$3");
        assert_eq!(resolve("State::Idle"), "State$Idle");
        assert!(scope.resolve("x[j]").is_err());
        assert!(scope.resolve("x[i / 2]").is_err());
        assert!(scope.resolve("x[i - 4]").is_err());
    }
}
