# Synthesis of the custom logic. The HDK's build_all.tcl calls it by the name synth_cl_gyrus.tcl, in the directory that
# `gyrus-bitstream board f2 --check` makes; placement, routing and the checkpoint for AWS are the HDK's.

set folder [file dirname [file normalize [info script]]]
foreach file {parameters project connect platform hbm} {
    source [file join [file dirname $folder] common $file.tcl]
}
source [file join $folder platform.tcl]
parameters::read [file join $CL_DIR parameters.tcl]

source [file join $HDK_SHELL_DIR build scripts synth_cl_header.tcl]
project::settings
foreach file [list {*}$parameters::sources \
    [file join $folder gyrus_shell.v] [file join $folder gyrus_pcim.v] [file join $folder cl_gyrus.sv]] {
    read_verilog -sv $file
}
read_verilog -sv [file join $CL_DIR design cl_id_defines.vh]
set_property file_type {Verilog Header} [get_files cl_id_defines.vh]
set_property is_global_include true [get_files cl_id_defines.vh]
update_compile_order -fileset sources_1
platform::begin
board::create
platform::end
foreach file {cl_synth_user.xdc cl_timing_user.xdc} {
    read_xdc [file join $constraints_dir $file]
    set_property PROCESSING_ORDER LATE [get_files $file]
}
synth_design -mode out_of_context -top $CL -part $DEVICE_TYPE -verilog_define XSDB_SLV_DIS -keep_equivalent_registers
source [file join $HDK_SHELL_DIR build scripts synth_cl_footer.tcl]
