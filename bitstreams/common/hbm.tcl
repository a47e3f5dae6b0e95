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

    # Clocks from the reference clock: the memory's ports, the card, the controller's registers. One MMCM makes all, so
    # that they have to be whole fractions of what it runs at: 800 to 1600 MHz (LiteX, USPMMCM).
    proc check_clocks {} {
        set card $parameters::card_mhz
        set memory $parameters::memory_mhz
        for {set mhz $memory} {$mhz <= 1600} {incr mhz $memory} {
            if {$mhz >= 800 && $mhz % $card == 0 && $mhz % 100 == 0} {
                return
            }
        }
        error "no MMCM makes $card MHz for the card and $memory MHz for the memory of one clock"
    }

    # The memory, its clocks and resets, and the pins hbm_refclk and hbm_cattrip. `density` is what both stacks hold,
    # as the core names it, `suffix` what the core's ports have at the end for it.
    proc create {density suffix segment_bytes} {
        check_clocks
        set chosen [choose_ports $segment_bytes]
        set refclk [create_bd_intf_port -mode Slave -vlnv xilinx.com:interface:diff_clock_rtl:1.0 hbm_refclk]
        connect::configure $refclk {FREQ_HZ 100000000}
        create_bd_port -dir O hbm_cattrip

        connect::cell hbm_refclk_buffer xilinx.com:ip:util_ds_buf:2.2 {C_BUF_TYPE IBUFDS}
        connect::bus hbm_refclk hbm_refclk_buffer/CLK_IN_D
        connect::cell clocks xilinx.com:ip:clk_wiz:6.0 [list \
            PRIM_SOURCE No_buffer NUM_OUT_CLKS 3 USE_LOCKED true USE_RESET false \
            CLKOUT1_REQUESTED_OUT_FREQ $parameters::memory_mhz \
            CLKOUT2_USED true CLKOUT2_REQUESTED_OUT_FREQ $parameters::card_mhz \
            CLKOUT3_USED true CLKOUT3_REQUESTED_OUT_FREQ 100]
        connect::cell memory_reset xilinx.com:ip:proc_sys_reset:5.0
        connect::cell control_reset xilinx.com:ip:proc_sys_reset:5.0
        connect::cell card_reset xilinx.com:ip:proc_sys_reset:5.0
        connect::cell memory_ready xilinx.com:ip:util_vector_logic:2.0 {C_OPERATION and C_SIZE 1}
        connect::cell overtemperature xilinx.com:ip:util_vector_logic:2.0 {C_OPERATION or C_SIZE 1}
        create_controller $density $chosen

        connect::net hbm_refclk_buffer/IBUF_OUT clocks/clk_in1 hbm/HBM_REF_CLK_0 hbm/HBM_REF_CLK_1
        connect::net clocks/clk_out2 card_clock card_reset/slowest_sync_clk
        connect::net clocks/clk_out3 hbm/APB_0_PCLK hbm/APB_1_PCLK control_reset/slowest_sync_clk
        connect::net clocks/locked memory_reset/dcm_locked control_reset/dcm_locked card_reset/dcm_locked
        # The memory starts with the board's reset. The card and its way to the memory begin when the link is there,
        # the card not before the memory can be used.
        connect::net pcie_perstn control_reset/ext_reset_in
        connect::net control_reset/peripheral_aresetn hbm/APB_0_PRESET_N hbm/APB_1_PRESET_N
        connect::net xdma/axi_aresetn memory_reset/ext_reset_in card_reset/ext_reset_in
        connect::net hbm/apb_complete_0 memory_ready/Op1
        connect::net hbm/apb_complete_1 memory_ready/Op2
        connect::net memory_ready/Res card_reset/aux_reset_in
        connect::net card_reset/peripheral_aresetn card_aresetn
        connect::net hbm/DRAM_0_STAT_CATTRIP overtemperature/Op1
        connect::net hbm/DRAM_1_STAT_CATTRIP overtemperature/Op2
        connect::net overtemperature/Res hbm_cattrip

        set clocks memory_reset/slowest_sync_clk
        set resets {}
        dict for {bus port} $chosen {
            lappend clocks hbm/[format AXI_%02d_ACLK $port]
            lappend resets hbm/[format AXI_%02d_ARESET_N $port]
        }
        connect::net clocks/clk_out1 {*}$clocks
        connect::net memory_reset/peripheral_aresetn {*}$resets
        dict for {bus port} $chosen {
            connect_bus $bus [format SAXI_%02d%s $port $suffix] $segment_bytes
        }
    }

    proc create_controller {density chosen} {
        variable ports
        set mhz $parameters::memory_mhz
        set ns [format %.3f [expr {1000.0 / $mhz}]]
        set ps [expr {1000000 / $mhz}]
        set properties [list \
            USER_HBM_DENSITY $density USER_HBM_STACK 2 \
            USER_SWITCH_ENABLE_00 TRUE USER_SWITCH_ENABLE_01 TRUE \
            USER_APB_EN false USER_XSDB_INTF_EN FALSE \
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
        connect::crossing [string tolower $bus] $bus hbm/$port clocks/clk_out2 clocks/clk_out1 \
            card_reset/interconnect_aresetn
        for {set segment 0} {$segment < $ports} {incr segment} {
            connect::assign $bus hbm/$port/[format HBM_MEM%02d $segment] \
                [expr {$segment * $segment_bytes}] $segment_bytes
        }
    }
}
