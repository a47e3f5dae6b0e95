# Where parts are to lie, as hints: soft regions within pblock_CL, which is what the shell leaves
# (small_shell_level_1_fp_cl.xdc). HBM is in SLR0, so its core and the logic that speaks to memory go there. The card's
# core, most of it, has the dies above, which it is joined to by streams only. The shell's interfaces are in SLR1
# (AWS_Shell_Interface_Specification.md, "Multi-SLR FPGA"): what speaks to them is left to the tools.

create_pblock pblock_memory
resize_pblock pblock_memory -add {CLOCKREGION_X0Y0:CLOCKREGION_X3Y3 CLOCKREGION_X4Y0:CLOCKREGION_X7Y0}
set_property IS_SOFT TRUE [get_pblocks pblock_memory]
set_property parent pblock_CL [get_pblocks pblock_memory]
add_cells_to_pblock pblock_memory [get_cells [list WRAPPER/CL/gyrus/platform_i/hbm WRAPPER/CL/gyrus/card/key_reader WRAPPER/CL/gyrus/card/keyswitch_reader WRAPPER/CL/gyrus/card/keyswitch WRAPPER/CL/gyrus/card/card_reader WRAPPER/CL/gyrus/card/card_writer]]

create_pblock pblock_core
resize_pblock pblock_core -add {CLOCKREGION_X0Y4:CLOCKREGION_X3Y7 CLOCKREGION_X0Y8:CLOCKREGION_X7Y11}
set_property IS_SOFT TRUE [get_pblocks pblock_core]
set_property parent pblock_CL [get_pblocks pblock_core]
add_cells_to_pblock pblock_core [get_cells WRAPPER/CL/gyrus/card/core]
