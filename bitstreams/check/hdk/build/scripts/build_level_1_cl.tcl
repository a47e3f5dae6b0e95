# Plays the HDK's file of this name: the shell's floorplan, the custom logic's, and the implementation.
read_xdc [file join $HDK_SHELL_DIR build constraints ${SHELL_MODE}_level_1_fp_cl.xdc]
read_xdc [file join $constraints_dir ${SHELL_MODE}_cl_pnr_user.xdc]
opt_design
place_design
phys_opt_design
route_design
write_checkpoint -force [file join $checkpoints_dir $CL.$TAG.post_route.dcp]
