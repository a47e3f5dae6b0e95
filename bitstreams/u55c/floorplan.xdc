# Where parts are to lie, as hints: soft regions. HBM and PCIe are in SLR0 (board.toml; TaPaSCo, AU280), so their cores
# and the logic that speaks to memory go there. The core, most of the card, has the dies above, which it is joined to by
# streams only.

create_pblock pblock_platform
resize_pblock pblock_platform -add SLR0
set_property IS_SOFT TRUE [get_pblocks pblock_platform]
add_cells_to_pblock pblock_platform [get_cells [list platform_i card/key_reader card/keyswitch_reader card/keyswitch card/host_reader card/host_writer card/card_reader card/card_writer card/registers]]

create_pblock pblock_core
resize_pblock pblock_core -add {SLR1 SLR2}
set_property IS_SOFT TRUE [get_pblocks pblock_core]
add_cells_to_pblock pblock_core [get_cells card/core]
