# The cores bring constraints of their own for all clocks, those from outside among them, and for what crosses from one
# to another.

# The card's interrupt into the clock of PCIe: a level, through two registers.
set_false_path -to [get_pins -hierarchical {*irq_synchroniser_reg[0]/D}]
