# A stub of the vendor's tool for plain tclsh: it writes down what a script says, and does nothing.
#
#     tclsh record.tcl <list> <log> <slack> <script> <arguments> ..
#
# The list is a file of `command` lines, which src/tcl/ makes of vendor/commands.toml. The log gets a line of JSON for
# every command: the file of constraints that it is in, its options, its other arguments, each as the elements of a
# list. Objects are written as 'kind:name', the kind as the list has it. A command or an option that the list has not
# ends the script with an error, as the tool's do. SLACK of a timing path is <slack>, ns, LOC of a cell what was set. A
# file that is read has to be there. Constraints may only use what the list allows for them.

namespace eval record {
    variable log
    variable slack
    # The file of constraints that is being read; none in the script itself.
    variable constraints ""
    variable allowed {list}
    # Places of cells, as they were set.
    variable locations {}

    proc quoted {text} {
        set map [list \\ \\\\ \" \\\" \n \\n \t \\t \r \\r]
        return \"[string map $map $text]\"
    }

    proc array {values} {
        set items {}
        foreach value $values {
            lappend items [quoted $value]
        }
        return \[[join $items ,]\]
    }

    # The elements of a list; of what is no list, all of it.
    proc elements {text} {
        if {[string is list $text]} {
            return [array $text]
        }
        return [array [list $text]]
    }

    proc write {name options arguments} {
        variable log
        variable constraints
        set pairs {}
        foreach {option value} $options {
            lappend pairs "[quoted $option]:[elements $value]"
        }
        set lists {}
        foreach argument $arguments {
            lappend lists [elements $argument]
        }
        set command "\"command\":[quoted $name],\"constraints\":[quoted $constraints]"
        puts $log "{$command,\"options\":{[join $pairs ,]},\"arguments\":\[[join $lists ,]\]}"
    }

    # Every element of an argument that is a list of names, as an object.
    proc objects {kind arguments} {
        if {![llength $arguments]} {
            return [list $kind:]
        }
        set objects {}
        foreach name [lindex $arguments 0] {
            lappend objects $kind:$name
        }
        return $objects
    }

    proc call {name flags values least most returns arguments} {
        variable slack
        variable locations
        set options {}
        set others {}
        for {set i 0} {$i < [llength $arguments]} {incr i} {
            set word [lindex $arguments $i]
            if {$word in $flags} {
                lappend options $word ""
            } elseif {$word in $values} {
                incr i
                if {$i >= [llength $arguments]} {
                    error "$name: option '$word' has no value"
                }
                lappend options $word [lindex $arguments $i]
            } elseif {[regexp {^-[a-z]} $word]} {
                error "$name: option '$word' is not known"
            } else {
                lappend others $word
            }
        }
        if {[llength $others] < $least || [llength $others] > $most} {
            error "$name: [llength $others] arguments, must be $least to $most"
        }
        write $name $options $others
        switch $name {
            read_verilog {
                foreach file [lindex $others 0] {
                    exists $name $file
                }
            }
            read_xdc {
                exists $name [lindex $others 0]
                constrain [lindex $others 0]
            }
            get_property {
                switch [lindex $others 0] {
                    SLACK {return $slack}
                    LOC {
                        set cell [lindex $others 1]
                        return [expr {[dict exists $locations $cell] ? [dict get $locations $cell] : ""}]
                    }
                }
                error "get_property: '[lindex $others 0]' is not known here"
            }
            set_property {
                if {[lindex $others 0] eq "LOC"} {
                    dict set locations [lindex $others 2] [lindex $others 1]
                }
            }
            reset_property {
                dict unset locations [lindex $others 1]
            }
        }
        if {$returns ne ""} {
            return [objects $returns $others]
        }
    }

    proc exists {command file} {
        if {![file isfile $file]} {
            error "$command: file '$file' is not there"
        }
    }

    # Constraints are a small part of Tcl: commands of the list, and lists.
    proc constrain {file} {
        variable constraints
        variable allowed
        set before $constraints
        set constraints $file
        set reader [interp create -safe]
        foreach name [interp eval $reader info commands] {
            if {$name ni $allowed} {
                interp hide $reader $name
            }
        }
        foreach name $allowed {
            if {$name ne "list"} {
                interp alias $reader $name {} $name
            }
        }
        set channel [open $file]
        set text [read $channel]
        close $channel
        interp eval $reader $text
        interp delete $reader
        set constraints $before
    }

    # A command of the list.
    proc command {name flags values least most returns in_constraints} {
        variable allowed
        proc ::$name {args} [list record::forward $name $flags $values $least $most $returns]
        if {$in_constraints} {
            lappend allowed $name
        }
    }

    proc forward {args} {
        return [call {*}$args [uplevel 1 {set args}]]
    }

    # Tcl says no more of an error than its first line.
    proc run {list path given script arguments} {
        variable log [open $path w]
        variable slack $given
        source $list
        set ::argv $arguments
        set failed [catch {uplevel #0 [list source $script]} message]
        close $log
        if {$failed} {
            puts stderr [lindex [split $message \n] 0]
            exit 1
        }
    }
}

record::run {*}[lrange $argv 0 3] [lrange $argv 4 end]
