// A card and AWS' shell around f2/gyrus_pcim.v, both at random, for Verilator. It is written from what the shell wants
// (AWS_Shell_Interface_Specification.md, "PCIM Interface"; AWS_Shell_ERRATA.md) and from AXI: it looks at ports only.
// It says PASSED, or what was wrong.
module pcim_test;
    localparam TRANSFERS = 20000;
    // A write whose words do not come is a stall; the shell waits 8 us, 2000 cycles.
    localparam DEADLINE = 2000;

    reg clock = 1'b0;
    always #1 clock = ~clock;
    reg [3:0] start = 4'd0;
    wire running = start[3];

    // The card's side.
    reg [63:0] s_araddr, s_awaddr, s_wdata;
    reg [7:0] s_arlen, s_awlen, s_wstrb;
    reg s_arvalid = 0, s_awvalid = 0, s_wvalid = 0, s_wlast, s_rready = 0, s_bready = 0;
    wire s_arready, s_awready, s_wready, s_rvalid, s_rlast, s_bvalid;
    wire [63:0] s_rdata;
    wire [1:0] s_rresp, s_bresp;
    // The shell's side.
    wire [15:0] m_arid, m_awid;
    wire [63:0] m_araddr, m_awaddr, m_wdata;
    wire [7:0] m_arlen, m_awlen, m_wstrb;
    wire [2:0] m_arsize, m_awsize;
    wire m_arvalid, m_awvalid, m_wvalid, m_wlast, m_rready, m_bready;
    reg m_arready = 0, m_awready = 0, m_wready = 0, m_rvalid = 0, m_rlast, m_bvalid = 0;
    reg [15:0] m_rid;
    reg [63:0] m_rdata;
    reg [1:0] m_rresp, m_bresp;

    gyrus_pcim #(.DATA_BITS(64)) pcim (.aclk(clock), .aresetn(running), .*);

    // What memory has at a beat of a read.
    function [65:0] memory(input [63:0] address, input integer beat);
        memory = {2'(address + beat), (address + 64'(beat)) * 64'h9e37_79b9_7f4a_7c15};
    endfunction

    // A burst's address, and its beats less one: {length, address}.
    // Reads that the card awaits, in order; and those that the shell has, by their IDs.
    logic [71:0] awaited[$];
    integer beat = 0;
    logic [71:0] held[16];
    integer sent[16];
    reg [15:0] busy = 16'd0;
    integer most_reads = 0, reads = 0;
    integer choice;
    // Writes as the card began them; words of them; what the shell has taken of each.
    logic [71:0] written[$], open_bursts[$];
    logic [72:0] words[$];
    integer to_send = 0, send_at = 0, answers = 0, writes = 0, written_back = 0;
    logic [71:0] sending[$];
    integer since = 0;
    logic [71:0] now;
    logic [72:0] word;

    task fail(input string what);
        $display("FAILED: %s", what);
        $finish;
        $stop;
    endtask

    // Offers stay as they are until they are taken.
    reg ar_held = 0, aw_held = 0, w_held = 0, r_held = 0;
    reg [71:0] ar_was, aw_was;
    reg [72:0] w_was;
    reg [66:0] r_was;

    always @(posedge clock) begin
        if (!running) start <= start + 4'd1;
        else begin
            // The card begins reads and takes their words, with pauses.
            if (s_arvalid & s_arready) begin
                awaited.push_back({s_arlen, s_araddr});
                s_arvalid <= 1'b0;
            end
            if ((!s_arvalid | s_arready) & $urandom % 4 != 0) begin
                s_arvalid <= 1'b1;
                s_araddr <= {$urandom, $urandom};
                s_arlen <= 8'($urandom % 8);
            end
            s_rready <= $urandom % 64 < ((reads / 500) % 2 == 0 ? 60 : 4);
            if (s_rvalid & s_rready) begin
                if (awaited.size() == 0) fail("a word that was not asked for");
                if ({s_rresp, s_rdata} != memory(awaited[0][63:0], beat)) fail("another word, or out of order");
                if (s_rlast != (beat == integer'(awaited[0][71:64]))) fail("a read of another length");
                beat = beat + 1;
                if (s_rlast) begin
                    void'(awaited.pop_front());
                    beat = 0;
                    reads = reads + 1;
                end
            end
            // The shell takes reads, and answers them in any order.
            if (m_arvalid & m_arready) begin
                if (m_arsize != 3'd6) fail("a read of narrow beats");
                if (m_arid > 15 || busy[m_arid[3:0]]) fail("two reads with one ID");
                held[m_arid[3:0]] = {m_arlen, m_araddr};
                sent[m_arid[3:0]] = 0;
                busy[m_arid[3:0]] = 1'b1;
                if ($countones(busy) > most_reads) most_reads = $countones(busy);
            end
            m_arready <= $urandom % 4 != 0;
            if (m_rvalid & !m_rready) fail("words of a read are not taken");
            if (m_rvalid & m_rlast) busy[m_rid[3:0]] = 1'b0;
            m_rvalid <= 1'b0;
            choice = $urandom % 16;
            if (busy[choice] & $urandom % 8 != 0) begin
                m_rvalid <= 1'b1;
                m_rid <= 16'(choice);
                {m_rresp, m_rdata} <= memory(held[choice][63:0], sent[choice]);
                m_rlast <= sent[choice] == integer'(held[choice][71:64]);
                sent[choice] = sent[choice] + 1;
            end

            // The card begins writes, and lets words of them wait, sometimes for long.
            if (s_awvalid & s_awready) s_awvalid <= 1'b0;
            if ((!s_awvalid | s_awready) & open_bursts.size() < 3 & $urandom % 8 == 0) begin
                now = {8'($urandom % 8), $urandom, $urandom};
                s_awvalid <= 1'b1;
                {s_awlen, s_awaddr} <= now;
                written.push_back(now);
                open_bursts.push_back(now);
            end
            if (s_wvalid & s_wready) begin
                words.push_back({s_wlast, s_wstrb, s_wdata});
                s_wvalid <= 1'b0;
                if (s_wlast) begin
                    void'(open_bursts.pop_front());
                    send_at = 0;
                end else send_at = send_at + 1;
            end
            if ((!s_wvalid | s_wready) & open_bursts.size() > 0) begin
                if ($urandom % 400 == 0) to_send = $urandom % 3000;
                if (to_send > 0) to_send = to_send - 1;
                else begin
                    s_wvalid <= 1'b1;
                    s_wdata <= {$urandom, $urandom};
                    s_wstrb <= 8'($urandom);
                    s_wlast <= send_at == integer'(open_bursts[0][71:64]);
                end
            end
            s_bready <= $urandom % 4 != 0;
            // The shell takes words without a gap of ours, of writes whose addresses it has taken before.
            if (m_wvalid) begin
                if (sending.size() == 0) fail("words before their address");
                if (words.size() == 0 || {m_wlast, m_wstrb, m_wdata} != words[0]) fail("another word is written");
            end else if (sending.size() > 0) fail("a write that was begun waits for its words");
            if (m_wvalid & m_wready) begin
                void'(words.pop_front());
                if (m_wlast) begin
                    void'(sending.pop_front());
                    answers = answers + 1;
                end
            end
            if (m_awvalid & m_awready) begin
                if (m_awsize != 3'd6) fail("a write of narrow beats");
                if (written.size() == 0 || {m_awlen, m_awaddr} != written[0]) fail("another write, or out of order");
                sending.push_back(written.pop_front());
            end
            m_awready <= $urandom % 4 != 0;
            m_wready <= $urandom % 4 != 0;
            if (m_bvalid & m_bready) begin
                m_bvalid <= 1'b0;
                written_back = written_back + 1;
            end
            if ((!m_bvalid | m_bready) & answers > 0 & $urandom % 4 == 0) begin
                m_bvalid <= 1'b1;
                m_bresp <= 2'($urandom);
                answers = answers - 1;
            end
            if (s_bvalid & s_bready) writes = writes + 1;
            if (s_bvalid != m_bvalid | (s_bvalid & s_bresp != m_bresp)) fail("another answer");

            if (ar_held & (!m_arvalid | {m_araddr, m_arlen} != ar_was)) fail("a read's address does not stay");
            if (aw_held & (!m_awvalid | {m_awaddr, m_awlen} != aw_was)) fail("a write's address does not stay");
            if (w_held & (!m_wvalid | {m_wlast, m_wstrb, m_wdata} != w_was)) fail("a word does not stay");
            if (r_held & (!s_rvalid | {s_rlast, s_rresp, s_rdata} != r_was)) fail("a word for the card does not stay");
            ar_held <= m_arvalid & !m_arready;
            ar_was <= {m_araddr, m_arlen};
            aw_held <= m_awvalid & !m_awready;
            aw_was <= {m_awaddr, m_awlen};
            w_held <= m_wvalid & !m_wready;
            w_was <= {m_wlast, m_wstrb, m_wdata};
            r_held <= s_rvalid & !s_rready;
            r_was <= {s_rlast, s_rresp, s_rdata};

            since = (s_rvalid & s_rready) | (s_bvalid & s_bready) ? 0 : since + 1;
            if (since > DEADLINE * 4) fail("nothing moves any more");
            if (reads >= TRANSFERS & writes >= TRANSFERS / 20) begin
                if (most_reads < 8) fail("fewer than eight reads at a time");
                $display("PASSED: %0d reads, %0d writes", reads, writes);
                $finish;
            end
        end
    end
endmodule
