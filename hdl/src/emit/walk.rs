//! The walk through a block: every inner block becomes a [`Module`], equal ones the same.
//!
//! A block is finished after the blocks inside it, so it refers to them by their numbers in the
//! table of modules; finding an equal module is then one look-up, and a design of 100,000 blocks
//! never exists as text.

use super::EmitError;
use super::body::{Body, body};
use super::module::{CLOCK, Id, Instance, Module, Parameter, Role, Variable, role};
use super::names::{check, plain, plain_text, without_indices};
use super::scope::{Scope, Symbol};
use crate::memory::{Shape, index_bits};
use rust_hdl::core::atom::is_atom_signed;
use rust_hdl::prelude::{Atom, AtomKind, Block, Probe, TypeDescriptor, TypeKind, Verilog};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// The different modules.
#[derive(Default)]
pub(super) struct Modules {
    pub(super) all: Vec<Rc<Module>>,
    /// What each is called, if nothing else is.
    pub(super) kinds: Vec<String>,
    ids: HashMap<Rc<Module>, Id>,
}

impl Modules {
    fn id(&mut self, module: Module, kind: String) -> Id {
        if let Some(&id) = self.ids.get(&module) {
            return id;
        }
        let module = Rc::new(module);
        self.ids.insert(Rc::clone(&module), self.all.len());
        self.all.push(module);
        self.kinds.push(kind);
        self.all.len() - 1
    }

    /// Adds a block with all that is inside; its number, and how many blocks these were.
    pub(super) fn add(&mut self, name: &str, block: &dyn Block) -> Result<(Id, u64), EmitError> {
        let mut walk = Walk {
            modules: self,
            open: Vec::new(),
            blocks: 0,
            result: None,
        };
        block.accept(name, &mut walk);
        match walk.result {
            Some(Ok(id)) => Ok((id, walk.blocks)),
            Some(Err(error)) => Err(error),
            None => Err(EmitError::Unsupported {
                module: name.to_owned(),
                what: "something that is not one block".to_owned(),
            }),
        }
    }
}

/// A block whose end the walk has not reached.
struct Open {
    name: String,
    code: Verilog,
    /// The name that a block written in Verilog has in its timing.
    timing: Option<String>,
    namespace: Vec<String>,
    variables: Vec<Variable>,
    parameters: Vec<Parameter>,
    states: HashSet<String>,
    instances: Vec<Instance>,
    /// Something in its signals that this printer does not write.
    unsupported: Option<&'static str>,
}

struct Walk<'a> {
    modules: &'a mut Modules,
    open: Vec<Open>,
    blocks: u64,
    /// The number of the outermost block, or the first error.
    result: Option<Result<Id, EmitError>>,
}

impl Probe for Walk<'_> {
    fn visit_start_scope(&mut self, name: &str, node: &dyn Block) {
        self.blocks += 1;
        let failed = matches!(self.result, Some(Err(_)));
        self.open.push(Open {
            name: name.to_owned(),
            code: if failed { Verilog::Empty } else { node.hdl() },
            timing: node.timing().into_iter().next().map(|timing| timing.name),
            namespace: Vec::new(),
            variables: Vec::new(),
            parameters: Vec::new(),
            states: HashSet::new(),
            instances: Vec::new(),
            unsupported: None,
        });
    }

    fn visit_start_namespace(&mut self, name: &str, _: &dyn Block) {
        if let Some(open) = self.open.last_mut() {
            open.namespace.push(name.to_owned());
        }
    }

    fn visit_atom(&mut self, name: &str, signal: &dyn Atom) {
        let descriptor = signal.descriptor();
        let kind = signal.kind();
        if kind.is_parameter()
            && let Some(at) = self.open.len().checked_sub(2)
        {
            // The block around compares and assigns states of this port.
            self.open[at].add_states(&descriptor);
        }
        let Some(open) = self.open.last_mut() else {
            return;
        };
        open.add_states(&descriptor);
        let mut path = open.namespace.clone();
        path.push(name.to_owned());
        let name = path.join("$");
        if kind == AtomKind::Constant {
            let value = signal.verilog().to_string();
            if value.contains('-') {
                open.unsupported = Some("negative constants");
            }
            let width = signal.bits();
            open.parameters.push(Parameter { name, width, value });
        } else if let Some(role) = role(&kind) {
            open.variables.push(Variable {
                name,
                role,
                width: signal.bits(),
                signed: is_atom_signed(signal),
                clock: descriptor.name == "clock",
                register: false,
            });
        } else {
            open.unsupported = Some("ports that are both input and output");
        }
    }

    fn visit_end_namespace(&mut self, _: &str, _: &dyn Block) {
        if let Some(open) = self.open.last_mut() {
            open.namespace.pop();
        }
    }

    fn visit_end_scope(&mut self, _: &str, _: &dyn Block) {
        let path: Vec<String> = self.open.iter().map(|open| plain(&open.name)).collect();
        let Some(open) = self.open.pop() else {
            return;
        };
        if matches!(self.result, Some(Err(_))) {
            return;
        }
        let name = open.name.clone();
        match open.close(&path.join("."), self.modules) {
            Err(error) => self.result = Some(Err(error)),
            Ok(module) => match self.open.last_mut() {
                Some(around) => around.instances.push(Instance { name, module }),
                None => self.result = Some(Ok(module)),
            },
        }
    }
}

