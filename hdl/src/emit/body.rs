//! The logic of a block: statements of Rust-HDL's syntax tree as `assign` and `always`.
//!
//! In Rust-HDL the last assignment to a signal counts, and a reader behind it sees its value. So
//!
//! - an unconditional assignment makes earlier unconditional ones void: they are left out, unless a
//!   statement in between reads the signal (a sum that a loop adds up, say): such a statement
//!   shares an `always` block with the assignments, which keep their order;
//! - a signal with a single, unconditional assignment becomes a wire with `assign`;
//! - each group of statements that drive the same signals gets an `always` block of its own.
//!
//! Assignments of the clock to the clock ports of inner blocks become part of their instances.

use super::EmitError;
use super::names::plain;
use super::scope::{Scope, Symbol, number};
use rust_hdl::prelude::ast::{
    VerilogBlock, VerilogBlockOrConditional as Otherwise, VerilogConditional,
    VerilogExpression as Expression, VerilogMatch, VerilogStatement as Statement,
};
use std::collections::{HashMap, HashSet};

/// A block's logic in Verilog.
#[derive(Default)]
pub(super) struct Body {
    /// `signal = expression;`
    pub(super) assigns: Vec<String>,
    /// The insides of `always @(*)` blocks.
    pub(super) always: Vec<String>,
    /// The signals (with Rust-HDL's `$`) that `always` blocks drive.
    pub(super) registers: HashSet<String>,
    /// The clock ports of inner blocks that get the clock.
    pub(super) clocked: HashSet<String>,
}

/// A statement outside of any condition.
struct Top {
    /// Without indentation.
    text: String,
    /// The signals that it drives.
    drives: Vec<String>,
    /// It drives the whole of one signal, in any case.
    whole: bool,
}

impl Top {
    /// Whether the statement may read a signal, given by its name in the text. A conditional
    /// statement counts as a reader of what it drives.
    fn reads(&self, signal: &str) -> bool {
        let text = match self.text.split_once(" = ") {
            Some((_, from)) if self.whole => from,
            _ => self.text.as_str(),
        };
        text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .any(|word| word == signal)
    }
}

/// Writes the logic of a block.
pub(super) fn body(scope: &mut Scope, block: &VerilogBlock) -> Result<Body, EmitError> {
    let mut writer = Writer {
        scope,
        text: String::new(),
        indent: 0,
        drives: Vec::new(),
        tops: Vec::new(),
        clocked: HashSet::new(),
    };
    for statement in block {
        writer.top(statement)?;
    }
    let Writer { tops, clocked, .. } = writer;
    Ok(arrange(tops, clocked))
}

/// Leaves out what is void, and tells wires from registers.
fn arrange(mut tops: Vec<Top>, clocked: HashSet<String>) -> Body {
    let mut last = HashMap::new();
    for (at, top) in tops.iter().enumerate().filter(|(_, top)| top.whole) {
        last.insert(top.drives[0].clone(), at);
    }
    let read_between: HashSet<String> = drivers(&tops)
        .iter()
        .filter(|(signal, at)| !readers_between(&tops, signal, at).is_empty())
        .map(|(&signal, _)| signal.to_owned())
        .collect();
    let mut at = 0;
    tops.retain(|top| {
        let void = top.whole && last[&top.drives[0]] > at && !read_between.contains(&top.drives[0]);
        at += 1;
        !void
    });

    let drivers = drivers(&tops);
    let wire = |top: &Top| top.whole && drivers[top.drives[0].as_str()].len() == 1;

    let mut body = Body {
        clocked,
        ..Body::default()
    };
    let mut groups = Groups::new(tops.len());
    let mut in_order = HashSet::new();
    for (signal, at) in &drivers {
        for pair in at.windows(2) {
            groups.join(pair[0], pair[1]);
        }
        for reader in readers_between(&tops, signal, at) {
            groups.join(at[0], reader);
            in_order.insert(reader);
        }
    }
    let mut block_of_group = HashMap::new();
    for (at, top) in tops.iter().enumerate() {
        if wire(top) && !in_order.contains(&at) {
            body.assigns.push(top.text.trim_end().to_owned());
            continue;
        }
        body.registers.extend(top.drives.iter().cloned());
        let block = *block_of_group.entry(groups.find(at)).or_insert_with(|| {
            body.always.push(String::new());
            body.always.len() - 1
        });
        for line in top.text.lines() {
            body.always[block] += &format!("        {line}\n");
        }
    }
    body
}

