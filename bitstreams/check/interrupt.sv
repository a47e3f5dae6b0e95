// What common/gyrus_interrupt.v promises, for Yosys' prover. It is written from the promises, not from the module: it
// looks at ports only.
module interrupt_properties (
    input wire clock,
    input wire irq,
    input wire acknowledge,
    input wire address_ready,
    input wire data_ready,
    input wire response
);
    localparam RETRY_LOG2 = 5;

    // A reset of the first cycle.
    reg running = 1'b0;
    always @(posedge clock) running <= 1'b1;

    wire request, address_valid, data_valid;
    wire [31:0] address, data;
    wire [3:0] strobes;
    gyrus_interrupt #(.RETRY_LOG2(RETRY_LOG2)) interrupt (
        .aclk(clock),
        .aresetn(running),
        .irq(irq),
        .usr_irq_req(request),
        .usr_irq_ack(acknowledge),
        .m_axil_awaddr(address),
        .m_axil_awvalid(address_valid),
        .m_axil_awready(address_ready),
        .m_axil_wdata(data),
        .m_axil_wstrb(strobes),
        .m_axil_wvalid(data_valid),
        .m_axil_wready(data_ready),
        .m_axil_bvalid(response),
        .m_axil_bresp(2'd0),
        .m_axil_arready(1'b0),
        .m_axil_rdata(32'd0),
        .m_axil_rresp(2'd0),
        .m_axil_rvalid(1'b0)
    );

    // The past, as the host and the bridge see it.
    reg before = 1'b0;
    reg seen = 1'b0;
    reg [RETRY_LOG2:0] high = 0;
    reg [RETRY_LOG2:0] low = 0;
    reg [RETRY_LOG2:0] standing = 0;
    reg [2:0] past = 3'd0;
    reg address_given = 1'b0;
    reg data_given = 1'b0;
    wire [RETRY_LOG2:0] most = {(RETRY_LOG2 + 1) {1'b1}};
    always @(posedge clock) begin
        before <= running & request;
        seen <= request & running & (seen | acknowledge);
        high <= (request & running) ? high + (high != most) : 0;
        low <= (~request & running) ? low + (low != most) : 0;
        standing <= (irq & running) ? standing + (standing != most) : 0;
        past <= {past[1:0], irq};
        address_given <= running & (address_given | (address_valid & address_ready));
        data_given <= running & (data_given | (data_valid & data_ready));
    end

    always @(posedge clock) if (running) begin
        // A request ends when it was acknowledged and the cause is gone, or when it has stood long enough. The cause
        // is seen two cycles late, and the request is a register.
        if (before & ~request) assert((seen & ~past[2]) | high == (1 << RETRY_LOG2));
        // None stands for longer.
        if (request) assert(high < (1 << RETRY_LOG2));
        // Between two there is a gap that the bridge sees as an edge.
        if (~before & request) assert(low >= 16);
        // A cause that stands is asked for as soon as it has been seen and the gap is over.
        if (standing >= 3 & low >= 17) assert(request);
        // Without a cause nothing is asked for.
        if (~before & request) assert(past[2]);
        // The mask is written once, as a whole, and offers stay.
        assert(address_valid == ~address_given);
        assert(data_valid == ~data_given);
        if (address_valid) assert(address == 32'h1000_2004);
        if (data_valid) assert(data == 32'd1 & strobes == 4'hf);
    end
endmodule
