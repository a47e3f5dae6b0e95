// The ULX3S around the core: a PLL, and a clock that begins when the PLL has locked, since the core has no reset and
// its registers have to be as the bitstream sets them.
module ulx3s(
    input wire clk_25mhz,
    input wire ftdi_txd,
    output wire ftdi_rxd,
    output wire [7:0] led
);
wire unsteady;
wire locked;
wire clock;

// Its text comes from ecppll.
pll pll(.clk_25mhz(clk_25mhz), .clkout0(unsteady), .locked(locked));

DCCA gate(.CLKI(unsteady), .CE(locked), .CLKO(clock));

gyrus_serial serial(.clock(clock), .receive(ftdi_txd), .send(ftdi_rxd), .lights(led));
endmodule
