# High bandwidth memory of UltraScale+: AMD's AXI HBM Controller (PG276), both stacks.
#
# An address of the card is one of the memory: 32 pseudo channels follow each other, and every port reaches all of
# them over the controller's switch. Bank b begins at b * 2^bank_log2. The channels of the bootstrapping key lie in the
# first banks, those of the key switching key behind (interface/src/settings.rs), and each is read through the port
# that stands in front of its pseudo channel. The card's own bus has the last port.

namespace eval hbm {
    variable ports 32

    # The port in front of a bank.
    proc port_of_bank {bank segment_bytes} {
        return [expr {($bank << $parameters::bank_log2) / $segment_bytes}]
    }

    # Pairs of the card's bus and the number of its port.
    proc choose_ports {segment_bytes} {
        variable ports
        set chosen {}
        set bank 0
        foreach channel [platform::channels] {
            dict set chosen [lindex $channel 0] [port_of_bank $bank $segment_bytes]
            incr bank
        }
        dict set chosen S_CARD [expr {$ports - 1}]
        set numbers [dict values $chosen]
        if {[llength [lsort -unique $numbers]] != [llength $numbers]} {
            error "two buses of the card would share a port of the memory: $chosen"
        }
        if {[lindex [lsort -integer $numbers] end] >= $ports} {
            error "the card has more channels than the memory has ports: $chosen"
        }
        return $chosen
    }

    # What the memory is connected to: pins or ports of the design. An empty clock is made here, of the reference clock.
    variable board_ends {
        reference hbm_refclk_buffer/IBUF_OUT
        control_clock {}
        card_clock {}
        memory_start pcie_perstn
        card_start xdma/axi_aresetn
        monitored false
    }
    # The clocks of the card, and of the memory's ports.
    variable card_clock
    variable memory_clock

    # One MMCM makes all clocks of the reference clock, so that they have to be whole fractions of what it runs at: 800
    # to 1600 MHz (LiteX, USPMMCM).
    proc makes {others} {
        set memory $parameters::memory_mhz
        for {set mhz $memory} {$mhz <= 1600} {incr mhz $memory} {
            set whole [expr {$mhz >= 800}]
            foreach other $others {
                set whole [expr {$whole && $mhz % $other == 0}]
            }
            if {$whole} {
                return 1
            }
        }
        return 0
    }

    # The card's clock is the first.
    proc check_clocks {others} {
        if {[makes $others]} {
            return
        }
        set possible {}
        for {set card 50} {$card <= $parameters::memory_mhz} {incr card 5} {
            if {[makes [lreplace $others 0 0 $card]]} {
                lappend possible $card
            }
        }
        error "no MMCM makes [join $others { MHz and }] MHz, and $parameters::memory_mhz MHz for the memory, of one\
            clock; the card's can be [join $possible {, }] MHz"
    }

    # The MMCM for those clocks that have to be made; pairs of a clock's name and its pin.
    proc create_clocks {ends} {
        set made [list memory $parameters::memory_mhz]
        foreach {name mhz} [list card $parameters::card_mhz control 100] {
            if {[dict get $ends ${name}_clock] eq ""} {
                lappend made $name $mhz
            }
        }
        check_clocks [dict values [dict remove $made memory]]
        set properties [list \
            PRIM_SOURCE No_buffer NUM_OUT_CLKS [dict size $made] USE_LOCKED true USE_RESET false]
        set pins [dict create card [dict get $ends card_clock] control [dict get $ends control_clock]]
        set output 0
        dict for {name mhz} $made {
            incr output
            if {$output > 1} {
                lappend properties CLKOUT${output}_USED true
            }
            lappend properties CLKOUT${output}_REQUESTED_OUT_FREQ $mhz
            dict set pins $name clocks/clk_out$output
        }
        connect::cell clocks xilinx.com:ip:clk_wiz:6.0 $properties
        return $pins
    }

    # The reference clock's pins of a board.
    proc create_reference {} {
        set refclk [create_bd_intf_port -mode Slave -vlnv xilinx.com:interface:diff_clock_rtl:1.0 hbm_refclk]
        connect::configure $refclk {FREQ_HZ 100000000}
        connect::cell hbm_refclk_buffer xilinx.com:ip:util_ds_buf:2.2 {C_BUF_TYPE IBUFDS}
        connect::bus hbm_refclk hbm_refclk_buffer/CLK_IN_D
    }

    # The board's pin that says that the memory is too hot.
    proc create_cattrip {} {
        create_bd_port -dir O hbm_cattrip
        connect::cell overtemperature xilinx.com:ip:util_vector_logic:2.0 {C_OPERATION or C_SIZE 1}
        connect::net hbm/DRAM_0_STAT_CATTRIP overtemperature/Op1
        connect::net hbm/DRAM_1_STAT_CATTRIP overtemperature/Op2
        connect::net overtemperature/Res hbm_cattrip
    }

