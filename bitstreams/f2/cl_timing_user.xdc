# Clocks are the HDK's (generated_cl_clocks_aws.xdc). The cores bring constraints of their own for what crosses from one
# to another.

# The card's interrupt into the shell's clock: a level, through two registers.
set_false_path -to [get_pins -hierarchical {*irq_synchroniser_reg[0]/D}]
