# The project in memory, and what it is made of.

namespace eval project {
    # An empty project.
    proc open {} {
        file mkdir $parameters::output
        create_project -in_memory -part $parameters::part
        settings
    }

    proc settings {} {
        set_property target_language Verilog [current_project]
        # Module references in a block design need it: UG994, "Module Reference in a Non-Project Flow".
        set_property source_mgmt_mode All [current_project]
    }

    proc read_sources {files} {
        read_verilog $files
        update_compile_order -fileset sources_1
    }

    proc read_constraints {files} {
        foreach file $files {
            read_xdc $file
        }
    }
}