/// The statements that drive each signal, in order.
fn drivers(tops: &[Top]) -> HashMap<&str, Vec<usize>> {
    let mut drivers: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, top) in tops.iter().enumerate() {
        for signal in &top.drives {
            drivers.entry(signal).or_default().push(at);
        }
    }
    drivers
}

/// The statements between the first and the last of a signal's drivers, the last one included, that
/// read the signal.
fn readers_between(tops: &[Top], signal: &str, drivers: &[usize]) -> Vec<usize> {
    let (Some(&first), Some(&last)) = (drivers.first(), drivers.last()) else {
        return Vec::new();
    };
    let name = plain(signal);
    (first + 1..=last)
        .filter(|&at| tops[at].reads(&name))
        .collect()
}

/// Disjoint sets of statements.
struct Groups(Vec<usize>);

impl Groups {
    fn new(count: usize) -> Self {
        Self((0..count).collect())
    }

    fn find(&mut self, mut at: usize) -> usize {
        while self.0[at] != at {
            self.0[at] = self.0[self.0[at]];
            at = self.0[at];
        }
        at
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.find(a), self.find(b));
        self.0[a.max(b)] = a.min(b);
    }
}

struct Writer<'a> {
    scope: &'a mut Scope,
    text: String,
    indent: usize,
    drives: Vec<String>,
    tops: Vec<Top>,
    clocked: HashSet<String>,
}

