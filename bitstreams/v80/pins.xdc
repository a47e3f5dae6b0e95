# Pins of the Alveo V80. Sources, by the names of bitstreams/README.md: AVED, impl.pins.xdc; HPU,
# xcv80_pin_assignment.xdc; XilinxBoardStore. All of them have the same pins.
#
# PCIe's lanes and clock and the pins of the processor system are where the device has them.

# 200 MHz, beside each stack of the memory; their standard is fixed.
set_property PACKAGE_PIN N18 [get_ports hbm_refclk_0_clk_p]
set_property PACKAGE_PIN N19 [get_ports hbm_refclk_0_clk_n]
set_property PACKAGE_PIN N38 [get_ports hbm_refclk_1_clk_p]
set_property PACKAGE_PIN N37 [get_ports hbm_refclk_1_clk_n]