impl Open {
    fn add_states(&mut self, descriptor: &TypeDescriptor) {
        match &descriptor.kind {
            TypeKind::Enum(states) => {
                let width = index_bits(states.len());
                for (value, state) in states.iter().enumerate() {
                    let name = state.replace("::", "$");
                    if self.states.insert(name.clone()) {
                        let value = format!("{width}'h{value:x}");
                        self.parameters.push(Parameter { name, width, value });
                    }
                }
            }
            TypeKind::Composite(fields) => {
                for field in fields {
                    self.add_states(&field.kind);
                }
            }
            TypeKind::Bits(_) | TypeKind::Signed(_) => {}
        }
    }

    /// What the block is called unless an equal one came before: by its memory, by its timing and
    /// the width of its output, by its field.
    fn kind(&self, memory: Option<&Shape>) -> String {
        if let Some(Shape { kind, depth, width }) = memory {
            return format!("{kind}_{width}x{depth}");
        }
        let outputs = self
            .variables
            .iter()
            .filter(|port| port.role == Role::Output);
        match (&self.timing, outputs.map(|port| port.width).max()) {
            (Some(timing), Some(width)) => format!("{timing}_{width}"),
            _ => without_indices(&self.name).to_owned(),
        }
    }

    /// The block as a module.
    fn close(mut self, path: &str, modules: &mut Modules) -> Result<Id, EmitError> {
        let scope = self.scope(path, modules)?;
        if let Some(what) = self.unsupported {
            return Err(scope.unsupported(what));
        }
        let inner_clocks: Vec<String> = scope
            .symbols
            .iter()
            .filter(|(_, symbol)| matches!(symbol, Symbol::InnerClock))
            .map(|(name, _)| name.clone())
            .collect();
        let (mut logic, mut custom) = (Body::default(), None);
        match std::mem::take(&mut self.code) {
            Verilog::Combinatorial(block) => {
                let mut scope = scope;
                logic = body(&mut scope, &block)?;
                let open = inner_clocks
                    .iter()
                    .filter(|name| !logic.clocked.contains(*name));
                if let Some(name) = open.min() {
                    return Err(scope.clock(name, "is not driven"));
                }
            }
            Verilog::Custom(_) if !self.instances.is_empty() => {
                return Err(scope.unsupported("a block in Verilog with other blocks inside"));
            }
            Verilog::Custom(text) => custom = Some(plain_text(&text)),
            Verilog::Empty => return Err(scope.unsupported("a block without logic")),
            Verilog::Blackbox(_) | Verilog::Wrapper(_) => {
                return Err(scope.unsupported("a black box or a wrapper"));
            }
        }
        let memory = custom.as_deref().and_then(Shape::find);
        if memory.is_none() && custom.as_deref().is_some_and(has_array) {
            let module = path.to_owned();
            return Err(EmitError::UncountedMemory { module });
        }
        let kind = self.kind(memory.as_ref());

        let mut variables = self.variables;
        for Instance { name, module } in &self.instances {
            let ports = modules.all[*module].ports.iter().filter(|port| !port.clock);
            variables.extend(ports.map(|port| Variable {
                name: format!("{name}${}", port.name),
                role: Role::Local,
                register: false,
                ..port.clone()
            }));
        }
        for variable in &mut variables {
            // Verilog that was written by hand assigns in `always` and `initial` blocks, where it
            // does not say `assign`.
            variable.register = variable.role != Role::Input
                && match &custom {
                    Some(text) => !assigns(text, &plain(&variable.name)),
                    None => logic.registers.contains(&variable.name),
                };
        }
        let (signals, ports) = variables
            .into_iter()
            .partition(|variable| variable.role == Role::Local);
        let module = Module {
            ports,
            parameters: self.parameters,
            signals,
            instances: self.instances,
            assigns: logic.assigns,
            always: logic.always,
            custom,
            memory,
        };
        Ok(modules.id(module, kind))
    }

