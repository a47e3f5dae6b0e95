// What f2/gyrus_shell.v promises, for Yosys' prover. It is written from the promises, not from the module: it looks at
// ports only.
module shell_properties (
    input wire clock,
    input wire irq,
    input wire acknowledge,
    input wire reset_function
);
    localparam RETRY_LOG2 = 4;
    localparam RETRY = 1 << RETRY_LOG2;

    // A reset of four cycles, in which what has none gets a value.
    reg [2:0] start = 3'd0;
    wire running = start[2];
    always @(posedge clock) if (!running) start <= start + 3'd1;

    wire request, done;
    gyrus_shell #(.RETRY_LOG2(RETRY_LOG2)) shell (
        .aclk(clock),
        .aresetn(running),
        .irq(irq),
        .irq_req(request),
        .irq_ack(acknowledge),
        .flr_assert(reset_function),
        .flr_done(done)
    );

    // The past, as the host and the shell see it. A level is seen two cycles late, a function's reset one; a request is
    // a register.
    reg before = 1'b0;
    reg was_done = 1'b0;
    reg owed = 1'b0;
    reg fell = 1'b1;
    reg [RETRY_LOG2:0] since = 0;
    reg [2:0] level = 3'd0;
    reg [1:0] resetting = 2'd0;
    reg [RETRY_LOG2:0] quiet = 0;
    wire [RETRY_LOG2:0] most = {(RETRY_LOG2 + 1) {1'b1}};
    wire owes = (owed | request) & ~acknowledge;
    always @(posedge clock) begin
        before <= running & request;
        was_done <= done;
        resetting <= {resetting[0], reset_function};
        level <= {level[1:0], irq};
        // A message that is not acknowledged.
        owed <= running & ~resetting[0] & owes;
        // The level has been low since the last message.
        fell <= ~running | resetting[0] | (~request & (fell | ~level[1])) | (request & ~level[1]);
        since <= (running & ~request) ? since + (since != most) : 0;
        // How long a level stands that nothing keeps from being told.
        quiet <= (running & level[1] & ~resetting[0] & ~owed & ~request & (fell | since >= RETRY)) ?
                 quiet + (quiet != most) : 0;
    end

    always @(posedge clock) if (running) begin
        // A message is a pulse of one cycle.
        if (before) assert(~request);
        // None before the last one was acknowledged.
        if (request) assert(~owed);
        // None without a cause, and none in a function's reset.
        if (request) assert(level[2] & ~resetting[1]);
        // A cause that stands is told as soon as it may be.
        assert(quiet < 3);
        // A message again only when the level has fallen, or after a while.
        if (request) assert(fell | since >= RETRY - 2);
        // A function's reset is answered by pulses, as long as it stands.
        if (done) assert(resetting[1] & ~was_done);
        if (resetting[1] & ~was_done) assert(done);
    end
endmodule
