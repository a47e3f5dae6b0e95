//! A Verilog module, in a form in which equal modules are equal values.

use super::names::plain;
use crate::memory::Shape;
use rust_hdl::prelude::AtomKind;
use std::fmt::Write;

/// The number of a module in [`super::walk::Modules`].
pub(super) type Id = usize;

/// What a signal is to its module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Role {
    Input,
    Output,
    Local,
}

/// A port or an inner signal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Variable {
    /// The name with Rust-HDL's `$`.
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) width: usize,
    pub(super) signed: bool,
    pub(super) clock: bool,
    /// Driven by an `always` block.
    pub(super) register: bool,
}

impl Variable {
    /// The declaration without direction and semicolon.
    fn declaration(&self) -> String {
        let mut text = String::from(if self.register { "reg" } else { "wire" });
        if self.signed {
            text += " signed";
        }
        if self.width > 1 {
            // Writing to a string cannot fail.
            let _ = write!(text, " [{}:0]", self.width - 1);
        }
        text + " " + &plain(&self.name)
    }
}

/// A constant or a state, with its value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) width: usize,
    pub(super) value: String,
}

/// A module inside another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Instance {
    pub(super) name: String,
    pub(super) module: Id,
}

/// One module. Two blocks that become the same module are equal here.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Module {
    pub(super) ports: Vec<Variable>,
    pub(super) parameters: Vec<Parameter>,
    /// Inner signals: the block's own, then the ports of the instances.
    pub(super) signals: Vec<Variable>,
    pub(super) instances: Vec<Instance>,
    pub(super) assigns: Vec<String>,
    pub(super) always: Vec<String>,
    /// The body of a block written in Verilog.
    pub(super) custom: Option<String>,
    pub(super) memory: Option<Shape>,
}

impl Module {
    /// Appends the module's text.
    pub(super) fn print<'a>(
        &self,
        name: &str,
        text: &mut String,
        module: impl Fn(Id) -> (&'a str, &'a [Variable]),
    ) {
        let ports: Vec<String> = self
            .ports
            .iter()
            .map(|port| {
                let direction = if port.role == Role::Input {
                    "input"
                } else {
                    "output"
                };
                format!("    {direction} {}", port.declaration())
            })
            .collect();
        *text += &format!("module {name} (\n{}\n);\n", ports.join(",\n"));
        for Parameter { name, value, .. } in &self.parameters {
            *text += &format!("    localparam {} = {value};\n", plain(name));
        }
        for signal in &self.signals {
            *text += &format!("    {};\n", signal.declaration());
        }
        for instance in &self.instances {
            let (kind, ports) = module(instance.module);
            let inner = plain(&instance.name);
            let connections: Vec<String> = ports
                .iter()
                .map(|port| {
                    let name = plain(&port.name);
                    if port.clock {
                        format!("        .{name}({CLOCK})")
                    } else {
                        format!("        .{name}({inner}__{name})")
                    }
                })
                .collect();
            *text += &format!(
                "\n    {kind} {inner} (\n{}\n    );\n",
                connections.join(",\n")
            );
        }
        if !self.assigns.is_empty() {
            text.push('\n');
        }
        for assign in &self.assigns {
            *text += &format!("    assign {assign}\n");
        }
        for block in &self.always {
            *text += &format!("\n    always @(*) begin\n{block}    end\n");
        }
        if let Some(custom) = &self.custom {
            text.push('\n');
            for line in custom.trim().lines() {
                let line = line.trim_end();
                let indent = if line.is_empty() { "" } else { "    " };
                *text += &format!("{indent}{line}\n");
            }
        }
        *text += "endmodule\n";
    }
}

/// The name of the one clock, in all modules.
pub(super) const CLOCK: &str = "clock";

/// The role of a signal of Rust-HDL; `None` for those that this printer does not write.
pub(super) const fn role(kind: &AtomKind) -> Option<Role> {
    match kind {
        AtomKind::InputParameter => Some(Role::Input),
        AtomKind::OutputParameter => Some(Role::Output),
        AtomKind::LocalSignal => Some(Role::Local),
        _ => None,
    }
}
