# The block design 'platform': what every board's has, whatever is inside.
#
#     M_AXIL              to the card: BAR0, AXI4-Lite of 32 bits
#     S_HOST              from the card: host memory, AXI4 of 64 bits
#     S_CARD              from the card: card memory, AXI4 of 64 bits
#     S_KEY_00, ..        from the card: channels of the bootstrapping key, read only
#     S_KSK_00, ..        from the card: channels of the key switching key, read only
#     card_clock          the card's clock
#     card_aresetn        the card's reset, low
#     irq                 the card's interrupt, a level

namespace eval platform {
    # An empty design with the card's side.
    proc begin {} {
        create_bd_design -dir $parameters::output platform
        connect::axi_port Master M_AXIL 32 12 {
            PROTOCOL AXI4LITE HAS_BURST 0 HAS_CACHE 0 MAX_BURST_LENGTH 1
            NUM_READ_OUTSTANDING 1 NUM_WRITE_OUTSTANDING 1
        }
        connect::axi_port Slave S_HOST 64 64
        connect::axi_port Slave S_CARD 64 64
        foreach channel [channels] {
            lassign $channel name bits
            connect::axi_port Slave $name $bits 64 {READ_WRITE_MODE READ_ONLY}
        }
        create_bd_port -dir I irq
        set buses [list M_AXIL S_HOST S_CARD]
        foreach channel [channels] {
            lappend buses [lindex $channel 0]
        }
        set clock [create_bd_port -dir O -type clk card_clock]
        create_bd_port -dir O -type rst card_aresetn
        connect::configure $clock [list ASSOCIATED_BUSIF [join $buses :] ASSOCIATED_RESET card_aresetn]
    }

    # The buses of the keys in the order of their banks: name, data bits.
    proc channels {} {
        set channels {}
        for {set c 0} {$c < $parameters::key_channels} {incr c} {
            lappend channels [list [format S_KEY_%02d $c] $parameters::key_bits]
        }
        for {set c 0} {$c < $parameters::ksk_channels} {incr c} {
            lappend channels [list [format S_KSK_%02d $c] $parameters::ksk_bits]
        }
        return $channels
    }

    # Checks the design and makes its Verilog, which is synthesised together with the card.
    proc end {} {
        validate_bd_design
        save_bd_design
        set file [get_files platform.bd]
        set_property synth_checkpoint_mode None $file
        generate_target all $file
        update_compile_order -fileset sources_1
    }
}
