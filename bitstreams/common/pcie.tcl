# PCIe: AMD's DMA/Bridge Subsystem as a bridge between the bus and AXI (PG194), of UltraScale+.
#
# BAR0 is 4 KiB, the card's registers. BAR2 is 64 KiB, which the core keeps for itself: its registers of interrupts
# and, from 0x8000 on, the table of MSI-X (PG194, "PCIe Miscellaneous Tab" and "DMA/Bridge Subsystem for PCIe
# Register Memory Map"). The driver lets the kernel write that table.
#
# The card's addresses of host memory go to the bus as they are: the bridge's one window covers all 64 bits and adds 0.

namespace eval pcie {
    # The bridge and its pins: pcie_refclk, pcie_mgt, pcie_perstn. `lanes` and `speed` are the link's, as the core
    # names them; `block` is the hard block, `quad` the transceivers of lane 0.
    proc create {lanes speed block quad} {
        set refclk [create_bd_intf_port -mode Slave -vlnv xilinx.com:interface:diff_clock_rtl:1.0 pcie_refclk]
        connect::configure $refclk {FREQ_HZ 100000000}
        create_bd_intf_port -mode Master -vlnv xilinx.com:interface:pcie_7x_mgt_rtl:1.0 pcie_mgt
        set perstn [create_bd_port -dir I -type rst pcie_perstn]
        connect::configure $perstn {POLARITY ACTIVE_LOW}

        connect::cell pcie_refclk_buffer xilinx.com:ip:util_ds_buf:2.2 {C_BUF_TYPE IBUFDSGTE}
        connect::cell xdma xilinx.com:ip:xdma:4.1 [list \
            functional_mode AXI_Bridge mode_selection Advanced \
            pcie_blk_locn $block en_gt_selection true select_quad $quad plltype QPLL1 coreclk_freq 500 \
            pl_link_cap_max_link_width $lanes pl_link_cap_max_link_speed $speed \
            axi_addr_width 64 axi_data_width 512_bit axisten_freq 250 \
            vendor_id [string toupper $parameters::vendor_id] \
            pf0_device_id [string toupper $parameters::device_id] \
            pf0_subsystem_vendor_id [string toupper $parameters::vendor_id] \
            pf0_subsystem_id [string toupper $parameters::device_id] \
            pf0_Use_Class_Code_Lookup_Assistant false pf0_base_class_menu Processing_accelerators \
            pf0_sub_class_interface_menu Unknown \
            pf0_class_code_base 12 pf0_class_code_sub 00 pf0_class_code_interface 00 \
            pf0_bar0_64bit true pf0_bar0_scale Kilobytes pf0_bar0_size 4 pciebar2axibar_0 0x0000000000000000 \
            pf0_bar2_enabled true pf0_bar2_64bit true pf0_bar2_scale Kilobytes pf0_bar2_size 64 \
            pciebar2axibar_2 0x0000000000100000 bar_indicator BAR_3:2 \
            pf0_interrupt_pin NONE pf0_msi_enabled false xdma_num_usr_irq 1 \
            pf0_msix_enabled true pf0_msix_impl_locn Internal pf0_msix_cap_table_size 01F \
            pf0_msix_cap_table_bir BAR_3:2 pf0_msix_cap_table_offset 00008000 \
            pf0_msix_cap_pba_bir BAR_3:2 pf0_msix_cap_pba_offset 00008FE0 \
            axibar_num 1 axibar2pciebar_0 0x0000000000000000 \
            c_s_axi_supports_narrow_burst true xdma_axilite_slave true]
        connect::bus pcie_refclk pcie_refclk_buffer/CLK_IN_D
        connect::net pcie_refclk_buffer/IBUF_OUT xdma/sys_clk_gt
        connect::net pcie_refclk_buffer/IBUF_DS_ODIV2 xdma/sys_clk
        connect::net pcie_perstn xdma/sys_rst_n
        connect::bus xdma/pcie_mgt pcie_mgt
    }

    # The card's buses to and from the host. The clock is the card's, the reset that of what is connected to it.
    proc connect_card {clock reset} {
        connect::crossing registers xdma/M_AXI_B M_AXIL xdma/axi_aclk $clock xdma/axi_aresetn
        connect::assign xdma/M_AXI_B M_AXIL/Reg 0 0x1000
        connect::crossing host S_HOST xdma/S_AXI_B $clock xdma/axi_aclk $reset
        connect::assign S_HOST xdma/S_AXI_B/BAR0 0 [expr {2 ** 64}]
    }

    # The card's interrupt to MSI-X: gyrus_interrupt.v says how. It also sets the core's mask of interrupts.
    proc connect_interrupt {} {
        create_bd_cell -type module -reference gyrus_interrupt interrupt
        connect::net xdma/axi_aclk interrupt/aclk
        connect::net xdma/axi_aresetn interrupt/aresetn
        connect::net irq interrupt/irq
        connect::net interrupt/usr_irq_req xdma/usr_irq_req
        connect::net xdma/usr_irq_ack interrupt/usr_irq_ack
        connect::bus interrupt/m_axil xdma/S_AXI_LITE
        connect::assign interrupt/m_axil xdma/S_AXI_LITE/CTL0 0 [expr {2 ** 32}]
    }
}
