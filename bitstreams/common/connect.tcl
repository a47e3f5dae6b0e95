# Cells of a block design, and the nets and buses between them.
#
# An end of a net is 'cell/pin' for a pin of a cell, and a plain name for a port of the design.

namespace eval connect {
    # A cell of an IP, with its properties.
    proc cell {name vlnv {properties {}}} {
        set cell [create_bd_cell -type ip -vlnv $vlnv $name]
        if {[llength $properties]} {
            configure $cell $properties
        }
        return $cell
    }

    # Sets properties of a cell or a port, given by their names without 'CONFIG.'.
    proc configure {object properties} {
        set list {}
        foreach {name value} $properties {
            lappend list CONFIG.$name $value
        }
        set_property -dict $list $object
    }

    proc is_pin {end} {
        return [expr {[string first / $end] >= 0}]
    }

    # A net from its source to all who listen.
    proc net {source args} {
        set ends {}
        foreach end [list $source {*}$args] {
            if {[is_pin $end]} {
                lappend ends [get_bd_pins $end]
            } else {
                lappend ends [get_bd_ports $end]
            }
        }
        connect_bd_net {*}$ends
    }

    # A bus from one interface to another.
    proc bus {first second} {
        set ends {}
        foreach end [list $first $second] {
            if {[is_pin $end]} {
                lappend ends [get_bd_intf_pins $end]
            } else {
                lappend ends [get_bd_intf_ports $end]
            }
        }
        connect_bd_intf_net {*}$ends
    }

    # A SmartConnect between one master and one slave: it crosses from one clock to another, and between widths and
    # protocols. The reset belongs to the first clock.
    proc crossing {name from to first_clock second_clock reset} {
        cell $name xilinx.com:ip:smartconnect:1.0 {NUM_SI 1 NUM_MI 1 NUM_CLKS 2 HAS_ARESETN 1}
        net $first_clock $name/aclk
        net $second_clock $name/aclk1
        net $reset $name/aresetn
        bus $from $name/S00_AXI
        bus $name/M00_AXI $to
    }

    # An AXI port of the design, in the card's clock. What a card leaves to the wrapper is mostly left out.
    proc axi_port {mode name bits addresses {others {}}} {
        set port [create_bd_intf_port -mode $mode -vlnv xilinx.com:interface:aximm_rtl:1.0 $name]
        configure $port [dict merge [dict create \
            PROTOCOL AXI4 READ_WRITE_MODE READ_WRITE DATA_WIDTH $bits ADDR_WIDTH $addresses ID_WIDTH 0 \
            ARUSER_WIDTH 0 AWUSER_WIDTH 0 RUSER_WIDTH 0 WUSER_WIDTH 0 BUSER_WIDTH 0 \
            HAS_BURST 1 HAS_CACHE 1 HAS_LOCK 0 HAS_PROT 1 HAS_QOS 0 HAS_REGION 0 \
            HAS_BRESP 1 HAS_RRESP 1 HAS_WSTRB 1 SUPPORTS_NARROW_BURST 0 MAX_BURST_LENGTH 256 \
            NUM_READ_OUTSTANDING 16 NUM_WRITE_OUTSTANDING 16 \
            FREQ_HZ [expr {$parameters::card_mhz * 1000000}]] $others]
    }

    # Where a slave's segment lies for a master.
    proc assign {space segment offset bytes} {
        set offset [format 0x%016llx $offset]
        set bytes [format 0x%016llx $bytes]
        assign_bd_address -offset $offset -range $bytes -target_address_space [get_bd_addr_spaces $space] \
            [get_bd_addr_segs $segment] -force
    }
}