impl Writer<'_> {
    fn line(&mut self, line: &str) {
        self.text += &"    ".repeat(self.indent);
        self.text += line;
        self.text.push('\n');
    }

    /// A statement outside of any condition; loops and macros are many of those.
    fn top(&mut self, statement: &Statement) -> Result<(), EmitError> {
        match statement {
            Statement::Macro(block) => block.iter().try_for_each(|inner| self.top(inner)),
            Statement::Loop(_) => self.unroll(statement, Self::top),
            Statement::Assignment(to, from) if self.forwards_clock(to, from)? => Ok(()),
            Statement::Comment(_) => Ok(()),
            _ => {
                self.statement(statement)?;
                let drives = std::mem::take(&mut self.drives);
                self.tops.push(Top {
                    text: std::mem::take(&mut self.text),
                    whole: matches!(statement, Statement::Assignment(..)) && drives.len() == 1,
                    drives,
                });
                Ok(())
            }
        }
    }

    /// Notes an assignment to the clock of an inner block; `false` if it is something else.
    fn forwards_clock(&mut self, to: &Expression, from: &Expression) -> Result<bool, EmitError> {
        let Expression::Signal(to) = to else {
            return Ok(false);
        };
        let (to, Symbol::InnerClock) = self.scope.symbol(to)? else {
            return Ok(false);
        };
        if !self.scope.is_clock(from) {
            return Err(self.scope.clock(&to, "is driven by something else"));
        }
        self.clocked.insert(to);
        Ok(true)
    }

    fn unroll(
        &mut self,
        statement: &Statement,
        each: impl Fn(&mut Self, &Statement) -> Result<(), EmitError>,
    ) -> Result<(), EmitError> {
        let Statement::Loop(repeat) = statement else {
            return Ok(());
        };
        let (Some(from), Some(to)) = (number(&repeat.from), number(&repeat.to)) else {
            return Err(self.scope.unsupported("a loop with such bounds"));
        };
        for value in from..to {
            self.scope.loops.push((repeat.index.clone(), value));
            let result = repeat.block.iter().try_for_each(|inner| each(self, inner));
            self.scope.loops.pop();
            result?;
        }
        Ok(())
    }

    /// The signal that an assignment drives, in Verilog, and its width.
    fn target(&mut self, to: &Expression) -> Result<(String, usize), EmitError> {
        let Expression::Signal(name) = to else {
            return Err(self.scope.unsupported("an assignment to an expression"));
        };
        let (name, symbol) = self.scope.symbol(name)?;
        match symbol {
            Symbol::Signal(width) => {
                let plain = plain(&name);
                if !self.drives.contains(&name) {
                    self.drives.push(name);
                }
                Ok((plain, width))
            }
            Symbol::Parameter(_) => Err(self.scope.unsupported("an assignment to a constant")),
            Symbol::Clock | Symbol::InnerClock => {
                Err(self.scope.clock(&name, "is driven under a condition"))
            }
        }
    }

    fn statement(&mut self, statement: &Statement) -> Result<(), EmitError> {
        match statement {
            Statement::Assignment(to, from) => {
                let (to, width) = self.target(to)?;
                let from = self.scope.value(from, width)?;
                self.line(&format!("{to} = {from};"));
            }
            Statement::SliceAssignment {
                base,
                width,
                offset,
                replacement,
            } => {
                self.target(base)?;
                let to = self.scope.slice(base, *width, offset)?;
                let from = self.scope.value(replacement, *width)?;
                self.line(&format!("{to} = {from};"));
            }
            Statement::If(condition) => self.condition("", condition)?,
            Statement::Match(choice) => self.choice(choice)?,
            Statement::Loop(_) => self.unroll(statement, Self::statement)?,
            Statement::Macro(block) => self.block(block)?,
            Statement::Comment(text) => self.line(&format!("// {text}")),
            Statement::Link(_) => return Err(self.scope.unsupported("linked interfaces")),
        }
        Ok(())
    }

    fn block(&mut self, block: &VerilogBlock) -> Result<(), EmitError> {
        block.iter().try_for_each(|inner| self.statement(inner))
    }

    fn indented(&mut self, block: &VerilogBlock) -> Result<(), EmitError> {
        self.indent += 1;
        let result = self.block(block);
        self.indent -= 1;
        result
    }

    fn condition(&mut self, before: &str, c: &VerilogConditional) -> Result<(), EmitError> {
        let test = self.scope.expression(&c.test)?;
        self.line(&format!("{before}if ({test}) begin"));
        self.indented(&c.then)?;
        match &c.otherwise {
            Otherwise::None => self.line("end"),
            Otherwise::Block(block) => {
                self.line("end else begin");
                self.indented(block)?;
                self.line("end");
            }
            Otherwise::Conditional(next) => match &**next {
                Statement::If(next) => self.condition("end else ", next)?,
                _ => return Err(self.scope.unsupported("such an 'else'")),
            },
        }
        Ok(())
    }

    fn choice(&mut self, choice: &VerilogMatch) -> Result<(), EmitError> {
        let test = self.scope.expression(&choice.test)?;
        self.line(&format!("case ({test})"));
        self.indent += 1;
        for (at, case) in choice.cases.iter().enumerate() {
            let condition = match case.condition.as_str() {
                "default" => "default".to_owned(),
                "true" => "1'b1".to_owned(),
                "false" => "1'b0".to_owned(),
                number if number.bytes().all(|byte| byte.is_ascii_digit()) => number.to_owned(),
                name => plain(&self.scope.symbol(name)?.0),
            };
            // Rust has taken care that there is no other case, of which Verilog cannot know: without
            // a default it would keep the old value, in a latch.
            if at + 1 < choice.cases.len() || condition == "default" {
                self.line(&format!("{condition}: begin"));
            } else {
                self.line(&format!("default: begin // {condition}"));
            }
            self.indented(&case.block)?;
            self.line("end");
        }
        self.indent -= 1;
        self.line("endcase");
        Ok(())
    }
}
