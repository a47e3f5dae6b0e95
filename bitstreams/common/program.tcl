# Loads an image into the FPGA of a card, over JTAG, with the vendor's hardware manager:
#
#     vivado -mode batch -source common/program.tcl -tclargs <image> <device> [<server>]
#
# <image> is a .bit or .pdi file; <device> begins the name of the FPGA as the cable shows it, such as xcu280; <server> is
# the host and port of a running hw_server, by default one is started here. The image is lost with the power. Nothing
# is loaded if not exactly one such FPGA is found.

if {[llength $argv] < 2 || [llength $argv] > 3} {
    error "give an image, how the FPGA's name begins and, if it is elsewhere, a hw_server"
}
lassign $argv image device server
if {![file isfile $image]} {
    error "there is no image '$image'"
}

open_hw_manager
if {$server eq ""} {
    connect_hw_server
} else {
    connect_hw_server -url $server
}
open_hw_target
set found [get_hw_devices $device*]
if {[llength $found] != 1} {
    error "[llength $found] FPGAs are called $device.., must be one: [get_hw_devices]"
}
current_hw_device $found
set_property PROGRAM.FILE $image $found
program_hw_devices $found
close_hw_target
disconnect_hw_server
close_hw_manager
