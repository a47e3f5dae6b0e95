# DDR3 of the 7 series: AMD's Memory Interface Generator (UG586), one controller.
#
# What the chip is, its pins and its timing, and the clock that it runs from are in the generator's own project file,
# which src/mig.rs checks. All buses of the card share the controller's one port, and each reaches all of the memory: an
# address of the card is one of the memory. Bank b, where the card keeps a channel of a key, begins at b * 2^bank_log2.

namespace eval ddr3 {
    # The card's clock is made from the controller's by one MMCM: at 600 to 1200 MHz, which every speed grade can
    # (LiteX, S7MMCM), it has to be a whole multiple of both.
    proc check_clocks {} {
        set card $parameters::card_mhz
        set memory $parameters::memory_mhz
        for {set mhz $memory} {$mhz <= 1200} {incr mhz $memory} {
            if {$mhz >= 600 && $mhz % $card == 0} {
                return
            }
        }
        error "no MMCM makes $card MHz for the card of $memory MHz"
    }

    # All of the card's buses to memory. Each has to have its bank.
    proc buses {bytes} {
        set buses {}
        foreach channel [platform::channels] {
            lappend buses [lindex $channel 0]
        }
        if {[llength $buses] << $parameters::bank_log2 > $bytes} {
            error "[llength $buses] banks of 2^$parameters::bank_log2 bytes are more than the memory has"
        }
        return [concat $buses S_CARD]
    }

    # The memory, its clocks and resets, and the pins ddr3 and sys_clk, named as in the project. `oscillator` is what
    # the controller runs from, Hz.
    proc create {project oscillator bytes} {
        check_clocks
        set buses [buses $bytes]
        create_bd_intf_port -mode Master -vlnv xilinx.com:interface:ddrx_rtl:1.0 ddr3
        set sys_clk [create_bd_intf_port -mode Slave -vlnv xilinx.com:interface:diff_clock_rtl:1.0 sys_clk]
        connect::configure $sys_clk [list FREQ_HZ $oscillator]

        connect::cell memory xilinx.com:ip:mig_7series:4.2 [list \
            BOARD_MIG_PARAM Custom MIG_DONT_TOUCH_PARAM Custom RESET_BOARD_INTERFACE Custom XML_INPUT_FILE $project]
        connect::cell clocks xilinx.com:ip:clk_wiz:6.0 [list \
            PRIM_SOURCE No_buffer NUM_OUT_CLKS 1 USE_LOCKED true USE_RESET true \
            CLKOUT1_REQUESTED_OUT_FREQ $parameters::card_mhz]
        connect::cell memory_reset xilinx.com:ip:proc_sys_reset:5.0
        connect::cell card_reset xilinx.com:ip:proc_sys_reset:5.0
        connect::cell memory_buses xilinx.com:ip:smartconnect:1.0 \
            [list NUM_SI [llength $buses] NUM_MI 1 NUM_CLKS 2 HAS_ARESETN 1]

        connect::bus sys_clk memory/SYS_CLK
        connect::bus memory/DDR3 ddr3
        connect::net memory/ui_clk clocks/clk_in1 memory_reset/slowest_sync_clk memory_buses/aclk1
        connect::net clocks/clk_out1 card_clock card_reset/slowest_sync_clk memory_buses/aclk
        # The memory starts with the slot's reset, the card when the memory can be used.
        connect::net pcie_perstn memory/sys_rst
        connect::net memory/ui_clk_sync_rst clocks/reset memory_reset/ext_reset_in
        connect::net memory/mmcm_locked memory_reset/dcm_locked
        connect::net memory_reset/peripheral_aresetn memory/aresetn
        connect::net pcie_reset/peripheral_aresetn card_reset/ext_reset_in
        connect::net memory/init_calib_complete card_reset/aux_reset_in
        connect::net clocks/locked card_reset/dcm_locked
        connect::net card_reset/peripheral_aresetn card_aresetn
        connect::net card_reset/interconnect_aresetn memory_buses/aresetn

        set number 0
        foreach bus $buses {
            connect::bus $bus memory_buses/[format S%02d_AXI $number]
            incr number
        }
        connect::bus memory_buses/M00_AXI memory/S_AXI
        foreach bus $buses {
            connect::assign $bus memory/memmap/memaddr 0 $bytes
        }
    }
}
