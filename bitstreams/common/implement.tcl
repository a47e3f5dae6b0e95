# From sources to a bitstream.

namespace eval implement {
    proc path {name} {
        return [file join $parameters::output $name]
    }

    proc synthesise {} {
        synth_design -top $parameters::top -part $parameters::part
        write_checkpoint -force [path synthesised.dcp]
        report_utilization -hierarchical -file [path synthesised_utilization.rpt]
    }

    proc place_and_route {} {
        opt_design
        place_design
        phys_opt_design
        route_design
        write_checkpoint -force [path routed.dcp]
    }

    proc report {} {
        report_utilization -hierarchical -file [path utilization.rpt]
        report_timing_summary -file [path timing_summary.rpt]
        report_clock_interaction -file [path clock_interaction.rpt]
        report_power -file [path power.rpt]
        report_methodology -file [path methodology.rpt]
        report_drc -file [path drc.rpt]
        report_route_status -file [path route_status.rpt]
    }

    # The slack of the worst path; there has to be one.
    proc slack {kind} {
        set paths [get_timing_paths -$kind -max_paths 1]
        if {![llength $paths]} {
            error "no path is timed for $kind: the constraints are missing"
        }
        return [get_property SLACK $paths]
    }

    # Ends with an error where a path is too slow, or too fast.
    proc check_timing {} {
        foreach kind {setup hold} {
            set slack [slack $kind]
            if {$slack < 0} {
                error "timing is not met: the worst slack for $kind is $slack ns, see [path timing_summary.rpt]"
            }
        }
    }

    proc write {} {
        if {$parameters::image eq "pdi"} {
            write_device_image -force [path $parameters::top.pdi]
        } else {
            write_bitstream -force [path $parameters::top.bit]
        }
    }
}
