# PCIe of the 7 series: AMD's AXI Memory Mapped to PCI Express (PG055), as an endpoint.
#
# BAR0 is 8 KiB, the least that designs with this core have; the card's registers are its first 4 KiB. It is one of 64
# bits, as bridges of Thunderbolt pass on no others (dau_build). The core has no MSI-X (PG055, "Root Port MSI Base
# Register 2"): what the driver does then stands in acorn/README.md. MSI is there.
#
# The bus to the host has 32 bits of address. Its windows go to the bus as they are, and are of 2 GiB at most (PG055,
# "BAR Addressing"), so that two of them are the 4 GiB that there can be. What the card asks for above is answered by
# the SmartConnect with DECERR (PG247, "Address Decode"), and never reaches the core, which would drop the upper bits.

namespace eval pcie_7series {
    # Bytes of a window.
    variable window 0x80000000

    # The core and its pins: pcie_refclk, pcie_mgt, pcie_perstn, pcie_clkreq_n. `lanes` and `speed` are the link's, as
    # the core names them; `block` is the hard block, `bits` the width of both buses, which goes with the link.
    proc create {lanes speed block bits} {
        variable window
        set refclk [create_bd_intf_port -mode Slave -vlnv xilinx.com:interface:diff_clock_rtl:1.0 pcie_refclk]
        connect::configure $refclk {FREQ_HZ 100000000}
        create_bd_intf_port -mode Master -vlnv xilinx.com:interface:pcie_7x_mgt_rtl:1.0 pcie_mgt
        set perstn [create_bd_port -dir I -type rst pcie_perstn]
        connect::configure $perstn {POLARITY ACTIVE_LOW}
        create_bd_port -dir O pcie_clkreq_n

        connect::cell pcie_refclk_buffer xilinx.com:ip:util_ds_buf:2.2 {C_BUF_TYPE IBUFDSGTE}
        connect::cell pcie xilinx.com:ip:axi_pcie:2.9 [list \
            INCLUDE_RC PCI_Express_Endpoint_device PCIE_BLK_LOCN $block REF_CLK_FREQ 100_MHz \
            NO_OF_LANES $lanes MAX_LINK_SPEED $speed S_AXI_DATA_WIDTH $bits M_AXI_DATA_WIDTH $bits \
            VENDOR_ID 0x[string toupper $parameters::vendor_id] \
            DEVICE_ID 0x[string toupper $parameters::device_id] \
            SUBSYSTEM_VENDOR_ID 0x[string toupper $parameters::vendor_id] \
            SUBSYSTEM_ID 0x[string toupper $parameters::device_id] \
            ENABLE_CLASS_CODE true CLASS_CODE 0x120000 \
            BAR_64BIT true BAR0_ENABLED true BAR0_TYPE Memory BAR0_SCALE Kilobytes BAR0_SIZE 8 \
            PCIEBAR2AXIBAR_0 0x00000000 \
            AXIBAR_NUM 2 AXIBAR_AS_0 false AXIBAR2PCIEBAR_0 0x00000000 \
            AXIBAR_AS_1 false AXIBAR2PCIEBAR_1 [format 0x%08X $window] \
            S_AXI_SUPPORTS_NARROW_BURST true INTERRUPT_PIN false NUM_MSI_REQ 0]
        connect::bus pcie_refclk pcie_refclk_buffer/CLK_IN_D
        connect::net pcie_refclk_buffer/IBUF_OUT pcie/REFCLK
        connect::bus pcie/pcie_7x_mgt pcie_mgt

        # The slot's reset for all that runs in the core's clock.
        connect::cell pcie_reset xilinx.com:ip:proc_sys_reset:5.0
        connect::net pcie/axi_aclk_out pcie_reset/slowest_sync_clk
        connect::net pcie/mmcm_lock pcie_reset/dcm_locked
        connect::net pcie_perstn pcie/axi_aresetn pcie_reset/ext_reset_in

        # The host gives a slot its clock only if it is asked to.
        connect::cell ask_for_clock xilinx.com:ip:xlconstant:1.1 {CONST_WIDTH 1 CONST_VAL 0}
        connect::net ask_for_clock/dout pcie_clkreq_n
    }

    # The card's buses to and from the host. The clock is the card's, the reset that of what is connected to it.
    proc connect_card {clock reset} {
        variable window
        connect::crossing registers pcie/M_AXI M_AXIL pcie/axi_aclk_out $clock pcie_reset/interconnect_aresetn
        connect::assign pcie/M_AXI M_AXIL/Reg 0 0x1000
        connect::crossing host S_HOST pcie/S_AXI $clock pcie/axi_aclk_out $reset
        connect::assign S_HOST pcie/S_AXI/BAR0 0 $window
        connect::assign S_HOST pcie/S_AXI/BAR1 $window $window
    }

    # The card's interrupt to MSI: gyrus_msi.v says how.
    proc connect_interrupt {} {
        create_bd_cell -type module -reference gyrus_msi interrupt
        connect::net pcie/axi_aclk_out interrupt/aclk
        connect::net pcie_reset/peripheral_aresetn interrupt/aresetn
        connect::net irq interrupt/irq
        connect::net interrupt/msi_request pcie/INTX_MSI_Request
        connect::net interrupt/msi_vector pcie/MSI_Vector_Num
        connect::net pcie/INTX_MSI_Grant interrupt/msi_grant
        connect::net pcie/MSI_enable interrupt/msi_enable
    }

    # Where the transceivers of lanes 0, 1, .. are. The core has them where AMD's boards do, which constraints cannot
    # change: a place that is taken is not given again, and the lanes would stay crossed with no more than a warning
    # (NiteFury, readme.md; dau_build). So all are taken away before the first is given, and what was given is read.
    proc place_transceivers {sites} {
        set name gt_wrapper_i/gtp_channel.gtpe2_channel_i
        reset_property LOC [get_cells -hierarchical -filter "NAME =~ *$name"]
        set lane 0
        foreach site $sites {
            set cell [get_cells -hierarchical -filter "NAME =~ *pipe_lane\[$lane\].$name"]
            if {[llength $cell] != 1} {
                error "lane $lane has [llength $cell] transceivers"
            }
            set_property LOC $site $cell
            if {[get_property LOC $cell] ne $site} {
                error "the transceiver of lane $lane is not at $site"
            }
            incr lane
        }
    }
}
