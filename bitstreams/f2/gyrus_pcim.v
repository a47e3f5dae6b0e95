// The card's bus to host memory as AWS' shell wants it, on its interface PCIM (aws-fpga,
// AWS_Shell_Interface_Specification.md, "PCIM Interface", and AWS_Shell_ERRATA.md):
//
// - every beat has 64 bytes (size 6). A SmartConnect packs bursts, but lets single beats keep their size (PG247);
//   data lie in the same lanes either way, and strobes say what is written;
// - reads under way at the same time have IDs of their own. Their beats may come in any order, and the card wants them
//   in order: each read has a slot here, in which they wait for their turn;
// - what was begun has to go on within 8 us, or the bus is dead until the image is loaded again. So a write's address
//   waits here until all of its data are here, and data of reads are always taken.
//
// Bursts have 8 beats at most: the card's end at multiples of 512 bytes (hdl/src/bus/bursts.rs). Eight reads of 512
// bytes carry 2 GB/s, as much as the card's bus does, if an answer takes 2 us.
`default_nettype none

module gyrus_pcim #(
    parameter DATA_BITS = 512
) (
    input wire aclk,
    input wire aresetn,

    input wire [63:0] s_araddr,
    input wire [7:0] s_arlen,
    input wire s_arvalid,
    output wire s_arready,
    output wire [DATA_BITS-1:0] s_rdata,
    output wire [1:0] s_rresp,
    output wire s_rlast,
    output wire s_rvalid,
    input wire s_rready,
    input wire [63:0] s_awaddr,
    input wire [7:0] s_awlen,
    input wire s_awvalid,
    output wire s_awready,
    input wire [DATA_BITS-1:0] s_wdata,
    input wire [DATA_BITS/8-1:0] s_wstrb,
    input wire s_wlast,
    input wire s_wvalid,
    output wire s_wready,
    output wire [1:0] s_bresp,
    output wire s_bvalid,
    input wire s_bready,

    output wire [15:0] m_arid,
    output wire [63:0] m_araddr,
    output wire [7:0] m_arlen,
    output wire [2:0] m_arsize,
    output wire m_arvalid,
    input wire m_arready,
    input wire [15:0] m_rid,
    input wire [DATA_BITS-1:0] m_rdata,
    input wire [1:0] m_rresp,
    input wire m_rlast,
    input wire m_rvalid,
    output wire m_rready,
    output wire [15:0] m_awid,
    output wire [63:0] m_awaddr,
    output wire [7:0] m_awlen,
    output wire [2:0] m_awsize,
    output wire m_awvalid,
    input wire m_awready,
    output wire [DATA_BITS-1:0] m_wdata,
    output wire [DATA_BITS/8-1:0] m_wstrb,
    output wire m_wlast,
    output wire m_wvalid,
    input wire m_wready,
    input wire [1:0] m_bresp,
    input wire m_bvalid,
    output wire m_bready
);
    localparam STROBES = DATA_BITS / 8;

    // Reads: eight slots in a ring, each of eight beats.
    reg [2:0] free_slot;
    reg [2:0] turn;
    reg [3:0] taken;
    reg [2:0] beat;
    reg [3:0] arrived[0:7];
    reg [DATA_BITS+2:0] beats[0:63];
    wire [2:0] slot = m_rid[2:0];
    wire room = ~taken[3];
    wire asked = s_arvalid & s_arready;
    wire given = s_rvalid & s_rready;
    wire ended = given & s_rlast;
    integer i;
    always @(posedge aclk) begin
        if (!aresetn) begin
            free_slot <= 3'd0;
            turn <= 3'd0;
            taken <= 4'd0;
            beat <= 3'd0;
            for (i = 0; i < 8; i = i + 1) arrived[i] <= 4'd0;
        end else begin
            taken <= taken + {3'd0, asked} - {3'd0, ended};
            if (m_rvalid) arrived[slot] <= arrived[slot] + 4'd1;
            if (asked) begin
                free_slot <= free_slot + 3'd1;
                arrived[free_slot] <= 4'd0;
            end
            if (given) beat <= s_rlast ? 3'd0 : beat + 3'd1;
            if (ended) turn <= turn + 3'd1;
        end
        if (m_rvalid) beats[{slot, arrived[slot][2:0]}] <= {m_rlast, m_rresp, m_rdata};
    end
    assign s_arready = m_arready & room;
    assign m_arvalid = s_arvalid & room;
    assign m_arid = {13'd0, free_slot};
    assign m_araddr = s_araddr;
    assign m_arlen = s_arlen;
    assign m_arsize = 3'd6;
    assign m_rready = 1'b1;
    assign s_rvalid = taken != 4'd0 & {1'b0, beat} < arrived[turn];
    assign {s_rlast, s_rresp, s_rdata} = beats[{turn, beat}];

    // Writes: addresses and data in queues of their own.
    reg [1:0] address_in;
    reg [1:0] address_out;
    reg [2:0] addresses;
    reg [71:0] address_queue[0:3];
    reg [4:0] data_in;
    reg [4:0] data_out;
    reg [5:0] words;
    reg [DATA_BITS+STROBES:0] data_queue[0:31];
    // Bursts whose data are all here, without an address so far; and those whose address has gone.
    reg [5:0] whole;
    reg [5:0] begun;
    wire address_taken = s_awvalid & s_awready;
    wire address_given = m_awvalid & m_awready;
    wire word_taken = s_wvalid & s_wready;
    wire word_given = m_wvalid & m_wready;
    always @(posedge aclk) begin
        if (!aresetn) begin
            address_in <= 2'd0;
            address_out <= 2'd0;
            addresses <= 3'd0;
            data_in <= 5'd0;
            data_out <= 5'd0;
            words <= 6'd0;
            whole <= 6'd0;
            begun <= 6'd0;
        end else begin
            if (address_taken) address_in <= address_in + 2'd1;
            if (address_given) address_out <= address_out + 2'd1;
            addresses <= addresses + {2'd0, address_taken} - {2'd0, address_given};
            if (word_taken) data_in <= data_in + 5'd1;
            if (word_given) data_out <= data_out + 5'd1;
            words <= words + {5'd0, word_taken} - {5'd0, word_given};
            whole <= whole + {5'd0, word_taken & s_wlast} - {5'd0, address_given};
            begun <= begun + {5'd0, address_given} - {5'd0, word_given & m_wlast};
        end
        if (address_taken) address_queue[address_in] <= {s_awlen, s_awaddr};
        if (word_taken) data_queue[data_in] <= {s_wlast, s_wstrb, s_wdata};
    end
    assign s_awready = ~addresses[2];
    assign s_wready = ~words[5];
    assign m_awid = 16'd0;
    assign {m_awlen, m_awaddr} = address_queue[address_out];
    assign m_awsize = 3'd6;
    assign m_awvalid = addresses != 3'd0 & whole != 6'd0;
    assign {m_wlast, m_wstrb, m_wdata} = data_queue[data_out];
    assign m_wvalid = begun != 6'd0;
    assign s_bresp = m_bresp;
    assign s_bvalid = m_bvalid;
    assign m_bready = s_bready;

    // A slot is one of eight.
    wire unused = &{1'b0, m_rid[15:3]};
endmodule

`default_nettype wire
