# Plays the HDK's part in a build of custom logic for AWS EC2 F2, in our words (aws-fpga, hdk/common/shell_stable/build/
# scripts): the variables that build_all.tcl sets, and the order in which it reads the custom logic's scripts. The
# argument is the custom logic's directory.

set CL_DIR [lindex $argv 0]
set CL [file tail $CL_DIR]
set HDK_SHELL_DIR [file dirname [file normalize [info script]]]
set HDK_SHELL_DESIGN_DIR [file join $HDK_SHELL_DIR design]
set DEVICE_TYPE xcvu47p-fsvh2892-2-e
set TAG check
set SHELL_MODE small_shell
set scripts_dir [file join $CL_DIR build scripts]
set build_dir [file dirname $scripts_dir]
foreach {name folder} {
    constraints_dir constraints reports_dir reports checkpoints_dir checkpoints src_post_enc_dir src_post_encryption
} {
    set $name [file join $build_dir $folder]
}
proc print {message} {
    puts $message
}

cd $scripts_dir
source encrypt.tcl
source [file join $scripts_dir synth_$CL.tcl]
source [file join $HDK_SHELL_DIR build scripts build_level_1_cl.tcl]
