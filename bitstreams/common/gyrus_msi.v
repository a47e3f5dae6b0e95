// The card's interrupt, a level, to MSI of AMD's bridges that are asked for each message: axi_pcie (PG055). How a
// request has to look is taken from PG194, "MSI Interrupts", of the younger bridge with the same signals.
//
// A message is sent for the rising edge of a request, which lasts one cycle; the bridge grants it when it is gone.
// While MSI is off the same signal would be the legacy interrupt's level (PG055, "Legacy Interrupts"): nothing is asked
// for then. The card's level falls when the driver has written 1 to the causes that it read. A cause that comes between
// that reading and that writing keeps the level high. Hence a message is sent again while the level stays: the host
// gets one more than there were causes, never one less. A grant that never comes does not stop later ones.
`default_nettype none

module gyrus_msi #(
    // log2 of the cycles after which a message is sent again: 0.26 ms at 125 MHz.
    parameter RETRY_LOG2 = 15
) (
    input wire aclk,
    input wire aresetn,
    input wire irq,
    output wire msi_request,
    output wire [4:0] msi_vector,
    input wire msi_grant,
    input wire msi_enable
);
    // The card has another clock.
    (* ASYNC_REG = "TRUE" *) reg [1:0] irq_synchroniser;
    always @(posedge aclk) begin
        irq_synchroniser <= {irq_synchroniser[0], irq};
    end
    wire level = irq_synchroniser[1];

    reg request;
    reg waiting;
    reg granted;
    reg [RETRY_LOG2-1:0] cycles;
    wire late = &cycles;
    wire served = (granted | msi_grant) & ~level;
    wire due = level & msi_enable;
    always @(posedge aclk) begin
        if (!aresetn) begin
            request <= 1'b0;
            waiting <= 1'b0;
            granted <= 1'b0;
            cycles <= 0;
        end else if (waiting) begin
            request <= 1'b0;
            granted <= granted | msi_grant;
            cycles <= cycles + 1'b1;
            if (served | late) waiting <= 1'b0;
        end else begin
            granted <= 1'b0;
            cycles <= 0;
            request <= due;
            waiting <= due;
        end
    end
    assign msi_request = request & msi_enable;
    // One message is all that there is.
    assign msi_vector = 5'd0;
endmodule

`default_nettype wire
