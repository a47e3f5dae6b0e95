# The parameters of a build: see build.tcl.

namespace eval parameters {
    # What each has to look like.
    variable forms {
        board {^[a-z0-9]+$}
        top {^[a-z][a-z0-9_]*$}
        part {^xc[a-zA-Z0-9-]+$}
        image {^(bit|pdi|dcp)$}
        sources {.}
        output {^/}
        vendor_id {^[0-9a-f]{4}$}
        device_id {^[0-9a-f]{4}$}
        card_mhz {^[1-9][0-9]*$}
        memory_mhz {^[1-9][0-9]*$}
        key_channels {^[1-9][0-9]?$}
        key_bits {^(64|128|256|512)$}
        ksk_channels {^[1-9][0-9]?$}
        ksk_bits {^(64|128|256|512)$}
        bank_log2 {^[1-4][0-9]$}
    }

    # Reads the file; every variable has to be there, as it should be, and none besides.
    proc read {path} {
        variable forms
        namespace eval given [list source $path]
        foreach name [info vars given::*] {
            set name [namespace tail $name]
            if {![dict exists $forms $name]} {
                error "parameter '$name' is not known"
            }
        }
        dict for {name form} $forms {
            if {![info exists given::$name]} {
                error "parameter '$name' is missing"
            }
            set value [set given::$name]
            if {![regexp -- $form $value]} {
                error "parameter '$name' is '$value'"
            }
            variable $name $value
        }
    }
}
