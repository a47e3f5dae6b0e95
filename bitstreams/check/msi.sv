// What common/gyrus_msi.v promises, for Yosys' prover. It is written from the promises, not from the module: it looks
// at ports only.
module msi_properties (
    input wire clock,
    input wire irq,
    input wire grant,
    input wire enable
);
    localparam RETRY_LOG2 = 5;
    localparam RETRY = 1 << RETRY_LOG2;

    // A reset that is long enough for the cause to have come through.
    reg [2:0] start = 3'd0;
    wire running = &start;
    always @(posedge clock) if (~running) start <= start + 1'b1;

    wire request;
    wire [4:0] vector;
    gyrus_msi #(.RETRY_LOG2(RETRY_LOG2)) msi (
        .aclk(clock),
        .aresetn(running),
        .irq(irq),
        .msi_request(request),
        .msi_vector(vector),
        .msi_grant(grant),
        .msi_enable(enable)
    );

    // The past, as the host and the bridge see it: cycles since the last request, and whether it was granted and the
    // cause seen to be gone since then; cycles that messages have been on, and that a cause has stood in these.
    reg before = 1'b0;
    reg asked = 1'b0;
    reg [RETRY_LOG2+1:0] since = 0;
    reg granted = 1'b0;
    reg ended = 1'b0;
    reg [RETRY_LOG2+1:0] on = 0;
    reg [RETRY_LOG2+1:0] standing = 0;
    reg [2:0] past = 3'd0;
    wire [RETRY_LOG2+1:0] most = {(RETRY_LOG2 + 2) {1'b1}};
    wire gone = (granted | grant) & ~past[1];
    always @(posedge clock) begin
        before <= running & request;
        asked <= running & (asked | request);
        since <= (request | ~running) ? 0 : since + (since != most);
        granted <= running & (request ? grant : granted | grant);
        ended <= running & (request ? grant & ~past[1] : ended | gone);
        on <= (enable & running) ? on + (on != most) : 0;
        standing <= (irq & enable & running) ? standing + (standing != most) : 0;
        past <= {past[1:0], irq};
    end

    always @(posedge clock) if (running) begin
        // A request is one cycle long, and there is none while messages are off.
        if (before) assert(~request);
        if (~enable) assert(~request);
        // Without a cause nothing is asked for.
        if (request) assert(past[2]);
        // A second message is for a cause that came later, or because the first one may not have been enough.
        if (request & asked) assert(ended | since >= RETRY);
        // A cause that stands is told again and again; the first one as soon as it is seen, unless messages have only
        // just been switched on.
        if (standing >= RETRY + 4) assert(since <= RETRY);
        if (standing >= 3 & on > RETRY & enable & ~asked) assert(request);
        assert(vector == 5'd0);
    end
endmodule
