# The F2's platform: AWS' shell has PCIe, and gives registers, host memory, interrupts and clocks (cl_gyrus.sv). Of the
# memory, 16 GB, it watches the controllers' registers.
#
#     S_OCL                  from the shell: the application function's BAR0
#     M_PCIM                 to the shell: host memory, 512 bits, as cl_gyrus.sv's gyrus_pcim wants it
#     irq_req, irq_ack       the interrupt's message, and that it was sent
#     flr_assert, flr_done   a function level reset, and its answer
#     hbm_apb_*              the memory's monitor
#
# All but the last are of clk_main_a0, 250 MHz; the last of clk_hbm_ref, 100 MHz.

namespace eval board {
    variable shell_mhz 250

    proc create {} {
        variable shell_mhz
        ports
        hbm::create 16GB _8HI 0x20000000 [dict create \
            reference clk_hbm_ref control_clock clk_hbm_ref \
            card_clock [expr {$parameters::card_mhz == $shell_mhz ? "clk_main_a0" : ""}] \
            memory_start rst_main_n card_start rst_main_n monitored true]
        connect_monitor
        connect::crossing registers S_OCL M_AXIL clk_main_a0 $hbm::card_clock rst_main_n
        connect::assign S_OCL M_AXIL/Reg 0 0x1000
        connect::crossing host S_HOST M_PCIM $hbm::card_clock clk_main_a0 card_reset/interconnect_aresetn
        connect::assign S_HOST M_PCIM/Reg 0 [expr {2 ** 64}]
        connect_interrupt
    }

    proc ports {} {
        variable shell_mhz
        set hz [expr {$shell_mhz * 1000000}]
        connect::axi_port Slave S_OCL 32 32 [list PROTOCOL AXI4LITE HAS_BURST 0 HAS_CACHE 0 MAX_BURST_LENGTH 1 \
            NUM_READ_OUTSTANDING 1 NUM_WRITE_OUTSTANDING 1 FREQ_HZ $hz]
        connect::axi_port Master M_PCIM 512 64 [list FREQ_HZ $hz]
        connect::configure [create_bd_port -dir I -type clk clk_main_a0] \
            [list FREQ_HZ $hz ASSOCIATED_BUSIF S_OCL:M_PCIM ASSOCIATED_RESET rst_main_n]
        connect::configure [create_bd_port -dir I -type rst rst_main_n] {POLARITY ACTIVE_LOW}
        connect::configure [create_bd_port -dir I -type clk clk_hbm_ref] {FREQ_HZ 100000000}
        create_bd_port -dir O irq_req
        create_bd_port -dir I irq_ack
        create_bd_port -dir I flr_assert
        create_bd_port -dir O flr_done
    }

    # What the shell sees of the registers of both stacks. Its reset takes them away from us if it does not like that.
    proc connect_monitor {} {
        foreach stack {0 1} {
            set reset [create_bd_port -dir I -type rst hbm_apb_preset_n_$stack]
            connect::configure $reset {POLARITY ACTIVE_LOW}
            connect::net hbm_apb_preset_n_$stack hbm/MON_APB_${stack}_PRESET_N
            foreach {name bits} {paddr 22 psel 1 penable 1 pwrite 1 pwdata 32 prdata 32 pready 1 pslverr 1} {
                set port hbm_apb_${name}_$stack
                if {$bits == 1} {
                    create_bd_port -dir O $port
                } else {
                    create_bd_port -dir O -from [expr {$bits - 1}] -to 0 $port
                }
                connect::net hbm/APB_${stack}_[string toupper $name]_MON $port
            }
        }
    }

    proc connect_interrupt {} {
        create_bd_cell -type module -reference gyrus_shell interrupt
        connect::net clk_main_a0 interrupt/aclk
        connect::net rst_main_n interrupt/aresetn
        connect::net irq interrupt/irq
        connect::net interrupt/irq_req irq_req
        connect::net irq_ack interrupt/irq_ack
        connect::net flr_assert interrupt/flr_assert
        connect::net interrupt/flr_done flr_done
    }
}
