# The Acorn's platform: PCIe of generation 2 with 4 lanes, and a DDR3 chip of 1 GiB, from a clock of 200 MHz.
# Block: NiteFury (PCIE_X0Y0), and it is the only one. Buses of 128 bits go with such a link (NiteFury).

namespace eval board {
    variable folder [file dirname [file normalize [info script]]]

    proc create {} {
        variable folder
        pcie_7series::create X4 5.0_GT/s X0Y0 128
        ddr3::create [file join $folder mig.prj] 200000000 0x40000000
        pcie_7series::connect_card clocks/clk_out1 card_reset/interconnect_aresetn
        pcie_7series::connect_interrupt
        foreach {light pin} {led_link pcie/user_link_up led_memory memory/init_calib_complete} {
            create_bd_port -dir O $light
            connect::net $pin $light
        }
    }

    proc synthesised {} {
        # NiteFury, early.xdc; dau_build has the same.
        pcie_7series::place_transceivers {
            GTPE2_CHANNEL_X0Y6 GTPE2_CHANNEL_X0Y4 GTPE2_CHANNEL_X0Y5 GTPE2_CHANNEL_X0Y7
        }
    }
}
