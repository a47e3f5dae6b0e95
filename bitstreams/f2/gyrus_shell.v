// The card's interrupt, a level, to AWS' shell, and the shell's function level reset (aws-fpga,
// AWS_Shell_Interface_Specification.md, "Interrupts"; cl_ports.vh).
//
// The shell wants a pulse for a message, and none before it has acknowledged the last one. The card's level falls when
// the driver has written 1 to the causes that it read. A cause that comes between that reading and that writing keeps
// the level high. Hence a message is sent when the level has risen, and again after a while when it stands: the host
// gets a message more than there were causes, never one less.
//
// A function level reset is answered. The card is not reset: a write that it has begun has to be completed, or the
// shell's bus is dead. The driver resets the card by a register. A message that was not acknowledged is forgotten.
`default_nettype none

module gyrus_shell #(
    // log2 of the cycles after which a message is sent again: 0.26 ms at 250 MHz.
    parameter RETRY_LOG2 = 16
) (
    input wire aclk,
    input wire aresetn,
    input wire irq,
    output wire irq_req,
    input wire irq_ack,
    input wire flr_assert,
    output wire flr_done
);
    // The card has another clock, or may have.
    (* ASYNC_REG = "TRUE" *) reg [1:0] irq_synchroniser;
    always @(posedge aclk) begin
        irq_synchroniser <= {irq_synchroniser[0], irq};
    end
    wire level = irq_synchroniser[1];

    reg request;
    // The last message is not acknowledged.
    reg waiting;
    // The level was low since the last message.
    reg fell;
    reg [RETRY_LOG2-1:0] cycles;
    wire late = &cycles;
    wire send = level & ~waiting & ~request & (fell | late);
    reg resetting;
    reg done;
    always @(posedge aclk) begin
        resetting <= flr_assert;
        done <= resetting & ~done;
        if (!aresetn | resetting) begin
            request <= 1'b0;
            waiting <= 1'b0;
            fell <= 1'b1;
            cycles <= 0;
        end else begin
            request <= send;
            if (send) begin
                waiting <= 1'b1;
                fell <= 1'b0;
                cycles <= 0;
            end else begin
                if (irq_ack) waiting <= 1'b0;
                if (~level) fell <= 1'b1;
                if (~late) cycles <= cycles + 1'b1;
            end
        end
    end
    assign irq_req = request;
    assign flr_done = done;
endmodule

`default_nettype wire
