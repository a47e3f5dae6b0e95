//! Verilog names.
//!
//! Rust-HDL joins the parts of a name by `$`, which is legal in Verilog but not in all tools that
//! read it. Here the parts are joined by `__`.

use super::EmitError;
use std::collections::HashSet;

/// Reserved words of Verilog-2005 and SystemVerilog-2017, sorted. Tools read `.v` files as either.
#[rustfmt::skip]
const RESERVED: &[&str] = &[
    "accept_on", "alias", "always", "always_comb", "always_ff", "always_latch", "and", "assert",
    "assign", "assume", "automatic", "before", "begin", "bind", "bins", "binsof", "bit", "break",
    "buf", "bufif0", "bufif1", "byte", "case", "casex", "casez", "cell", "chandle", "checker",
    "class", "clocking", "cmos", "config", "const", "constraint", "context", "continue", "cover",
    "covergroup", "coverpoint", "cross", "deassign", "default", "defparam", "design", "disable",
    "dist", "do", "edge", "else", "end", "endcase", "endchecker", "endclass", "endclocking",
    "endconfig", "endfunction", "endgenerate", "endgroup", "endinterface", "endmodule",
    "endpackage", "endprimitive", "endprogram", "endproperty", "endsequence", "endspecify",
    "endtable", "endtask", "enum", "event", "eventually", "expect", "export", "extends", "extern",
    "final", "first_match", "for", "force", "foreach", "forever", "fork", "forkjoin", "function",
    "generate", "genvar", "global", "highz0", "highz1", "if", "iff", "ifnone", "ignore_bins",
    "illegal_bins", "implements", "implies", "import", "incdir", "include", "initial", "inout",
    "input", "inside", "instance", "int", "integer", "interconnect", "interface", "intersect",
    "join", "join_any", "join_none", "large", "let", "liblist", "library", "local", "localparam",
    "logic", "longint", "macromodule", "matches", "medium", "modport", "module", "nand",
    "negedge", "nettype", "new", "nexttime", "nmos", "nor", "noshowcancelled", "not", "notif0",
    "notif1", "null", "or", "output", "package", "packed", "parameter", "pmos", "posedge",
    "primitive", "priority", "program", "property", "protected", "pull0", "pull1", "pulldown",
    "pullup", "pulsestyle_ondetect", "pulsestyle_onevent", "pure", "rand", "randc", "randcase",
    "randsequence", "rcmos", "real", "realtime", "ref", "reg", "reject_on", "release", "repeat",
    "restrict", "return", "rnmos", "rpmos", "rtran", "rtranif0", "rtranif1", "s_always",
    "s_eventually", "s_nexttime", "s_until", "s_until_with", "scalared", "sequence", "shortint",
    "shortreal", "showcancelled", "signed", "small", "soft", "solve", "specify", "specparam",
    "static", "string", "strong", "strong0", "strong1", "struct", "super", "supply0", "supply1",
    "sync_accept_on", "sync_reject_on", "table", "tagged", "task", "this", "throughout", "time",
    "timeprecision", "timeunit", "tran", "tranif0", "tranif1", "tri", "tri0", "tri1", "triand",
    "trior", "trireg", "type", "typedef", "union", "unique", "unique0", "unsigned", "until",
    "until_with", "untyped", "use", "uwire", "var", "vectored", "virtual", "void", "wait",
    "wait_order", "wand", "weak", "weak0", "weak1", "while", "wildcard", "wire", "with", "within",
    "wor", "xnor", "xor",
];

/// A name of Rust-HDL as a Verilog name.
pub(super) fn plain(name: &str) -> String {
    name.replace('$', "__")
}

/// Text written by hand, with `$` inside names replaced; system functions keep theirs.
pub(super) fn plain_text(text: &str) -> String {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut plain = String::with_capacity(text.len());
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if c == '$' && word(before) && rest.peek().is_some_and(|&after| word(after)) {
            plain += "__";
        } else {
            plain.push(c);
        }
        before = c;
    }
    plain
}

/// Refuses what is not a plain identifier.
pub(super) fn check(module: &str, name: &str) -> Result<(), EmitError> {
    let illegal = |reason| {
        Err(EmitError::IllegalName {
            module: module.to_owned(),
            name: name.to_owned(),
            reason,
        })
    };
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    if !name.starts_with(letter) || !name.chars().all(|c| letter(c) || c.is_ascii_digit()) {
        return illegal("not letters, digits and '_' after a letter");
    }
    if RESERVED.binary_search(&name).is_ok() {
        return illegal("a reserved word");
    }
    Ok(())
}

/// A name without the indices at its end: `lane$3` is a `lane`.
pub(super) fn without_indices(name: &str) -> &str {
    let mut name = name;
    while let Some((front, last)) = name.rsplit_once('$') {
        if last.is_empty() || !last.bytes().all(|byte| byte.is_ascii_digit()) {
            break;
        }
        name = front;
    }
    name
}

/// Gives each module a name of its own.
pub(super) struct ModuleNames {
    used: HashSet<String>,
}

impl ModuleNames {
    /// With the name of the top module taken.
    pub(super) fn new(top: &str) -> Self {
        Self {
            used: HashSet::from([top.to_owned()]),
        }
    }

    /// The name for a module of this kind: with a suffix only if another module has it.
    pub(super) fn choose(&mut self, kind: &str) -> String {
        let plain = format!("gyrus_{}", plain(kind));
        let mut name = plain.clone();
        let mut version = 2;
        while !self.used.insert(name.clone()) {
            name = format!("{plain}_v{version}");
            version += 1;
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_words_are_sorted_and_refused() {
        assert!(RESERVED.is_sorted());
        assert!(check("m", "reg").is_err());
        assert!(check("m", "wire__0").is_ok());
        assert!(check("m", "a$b").is_err());
        assert!(check("m", "2a").is_err());
        assert!(check("m", "").is_err());
    }

    #[test]
    fn dollars_stay_in_system_functions_only() {
        let text = "a$b = $signed(c$0$d);";
        assert_eq!(plain_text(text), "a__b = $signed(c__0__d);");
        assert_eq!(plain("lane$3$x"), "lane__3__x");
    }

    #[test]
    fn indices_are_cut_from_the_end() {
        assert_eq!(without_indices("lane$3$12"), "lane");
        assert_eq!(without_indices("lane"), "lane");
        assert_eq!(without_indices("a$b"), "a$b");
    }

    #[test]
    fn a_kind_that_is_taken_gets_a_suffix() {
        let mut names = ModuleNames::new("gyrus_top");
        assert_eq!(names.choose("top"), "gyrus_top_v2");
        assert_eq!(names.choose("dff_64"), "gyrus_dff_64");
        assert_eq!(names.choose("dff_64"), "gyrus_dff_64_v2");
    }
}
