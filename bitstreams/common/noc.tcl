# High bandwidth memory of Versal: its controllers are hard, and so is the network on chip in front of them (PG313).
#
# 16 controllers of two pseudo channels, which follow each other from `base` on, 1 GB each. A bus reaches those that it
# is joined to, at a rate that it asks for. The keys' buses are joined to the pseudo channel of their bank, bank b to
# number b; the card's own bus to all, over ports of their own. Buses of up to 256 bits enter beside the memory, wider
# ones anywhere. All come in the card's clock: the network has its own, and changes widths.

namespace eval noc {
    variable base 0x4000000000
    variable channel_bytes 0x40000000
    variable controllers 16
    # The most that a bus of the network carries, MB/s (HPU, bd_hpu_plug.tcl, asks for 11,000 and 12,000), and what the
    # card's own bus asks of each pseudo channel: a 64-bit bus of 300 MHz has 2,400 for all.
    variable most_rate 12000
    variable card_rate 60

    proc rate {read write} {
        return [list read_bw [list $read] write_bw [list $write] read_avg_burst [list 64] write_avg_burst [list 64]]
    }

    # The memory, with its two reference clocks.
    proc create_memory {} {
        variable controllers
        variable card_rate
        set wide {}
        set narrow {}
        set bank 0
        foreach channel [platform::channels] {
            lassign $channel bus bits
            if {$bank >= 2 * $controllers} {
                error "the card has more channels than the memory has pseudo channels"
            }
            set join [list $bus $bits $bank]
            if {$bits > 256} {
                lappend wide $join
            } else {
                lappend narrow $join
            }
            incr bank
        }
        connect::cell memory xilinx.com:ip:axi_noc:1.1 [list \
            HBM_NUM_CHNL $controllers HBM_REF_CLK_FREQ0 200.000 HBM_REF_CLK_FREQ1 200.000 \
            HBM_REF_CLK_SELECTION External NUM_CLKS 1 NUM_HBM_BLI [llength $narrow] NUM_MI 0 NUM_NMI 0 NUM_NSI 0 \
            NUM_SI [expr {1 + [llength $wide]}]]
        foreach stack {0 1} {
            set refclk [create_bd_intf_port -mode Slave -vlnv xilinx.com:interface:diff_clock_rtl:1.0 hbm_refclk_$stack]
            connect::configure $refclk {FREQ_HZ 200000000}
            connect::bus hbm_refclk_$stack memory/hbm_ref_clk$stack
        }

        set pins {}
        set number 0
        foreach join $narrow {
            lappend pins [join_channel $join [format HBM%02d_AXI $number] pl_hbm]
            incr number
        }
        set number 1
        foreach join $wide {
            lappend pins [join_channel $join [format S%02d_AXI $number] pl]
            incr number
        }
        set connections {}
        for {set controller 0} {$controller < $controllers} {incr controller} {
            foreach port {1 3} {
                lappend connections HBM${controller}_PORT$port [rate $card_rate $card_rate]
            }
        }
        join_bus S_CARD S00_AXI 64 pl $connections
        for {set channel 0} {$channel < 2 * $controllers} {incr channel} {
            assign S_CARD S00_AXI $channel
        }
        connect::configure [get_bd_pins memory/aclk0] [list ASSOCIATED_BUSIF [join [list S00_AXI {*}$pins] :]]
    }

    # A key's bus to the pseudo channel of its bank; the pin that it has.
    proc join_channel {join pin category} {
        variable most_rate
        lassign $join bus bits bank
        set rate [expr {min($most_rate, $bits / 8 * $parameters::card_mhz)}]
        set port HBM[expr {$bank / 2}]_PORT[expr {$bank % 2 * 2}]
        join_bus $bus $pin $bits $category [list $port [rate $rate 0]]
        assign $bus $pin $bank
        return $pin
    }

    proc join_bus {bus pin bits category connections} {
        connect::configure [get_bd_intf_pins memory/$pin] \
            [list DATA_WIDTH $bits CATEGORY $category CONNECTIONS $connections]
        connect::bus $bus memory/$pin
    }

    proc assign {bus pin channel} {
        variable base
        variable channel_bytes
        if {1 << $parameters::bank_log2 != $channel_bytes} {
            error "a bank is no pseudo channel"
        }
        connect::assign $bus memory/$pin/HBM[expr {$channel / 2}]_PC[expr {$channel % 2}] \
            [expr {$base + $channel * $channel_bytes}] $channel_bytes
    }

    # A bus of the card's to the processor system's slave of PCIe.
    proc create_host {bus slave clock} {
        connect::cell host xilinx.com:ip:axi_noc:1.1 {
            HBM_NUM_CHNL 0 NUM_CLKS 2 NUM_HBM_BLI 0 NUM_MI 1 NUM_NMI 0 NUM_NSI 0 NUM_SI 1
        }
        connect::configure [get_bd_intf_pins host/M00_AXI] {CATEGORY ps_pcie}
        connect::configure [get_bd_intf_pins host/S00_AXI] \
            [list DATA_WIDTH 64 CATEGORY pl CONNECTIONS [list M00_AXI [rate 2400 2400]]]
        connect::configure [get_bd_pins host/aclk0] {ASSOCIATED_BUSIF S00_AXI}
        connect::configure [get_bd_pins host/aclk1] {ASSOCIATED_BUSIF M00_AXI}
        connect::bus $bus host/S00_AXI
        connect::bus host/M00_AXI $slave
        connect::net $clock host/aclk1
    }
}
