//! The module that Verilator gets as its top: a core whose key words are one port, so that the
//! harness is the same text for every width of a beat.

use crate::emit::Manifest;

/// Its name.
pub(super) const RIG: &str = "rig";

/// The port of the key's words, and what those of the core begin with.
const KEY: &str = "key_data";

/// Verilog of the rig around a core.
pub(super) fn rig(core: &Manifest, beat_words: usize) -> String {
    let mut ports = vec![format!("input wire [{}:0] {KEY}", 64 * beat_words - 1)];
    let mut connections = Vec::new();
    for port in &core.ports {
        let (name, direction, top) = (&port.name, &port.direction, port.width - 1);
        let word = name
            .strip_prefix(KEY)
            .and_then(|rest| rest.strip_prefix("__"))
            .and_then(|number| number.parse::<usize>().ok());
        match word {
            Some(word) => {
                connections.push(format!(".{name}({KEY}[{}:{}])", 64 * word + 63, 64 * word))
            }
            None => {
                ports.push(format!("{direction} wire [{top}:0] {name}"));
                connections.push(format!(".{name}({name})"));
            }
        }
    }
    format!(
        "module {RIG} (\n    {}\n);\n{} core (\n    {}\n);\nendmodule\n",
        ports.join(",\n    "),
        core.name,
        connections.join(",\n    ")
    )
}
