//! Integer polynomials: enough algebra to join lemmas about pipeline steps into one statement.

use std::collections::BTreeMap;
use std::ops::{Add, Mul, Neg, Sub};

/// A sum of integer multiples of products of named variables (sorted, with repetition).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Polynomial(BTreeMap<Vec<String>, i128>);

/// A variable.
pub(crate) fn variable(name: &str) -> Polynomial {
    Polynomial(BTreeMap::from([(vec![name.into()], 1)]))
}

/// A constant.
pub(crate) fn constant(value: i128) -> Polynomial {
    let mut constant = Polynomial(BTreeMap::from([(vec![], value)]));
    constant.0.retain(|_, coefficient| *coefficient != 0);
    constant
}

impl Add for Polynomial {
    type Output = Self;
    fn add(mut self, other: Self) -> Self {
        for (term, coefficient) in other.0 {
            *self.0.entry(term).or_default() += coefficient;
        }
        self.0.retain(|_, coefficient| *coefficient != 0);
        self
    }
}

impl Neg for Polynomial {
    type Output = Self;
    fn neg(mut self) -> Self {
        self.0
            .values_mut()
            .for_each(|coefficient| *coefficient = -*coefficient);
        self
    }
}

impl Sub for Polynomial {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for Polynomial {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let mut product = Self::default();
        for (a, x) in &self.0 {
            for (b, y) in &other.0 {
                let mut term: Vec<String> = a.iter().chain(b).cloned().collect();
                term.sort();
                product = product + Self(BTreeMap::from([(term, x * y)]));
            }
        }
        product
    }
}

impl Polynomial {
    /// The polynomial with another in place of a variable.
    pub(crate) fn replace(self, name: &str, by: &Self) -> Self {
        let mut result = Self::default();
        for (term, coefficient) in self.0 {
            let mut product = constant(coefficient);
            for factor in term {
                product = product
                    * if factor == name {
                        by.clone()
                    } else {
                        variable(&factor)
                    };
            }
            result = result + product;
        }
        result
    }

    /// The remainder modulo R^4 - R^2 + 1, which is q at R = 2^16.
    pub(crate) fn modulo_q(mut self) -> Self {
        let r = || "R".to_owned();
        while let Some(term) = self
            .0
            .keys()
            .find(|term| term.iter().filter(|factor| **factor == r()).count() >= 4)
            .cloned()
        {
            let coefficient = self.0.remove(&term).unwrap_or_default();
            // R^4 = R^2 - 1.
            let mut rest = term;
            for _ in 0..4 {
                let at = rest
                    .iter()
                    .position(|factor| *factor == r())
                    .expect("a fourth power");
                rest.remove(at);
            }
            let rest = Self(BTreeMap::from([(rest, coefficient)]));
            self = self + rest * (variable("R") * variable("R") - constant(1));
        }
        self
    }

    /// Bounds of the value when every variable lies in its interval, which is non-negative.
    pub(crate) fn bounds(&self, interval: impl Fn(&str) -> (i128, i128)) -> (i128, i128) {
        let (mut low, mut high) = (0, 0);
        for (term, coefficient) in &self.0 {
            let (mut least, mut most) = (*coefficient, *coefficient);
            for factor in term {
                let (from, to) = interval(factor);
                assert!(0 <= from && from <= to, "{factor} is not negative");
                (least, most) = if *coefficient > 0 {
                    (least * from, most * to)
                } else {
                    (least * to, most * from)
                };
            }
            low += least;
            high += most;
        }
        (low, high)
    }
}
