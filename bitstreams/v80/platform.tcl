# The V80's platform: the processor system's PCIe as a bridge (CPM5, controller 1), memory behind the network on chip.
#
# BAR0 is 4 KiB, the card's registers, and goes from the bridge straight into the logic. Host memory is reached over the
# network on chip: the bridge has a window of it at 0x80_0000_0000 (board.toml). Interrupts are MSI. The design of
# axi-pcie-core, XilinxAlveoV80PcieBlockDesign.tcl, has the bridge in the same way; the memory is as HPU has it.
#
# Clocks: 250 MHz of the processor system for PCIe's side; the card's from a PLL of 33.3 MHz (AVED).

namespace eval board {
    proc create {} {
        create_processor
        create_clocks
        noc::create_memory
        noc::create_host S_HOST cips/NOC_CPM_PCIE_0 cips/noc_cpm_pcie_axi0_clk
        connect::net clocks/clk_out1 memory/aclk0 host/aclk0
        foreach {segment offset bytes} {
            0 0xe0000000 0x10000000 1 0x600000000 0x200000000 2 0x8000000000 0x4000000000
        } {
            connect::assign S_HOST cips/NOC_CPM_PCIE_0/pspmc_0_psv_noc_pcie_$segment $offset $bytes
        }
        connect::crossing registers cips/CPM_PL_AXI1 M_AXIL cips/pl0_ref_clk clocks/clk_out1 \
            link_reset/interconnect_aresetn
        connect::assign cips/CPM_PL_AXI1 M_AXIL/Reg 0 0x1000
        connect_interrupt
    }

    proc create_processor {} {
        set refclk [create_bd_intf_port -mode Slave -vlnv xilinx.com:interface:diff_clock_rtl:1.0 pcie_refclk]
        connect::configure $refclk {FREQ_HZ 100000000}
        create_bd_intf_port -mode Master -vlnv xilinx.com:interface:gt_rtl:1.0 pcie_mgt
        connect::cell cips xilinx.com:ip:versal_cips:3.4 [list \
            CLOCK_MODE Custom PS_PL_CONNECTIVITY_MODE Custom \
            CPM_CONFIG [bridge] PS_PMC_CONFIG [processor] PS_PMC_CONFIG_APPLIED 1]
        connect::bus pcie_refclk cips/gt_refclk1
        connect::bus cips/PCIE1_GT pcie_mgt
        connect::net cips/pl0_ref_clk cips/cpm_pl_axi1_clk cips/dma1_intrfc_clk
        connect::net link_reset/interconnect_aresetn cips/dma1_intrfc_resetn
    }

    # PCIe: controller 1, eight lanes.
    proc bridge {} {
        return [list \
            CPM_PCIE0_MODES None CPM_PCIE0_FUNCTIONAL_MODE None \
            CPM_PCIE1_MODES DMA CPM_PCIE1_FUNCTIONAL_MODE AXI_Bridge CPM_PCIE1_MODE_SELECTION Advanced \
            CPM_PCIE1_PORT_TYPE PCI_Express_Endpoint_device \
            CPM_PCIE1_MAX_LINK_SPEED 32.0_GT/s CPM_PCIE1_PL_LINK_CAP_MAX_LINK_WIDTH X8 \
            CPM_PCIE1_CFG_VEND_ID $parameters::vendor_id CPM_PCIE1_PF0_CFG_DEV_ID $parameters::device_id \
            CPM_PCIE1_PF0_CFG_SUBSYS_VEND_ID $parameters::vendor_id CPM_PCIE1_PF0_CFG_SUBSYS_ID $parameters::device_id \
            CPM_PCIE1_PF0_BASE_CLASS_VALUE 12 CPM_PCIE1_PF0_SUB_CLASS_VALUE 00 CPM_PCIE1_TL_PF_ENABLE_REG 1 \
            CPM_PCIE1_ACS_CAP_ON 0 CPM_PCIE1_ARI_CAP_ENABLED 0 CPM_PCIE1_CFG_EXT_IF 0 \
            CPM_PCIE1_EXT_PCIE_CFG_SPACE_ENABLED None CPM_PCIE1_PF0_DEV_CAP_EXT_TAG_EN 1 \
            CPM_PCIE1_PF0_DEV_CAP_FUNCTION_LEVEL_RESET_CAPABLE 0 \
            CPM_PCIE1_PF0_BAR0_64BIT 1 CPM_PCIE1_PF0_BAR0_BRIDGE_64BIT 1 CPM_PCIE1_PF0_BAR0_PREFETCHABLE 0 \
            CPM_PCIE1_PF0_BAR0_BRIDGE_SCALE Kilobytes CPM_PCIE1_PF0_BAR0_BRIDGE_SIZE 4 \
            CPM_PCIE1_PF0_BAR0_BRIDGE_STEERING CPM_PL_AXI1 CPM_PCIE1_PF0_BAR1_BRIDGE_ENABLED 0 \
            CPM_PCIE1_BRIDGE_AXI_SLAVE_IF 1 CPM_PCIE1_PCIE_REGION_0_EN 0 CPM_PCIE1_PCIE_REGION_2_EN 1 \
            CPM_PCIE1_PCIE_REGION_2_SCALE Gigabytes CPM_PCIE1_PCIE_REGION_2_SIZE 128 \
            CPM_AXI_SLV_BRIDGE1_BASE_ADDRR_H 0x00000000 \
            CPM_PCIE1_MSI_X_OPTIONS None CPM_PCIE1_PF0_MSIX_ENABLED 0 CPM_PCIE1_PF0_MSI_ENABLED 1 \
            CPM_PCIE1_PF0_INTERRUPT_PIN NONE CPM_PCIE1_NUM_USR_IRQ 1 \
            CPM_PL_AXI0_EN 0 CPM_PL_AXI1_EN 1]
    }

