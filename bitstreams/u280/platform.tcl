# The U280's platform: PCIe of generation 3 with 16 lanes, and 8 GB of memory: pseudo channels of 256 MB.
# Block and transceivers: TaPaSCo, AU280; axi-pcie-core, XilinxAlveoU280PciePhyGen3x16.xci; CHORYS (vendor/ips.toml).

namespace eval board {
    proc create {} {
        pcie::create X16 8.0_GT/s PCIE4C_X1Y0 GTY_Quad_227
        hbm::create_on_board 8GB {} 0x10000000
        pcie::connect_card $hbm::card_clock card_reset/interconnect_aresetn
        pcie::connect_interrupt
    }
}
