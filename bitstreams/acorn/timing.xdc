# Clocks from outside, and what is not timed. The cores bring constraints of their own for their clocks and for what
# crosses from one to another; asynchronous groups would do away with these, so there are none.

create_clock -period 10.000 -name pcie_refclk [get_ports pcie_refclk_clk_p]
create_clock -period 5.000 -name sys_clk [get_ports sys_clk_clk_p]

# A reset of the slot that comes at any time; all users synchronise it.
set_false_path -from [get_ports pcie_perstn]
# Levels for people and for the slot.
set_false_path -to [get_ports {led_link led_memory pcie_clkreq_n}]
# The card's interrupt into the clock of PCIe: a level, through two registers.
set_false_path -to [get_pins -hierarchical {*irq_synchroniser_reg[0]/D}]
