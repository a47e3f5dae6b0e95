# Makes the bitstream of a board, in non-project mode:
#
#     vivado -mode batch -source common/build.tcl -tclargs <parameters.tcl>
#
# The parameters are a file of `set` commands, written by gyrus-bitstream:
#
#     board          the board's folder beside this one
#     top            the top module
#     part           the FPGA, as the vendor's tools take it
#     image          what is made: bit, pdi; dcp where a shell's kit makes it (f2/synth.tcl)
#     sources        Verilog files of the top module and the card, absolute
#     output         the directory for everything that is made, absolute
#     vendor_id      of PCI, four hexadecimal digits
#     device_id      of PCI, four hexadecimal digits
#     card_mhz       the card's clock
#     memory_mhz     the clock of the memory's ports
#     key_channels   channels of the bootstrapping key, each a bus S_KEY_00, S_KEY_01, ..
#     key_bits       data bits of each
#     ksk_channels   channels of the key switching key, each a bus S_KSK_00, S_KSK_01, ..
#     ksk_bits       data bits of each
#     bank_log2      log2 of the bytes from one channel's bank to the next one's
#
# The top module has two instances: `card` (module gyrus_card) and `platform_i` (module platform, the block design).
# Nothing is caught: an error ends the run. How long it may take is for whoever starts it.

set common [file dirname [file normalize [info script]]]
foreach file {parameters project connect platform pcie pcie_7series hbm ddr3 noc implement} {
    source [file join $common $file.tcl]
}
if {[llength $argv] != 1} {
    error "give one file of parameters"
}
parameters::read [lindex $argv 0]

set folder [file join [file dirname $common] $parameters::board]
source [file join $folder platform.tcl]

project::open
project::read_sources [list {*}$parameters::sources \
    [file join $common gyrus_interrupt.v] [file join $common gyrus_msi.v]]
platform::begin
board::create
platform::end
project::read_constraints [list [file join $folder pins.xdc] [file join $folder timing.xdc]]
implement::synthesise
# What only a synthesised design can be told.
if {[llength [info procs board::synthesised]]} {
    board::synthesised
}
project::read_constraints [list [file join $folder floorplan.xdc]]
implement::place_and_route
implement::report
implement::check_timing
implement::write