    /// The names that the block's logic can use, all legal and different in Verilog.
    fn scope(&self, path: &str, modules: &Modules) -> Result<Scope, EmitError> {
        let mut scope = Scope {
            module: path.to_owned(),
            symbols: HashMap::new(),
            loops: Vec::new(),
        };
        let mut plain_names = HashSet::new();
        let mut take = |name: &str| {
            let plain = plain(name);
            check(path, &plain)?;
            if plain_names.insert(plain.clone()) {
                return Ok(());
            }
            Err(EmitError::NameCollision {
                module: path.to_owned(),
                name: plain,
            })
        };
        for parameter in &self.parameters {
            take(&parameter.name)?;
            scope
                .symbols
                .insert(parameter.name.clone(), Symbol::Parameter(parameter.width));
        }
        for variable in &self.variables {
            take(&variable.name)?;
            let is_port = variable.role == Role::Input && variable.name == CLOCK;
            if variable.clock != is_port {
                let reason = "has another name or direction, or is not a clock";
                return Err(scope.clock(&variable.name, reason));
            }
            let symbol = if variable.clock {
                Symbol::Clock
            } else {
                Symbol::Signal(variable.width)
            };
            scope.symbols.insert(variable.name.clone(), symbol);
        }
        for Instance { name, module } in &self.instances {
            take(name)?;
            for port in &modules.all[*module].ports {
                let name = format!("{name}${}", port.name);
                take(&name)?;
                let symbol = if port.clock {
                    Symbol::InnerClock
                } else {
                    Symbol::Signal(port.width)
                };
                scope.symbols.insert(name, symbol);
            }
        }
        Ok(scope)
    }
}

/// Whether Verilog has `assign signal = ..;`, on a line of its own.
fn assigns(text: &str, signal: &str) -> bool {
    text.lines().any(|line| {
        let rest = line.trim().strip_prefix("assign ");
        rest.and_then(|rest| rest.split_once(" = "))
            .is_some_and(|(name, _)| name == signal)
    })
}

/// Whether Verilog declares an array of registers: `reg [63:0] words [0:31];`.
fn has_array(verilog: &str) -> bool {
    verilog.lines().any(|line| {
        let Some(declared) = line.trim().strip_prefix("reg ") else {
            return false;
        };
        let range = declared
            .split_once(']')
            .filter(|_| declared.trim_start().starts_with('['));
        range.map_or(declared, |(_, name)| name).contains('[')
    })
}

#[cfg(test)]
mod tests {
    use super::{assigns, has_array};

    #[test]
    fn what_is_assigned_is_a_wire() {
        assert!(assigns("x\n  assign index = 5;", "index"));
        assert!(!assigns("assign index = line;\nline = 5;", "line"));
        assert!(!assigns("always @(*) index = 5;", "index"));
    }

    #[test]
    fn arrays_are_told_from_vectors() {
        assert!(has_array("x\n  reg [63:0] words [0:31];\n"));
        assert!(has_array("reg bits [0:31];"));
        assert!(!has_array(
            "reg [63:0] line;\nreg a;\nalways @(*) a = line[3];"
        ));
    }
}
