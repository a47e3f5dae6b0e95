// The card's interrupt, a level, to the user interrupt of AMD's PCIe bridge (PG194, "MSI and Internal MSI-X
// Interrupts").
//
// The bridge sends a message when `usr_irq_req` rises, and wants it to stay until it acknowledges and the host has
// served the cause. The card's level falls when the driver has written 1 to the causes that it read. A cause that
// comes between that reading and that writing keeps the level high, so that it never falls and no further message
// would be sent. Hence a request that was not served in time is withdrawn and made again: the host gets a message
// more than there were causes, never one less.
//
// The bridge's mask of user interrupts is 0 after a reset (PG195, "IRQ Block User Interrupt Enable Mask"; whether that
// holds for the bridge is not written): it is set once, over AXI4-Lite.
`default_nettype none

module gyrus_interrupt #(
    // log2 of the cycles after which a request is made again: 0.26 ms at 250 MHz.
    parameter RETRY_LOG2 = 16
) (
    input wire aclk,
    input wire aresetn,
    input wire irq,
    output wire [0:0] usr_irq_req,
    input wire [0:0] usr_irq_ack,

    output wire [31:0] m_axil_awaddr,
    output wire [2:0] m_axil_awprot,
    output wire m_axil_awvalid,
    input wire m_axil_awready,
    output wire [31:0] m_axil_wdata,
    output wire [3:0] m_axil_wstrb,
    output wire m_axil_wvalid,
    input wire m_axil_wready,
    input wire [1:0] m_axil_bresp,
    input wire m_axil_bvalid,
    output wire m_axil_bready,
    output wire [31:0] m_axil_araddr,
    output wire [2:0] m_axil_arprot,
    output wire m_axil_arvalid,
    input wire m_axil_arready,
    input wire [31:0] m_axil_rdata,
    input wire [1:0] m_axil_rresp,
    input wire m_axil_rvalid,
    output wire m_axil_rready
);
    // The card has another clock.
    (* ASYNC_REG = "TRUE" *) reg [1:0] irq_synchroniser;
    always @(posedge aclk) begin
        irq_synchroniser <= {irq_synchroniser[0], irq};
    end
    wire level = irq_synchroniser[1];

    reg request;
    reg acknowledged;
    reg [RETRY_LOG2-1:0] cycles;
    wire late = &cycles;
    wire served = (acknowledged | usr_irq_ack[0]) & ~level;
    // Low for 16 cycles at least.
    wire ready = |cycles[RETRY_LOG2-1:4];
    always @(posedge aclk) begin
        if (!aresetn) begin
            request <= 1'b0;
            acknowledged <= 1'b0;
            cycles <= 0;
        end else if (request) begin
            acknowledged <= acknowledged | usr_irq_ack[0];
            cycles <= cycles + 1'b1;
            if (served | late) begin
                request <= 1'b0;
                cycles <= 0;
            end
        end else begin
            acknowledged <= 1'b0;
            if (ready) begin
                if (level) begin
                    request <= 1'b1;
                    cycles <= 0;
                end
            end else begin
                cycles <= cycles + 1'b1;
            end
        end
    end
    assign usr_irq_req = request;

    // Bit 28 chooses the registers of interrupts, 0x2000 the block of user interrupts (PG194, "DMA/Bridge Subsystem
    // for PCIe Register Memory Map"), 0x04 its mask.
    reg address_offered;
    reg data_offered;
    reg written;
    always @(posedge aclk) begin
        if (!aresetn) begin
            address_offered <= 1'b1;
            data_offered <= 1'b1;
            written <= 1'b0;
        end else begin
            if (m_axil_awready) address_offered <= 1'b0;
            if (m_axil_wready) data_offered <= 1'b0;
            if (m_axil_bvalid) written <= 1'b1;
        end
    end
    // Nothing is offered in a reset.
    assign m_axil_awaddr = 32'h1000_2004;
    assign m_axil_awprot = 3'd0;
    assign m_axil_awvalid = address_offered & aresetn;
    assign m_axil_wdata = 32'd1;
    assign m_axil_wstrb = 4'hf;
    assign m_axil_wvalid = data_offered & aresetn;
    assign m_axil_bready = ~written;

    assign m_axil_araddr = 32'd0;
    assign m_axil_arprot = 3'd0;
    assign m_axil_arvalid = 1'b0;
    assign m_axil_rready = 1'b0;

    // Nothing is read, and there is nothing to do about an error.
    wire unused = &{1'b0, m_axil_bresp, m_axil_arready, m_axil_rdata, m_axil_rresp, m_axil_rvalid};
endmodule

`default_nettype wire
