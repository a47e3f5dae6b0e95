# Plays the HDK's file of this name: the region that the shell leaves has this name.
create_pblock pblock_CL
