# Where parts are to lie, as hints: soft regions. HBM is above SLR2 (AVED, "NoC Configuration"), so the logic that
# speaks to memory goes there, where the network on chip has the memory's own entries. The processor system is in SLR0,
# and so are the way from PCIe to the registers and their interrupt. The card's core, most of it, is left to the tools.

create_pblock pblock_memory
resize_pblock pblock_memory -add SLR2
set_property IS_SOFT TRUE [get_pblocks pblock_memory]
add_cells_to_pblock pblock_memory [get_cells [list card/key_reader card/keyswitch_reader card/card_reader card/card_writer]]

create_pblock pblock_host
resize_pblock pblock_host -add SLR0
set_property IS_SOFT TRUE [get_pblocks pblock_host]
add_cells_to_pblock pblock_host [get_cells [list platform_i/registers platform_i/interrupt card/registers card/host_reader card/host_writer]]