    # The memory of a board, with its pins. `density` is what both stacks hold, as the core names it, `suffix` what the
    # core's ports have at the end for it.
    proc create_on_board {density suffix segment_bytes} {
        variable board_ends
        create_reference
        create $density $suffix $segment_bytes $board_ends
        create_cattrip
    }

    # The memory, its clocks and resets; see `board_ends`.
    proc create {density suffix segment_bytes ends} {
        variable card_clock
        variable memory_clock
        set chosen [choose_ports $segment_bytes]
        set pins [create_clocks $ends]
        set card_clock [dict get $pins card]
        set memory_clock [dict get $pins memory]
        set control_clock [dict get $pins control]
        set reference [dict get $ends reference]
        connect::cell memory_reset xilinx.com:ip:proc_sys_reset:5.0
        connect::cell control_reset xilinx.com:ip:proc_sys_reset:5.0
        connect::cell card_reset xilinx.com:ip:proc_sys_reset:5.0
        connect::cell memory_ready xilinx.com:ip:util_vector_logic:2.0 {C_OPERATION and C_SIZE 1}
        create_controller $density $chosen [dict get $ends monitored]

        connect::net $reference clocks/clk_in1 hbm/HBM_REF_CLK_0 hbm/HBM_REF_CLK_1
        connect::net $card_clock card_clock card_reset/slowest_sync_clk
        connect::net $control_clock hbm/APB_0_PCLK hbm/APB_1_PCLK control_reset/slowest_sync_clk
        connect::net clocks/locked memory_reset/dcm_locked control_reset/dcm_locked card_reset/dcm_locked
        # The memory starts with the board. The card and its way to the memory begin when the link is there, the card
        # not before the memory can be used.
        connect::net [dict get $ends memory_start] control_reset/ext_reset_in
        connect::net control_reset/peripheral_aresetn hbm/APB_0_PRESET_N hbm/APB_1_PRESET_N
        connect::net [dict get $ends card_start] memory_reset/ext_reset_in card_reset/ext_reset_in
        connect::net hbm/apb_complete_0 memory_ready/Op1
        connect::net hbm/apb_complete_1 memory_ready/Op2
        connect::net memory_ready/Res card_reset/aux_reset_in
        connect::net card_reset/peripheral_aresetn card_aresetn

        set clocks memory_reset/slowest_sync_clk
        set resets {}
        dict for {bus port} $chosen {
            lappend clocks hbm/[format AXI_%02d_ACLK $port]
            lappend resets hbm/[format AXI_%02d_ARESET_N $port]
        }
        connect::net $memory_clock {*}$clocks
        connect::net memory_reset/peripheral_aresetn {*}$resets
        dict for {bus port} $chosen {
            connect_bus $bus [format SAXI_%02d%s $port $suffix] $segment_bytes
        }
    }

    # `monitored`: whether somebody sees what happens to its registers, for which these have to be there.
    proc create_controller {density chosen monitored} {
        variable ports
        set mhz $parameters::memory_mhz
        set ns [format %.3f [expr {1000.0 / $mhz}]]
        set ps [expr {1000000 / $mhz}]
        set properties [list \
            USER_HBM_DENSITY $density USER_HBM_STACK 2 \
            USER_SWITCH_ENABLE_00 TRUE USER_SWITCH_ENABLE_01 TRUE \
            USER_APB_EN $monitored USER_MON_APB_EN $monitored USER_XSDB_INTF_EN FALSE \
            USER_AXI_INPUT_CLK_FREQ $mhz USER_AXI_INPUT_CLK1_FREQ $mhz \
            USER_AXI_INPUT_CLK_NS $ns USER_AXI_INPUT_CLK_PS $ps USER_AXI_INPUT_CLK_XDC $ns]
        for {set port 0} {$port < $ports} {incr port} {
            set used [expr {$port in [dict values $chosen] ? "true" : "false"}]
            lappend properties [format USER_SAXI_%02d $port] $used
        }
        # The card writes words of 8 bytes, a quarter of what the memory takes at once.
        for {set controller 0} {$controller < $ports / 2} {incr controller} {
            lappend properties USER_MC${controller}_EN_DATA_MASK true
        }
        set hbm [connect::cell hbm xilinx.com:ip:hbm:1.0 $properties]
        # Only clocks of ports that are there can be chosen for the stacks' switches.
        connect::configure $hbm {USER_CLK_SEL_LIST0 AXI_00_ACLK USER_CLK_SEL_LIST1 AXI_31_ACLK}
    }

    # One of the card's buses to a port, from where it reaches all of the memory.
    proc connect_bus {bus port segment_bytes} {
        variable ports
        variable card_clock
        variable memory_clock
        connect::crossing [string tolower $bus] $bus hbm/$port $card_clock $memory_clock \
            card_reset/interconnect_aresetn
        for {set segment 0} {$segment < $ports} {incr segment} {
            connect::assign $bus hbm/$port/[format HBM_MEM%02d $segment] \
                [expr {$segment * $segment_bytes}] $segment_bytes
        }
    }
}