    # The processor system: what it starts from, the slot's reset, clocks for the logic. Nothing runs on it.
    proc processor {} {
        return [list \
            BOOT_MODE Custom CLOCK_MODE Custom DESIGN_MODE 1 IO_CONFIG_MODE Custom PS_BOARD_INTERFACE Custom \
            PS_PL_CONNECTIVITY_MODE Custom PCIE_APERTURES_DUAL_ENABLE 0 PCIE_APERTURES_SINGLE_ENABLE 1 \
            PMC_BANK_1_IO_STANDARD LVCMOS3.3 PMC_REF_CLK_FREQMHZ 33.333333 \
            PMC_OSPI_PERIPHERAL {{ENABLE 1} {IO {PMC_MIO 0 .. 11}} {MODE Single}} PMC_CRP_OSPI_REF_CTRL_FREQMHZ 200 \
            PS_PCIE1_PERIPHERAL_ENABLE 0 PS_PCIE2_PERIPHERAL_ENABLE 1 PS_PCIE_RESET {ENABLE 1} \
            PS_PCIE_EP_RESET1_IO {PMC_MIO 24} PS_PCIE_EP_RESET2_IO {PMC_MIO 25} PMC_MIO_EN_FOR_PL_PCIE 0 \
            PS_CRL_CPM_TOPSW_REF_CTRL_FREQMHZ 1000 PS_NUM_FABRIC_RESETS 1 \
            PS_USE_PMCPL_CLK0 1 PMC_CRP_PL0_REF_CTRL_FREQMHZ 250 \
            PS_USE_PMCPL_CLK1 1 PMC_CRP_PL1_REF_CTRL_FREQMHZ 33.3333333]
    }

    proc create_clocks {} {
        connect::cell clocks xilinx.com:ip:clk_wizard:1.0 [list \
            CLKOUT_USED true CLKOUT_DRIVES No_buffer CLKOUT_REQUESTED_OUT_FREQUENCY $parameters::card_mhz \
            PRIM_SOURCE No_buffer USE_DYN_RECONFIG false USE_LOCKED true USE_POWER_DOWN false USE_RESET false]
        connect::cell link_reset xilinx.com:ip:proc_sys_reset:5.0
        connect::cell card_reset xilinx.com:ip:proc_sys_reset:5.0
        connect::net cips/pl1_ref_clk clocks/clk_in1
        connect::net clocks/clk_out1 card_clock card_reset/slowest_sync_clk
        connect::net cips/pl0_ref_clk link_reset/slowest_sync_clk
        connect::net clocks/locked card_reset/dcm_locked link_reset/dcm_locked
        connect::net cips/pl0_resetn card_reset/ext_reset_in link_reset/ext_reset_in
        connect::net card_reset/peripheral_aresetn card_aresetn
    }

    # As on the bridge of UltraScale+: a request that stands until it is served. The mask that gyrus_interrupt.v sets
    # there over AXI4-Lite is not reached from the logic here.
    proc connect_interrupt {} {
        create_bd_cell -type module -reference gyrus_interrupt interrupt
        connect::net cips/pl0_ref_clk interrupt/aclk
        connect::net link_reset/peripheral_aresetn interrupt/aresetn
        connect::net irq interrupt/irq
        connect::net interrupt/usr_irq_req cips/bridge1_usr_irq_req
        connect::net cips/bridge1_usr_irq_ack interrupt/usr_irq_ack
    }
}
