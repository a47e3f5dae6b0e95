# Pins of the SQRL Acorn, but for the lanes of PCIe (floorplan.xdc) and the memory and its clock (mig.prj). Sources, by
# the names of bitstreams/README.md: LiteX-Boards, sqrl_acorn.py; NiteFury, early.xdc and normal.xdc. Pins are the same.

# PCIe's reference clock from the slot, which the card has to ask for.
set_property PACKAGE_PIN F6 [get_ports pcie_refclk_clk_p]
set_property PACKAGE_PIN E6 [get_ports pcie_refclk_clk_n]
set_property -dict {PACKAGE_PIN J1 IOSTANDARD LVCMOS33 PULLUP true} [get_ports pcie_perstn]
set_property -dict {PACKAGE_PIN G1 IOSTANDARD LVCMOS33} [get_ports pcie_clkreq_n]

# The memory's clock has its pins from mig.prj, which has no standard for them. Sources disagree: NiteFury has LVDS_25;
# LiteX, which runs on this card and is followed, that of the memory's own bank.
set_property IOSTANDARD DIFF_SSTL15 [get_ports sys_clk_clk_p]
set_property IOSTANDARD DIFF_SSTL15 [get_ports sys_clk_clk_n]

# Lights, as NiteFury has them: the link is up, the memory can be used. Which level lights them has no source.
set_property -dict {PACKAGE_PIN G4 IOSTANDARD LVCMOS33} [get_ports led_link]
set_property -dict {PACKAGE_PIN H4 IOSTANDARD LVCMOS33} [get_ports led_memory]

# The flash that the FPGA starts from. LiteX reads it at 16 MHz; NiteFury has a clock of its own for it (EMCCLK), which
# the Acorn is not known to have.
set_property CONFIG_VOLTAGE 3.3 [current_design]
set_property CFGBVS VCCO [current_design]
set_property CONFIG_MODE SPIx4 [current_design]
set_property BITSTREAM.CONFIG.SPI_BUSWIDTH 4 [current_design]
set_property BITSTREAM.CONFIG.CONFIGRATE 16 [current_design]
set_property BITSTREAM.GENERAL.COMPRESS TRUE [current_design]
# As NiteFury: off when it is too hot.
set_property BITSTREAM.CONFIG.OVERTEMPPOWERDOWN ENABLE [current_design]
