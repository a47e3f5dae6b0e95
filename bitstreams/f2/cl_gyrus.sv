// The custom logic for AWS' shell of EC2 F2: the card with its platform, what makes its buses fit the shell's, and
// what the shell wants to be driven besides (aws-fpga, AWS_Shell_Interface_Specification.md; vendor/shells.toml has the
// ports of cl_ports.vh, which the HDK brings).
`default_nettype none
`include "cl_id_defines.vh"

module cl_gyrus (
    `include "cl_ports.vh"
);
    wire [63:0] host_araddr, host_awaddr;
    wire [7:0] host_arlen, host_awlen;
    wire host_arvalid, host_arready, host_awvalid, host_awready;
    wire [511:0] host_rdata, host_wdata;
    wire [63:0] host_wstrb;
    wire [1:0] host_rresp, host_bresp;
    wire host_rlast, host_rvalid, host_rready;
    wire host_wlast, host_wvalid, host_wready;
    wire host_bvalid, host_bready;
    // Not looked at: for the shell they are constant.
    wire [2:0] host_arsize, host_awsize, host_arprot, host_awprot;
    wire [1:0] host_arburst, host_awburst;
    wire [3:0] host_arcache, host_awcache;

    gyrus_f2 gyrus (
        .clk_main_a0(clk_main_a0),
        .rst_main_n(rst_main_n),
        .clk_hbm_ref(clk_hbm_ref),
        .irq_req(cl_sh_apppf_irq_req[0]),
        .irq_ack(sh_cl_apppf_irq_ack[0]),
        .flr_assert(sh_cl_flr_assert),
        .flr_done(cl_sh_flr_done),
        .hbm_apb_preset_n_0(hbm_apb_preset_n_0),
        .hbm_apb_paddr_0(hbm_apb_paddr_0),
        .hbm_apb_psel_0(hbm_apb_psel_0),
        .hbm_apb_penable_0(hbm_apb_penable_0),
        .hbm_apb_pwrite_0(hbm_apb_pwrite_0),
        .hbm_apb_pwdata_0(hbm_apb_pwdata_0),
        .hbm_apb_prdata_0(hbm_apb_prdata_0),
        .hbm_apb_pready_0(hbm_apb_pready_0),
        .hbm_apb_pslverr_0(hbm_apb_pslverr_0),
        .hbm_apb_preset_n_1(hbm_apb_preset_n_1),
        .hbm_apb_paddr_1(hbm_apb_paddr_1),
        .hbm_apb_psel_1(hbm_apb_psel_1),
        .hbm_apb_penable_1(hbm_apb_penable_1),
        .hbm_apb_pwrite_1(hbm_apb_pwrite_1),
        .hbm_apb_pwdata_1(hbm_apb_pwdata_1),
        .hbm_apb_prdata_1(hbm_apb_prdata_1),
        .hbm_apb_pready_1(hbm_apb_pready_1),
        .hbm_apb_pslverr_1(hbm_apb_pslverr_1),
        .S_OCL_awaddr(ocl_cl_awaddr),
        .S_OCL_awvalid(ocl_cl_awvalid),
        .S_OCL_wdata(ocl_cl_wdata),
        .S_OCL_wstrb(ocl_cl_wstrb),
        .S_OCL_wvalid(ocl_cl_wvalid),
        .S_OCL_bready(ocl_cl_bready),
        .S_OCL_araddr(ocl_cl_araddr),
        .S_OCL_arvalid(ocl_cl_arvalid),
        .S_OCL_rready(ocl_cl_rready),
        .S_OCL_awready(cl_ocl_awready),
        .S_OCL_wready(cl_ocl_wready),
        .S_OCL_bresp(cl_ocl_bresp),
        .S_OCL_bvalid(cl_ocl_bvalid),
        .S_OCL_arready(cl_ocl_arready),
        .S_OCL_rdata(cl_ocl_rdata),
        .S_OCL_rresp(cl_ocl_rresp),
        .S_OCL_rvalid(cl_ocl_rvalid),
        .S_OCL_awprot(3'd0),
        .S_OCL_arprot(3'd0),
        .M_PCIM_arsize(host_arsize),
        .M_PCIM_arburst(host_arburst),
        .M_PCIM_arcache(host_arcache),
        .M_PCIM_arprot(host_arprot),
        .M_PCIM_awsize(host_awsize),
        .M_PCIM_awburst(host_awburst),
        .M_PCIM_awcache(host_awcache),
        .M_PCIM_awprot(host_awprot),
        .M_PCIM_araddr(host_araddr),
        .M_PCIM_arlen(host_arlen),
        .M_PCIM_arvalid(host_arvalid),
        .M_PCIM_arready(host_arready),
        .M_PCIM_rdata(host_rdata),
        .M_PCIM_rresp(host_rresp),
        .M_PCIM_rlast(host_rlast),
        .M_PCIM_rvalid(host_rvalid),
        .M_PCIM_rready(host_rready),
        .M_PCIM_awaddr(host_awaddr),
        .M_PCIM_awlen(host_awlen),
        .M_PCIM_awvalid(host_awvalid),
        .M_PCIM_awready(host_awready),
        .M_PCIM_wdata(host_wdata),
        .M_PCIM_wstrb(host_wstrb),
        .M_PCIM_wlast(host_wlast),
        .M_PCIM_wvalid(host_wvalid),
        .M_PCIM_wready(host_wready),
        .M_PCIM_bresp(host_bresp),
        .M_PCIM_bvalid(host_bvalid),
        .M_PCIM_bready(host_bready)
    );

    gyrus_pcim pcim (
        .aclk(clk_main_a0),
        .aresetn(rst_main_n),
        .s_araddr(host_araddr),
        .s_arlen(host_arlen),
        .s_arvalid(host_arvalid),
        .s_arready(host_arready),
        .s_rdata(host_rdata),
        .s_rresp(host_rresp),
        .s_rlast(host_rlast),
        .s_rvalid(host_rvalid),
        .s_rready(host_rready),
        .s_awaddr(host_awaddr),
        .s_awlen(host_awlen),
        .s_awvalid(host_awvalid),
        .s_awready(host_awready),
        .s_wdata(host_wdata),
        .s_wstrb(host_wstrb),
        .s_wlast(host_wlast),
        .s_wvalid(host_wvalid),
        .s_wready(host_wready),
        .s_bresp(host_bresp),
        .s_bvalid(host_bvalid),
        .s_bready(host_bready),
        .m_arid(cl_sh_pcim_arid),
        .m_araddr(cl_sh_pcim_araddr),
        .m_arlen(cl_sh_pcim_arlen),
        .m_arsize(cl_sh_pcim_arsize),
        .m_arvalid(cl_sh_pcim_arvalid),
        .m_rready(cl_sh_pcim_rready),
        .m_awid(cl_sh_pcim_awid),
        .m_awaddr(cl_sh_pcim_awaddr),
        .m_awlen(cl_sh_pcim_awlen),
        .m_awsize(cl_sh_pcim_awsize),
        .m_awvalid(cl_sh_pcim_awvalid),
        .m_wdata(cl_sh_pcim_wdata),
        .m_wstrb(cl_sh_pcim_wstrb),
        .m_wlast(cl_sh_pcim_wlast),
        .m_wvalid(cl_sh_pcim_wvalid),
        .m_bready(cl_sh_pcim_bready),
        .m_arready(sh_cl_pcim_arready),
        .m_rid(sh_cl_pcim_rid),
        .m_rdata(sh_cl_pcim_rdata),
        .m_rresp(sh_cl_pcim_rresp),
        .m_rlast(sh_cl_pcim_rlast),
        .m_rvalid(sh_cl_pcim_rvalid),
        .m_awready(sh_cl_pcim_awready),
        .m_wready(sh_cl_pcim_wready),
        .m_bresp(sh_cl_pcim_bresp),
        .m_bvalid(sh_cl_pcim_bvalid)
    );
    // The values for fabrics that know these signals ("CL/Shell AXI Interfaces").
    assign cl_sh_pcim_arburst = 2'b01;
    assign cl_sh_pcim_awburst = 2'b01;
    assign cl_sh_pcim_arcache = 4'd0;
    assign cl_sh_pcim_awcache = 4'd0;
    assign cl_sh_pcim_arlock = 1'b0;
    assign cl_sh_pcim_awlock = 1'b0;
    assign cl_sh_pcim_arprot = 3'd0;
    assign cl_sh_pcim_awprot = 3'd0;
    assign cl_sh_pcim_arqos = 4'd0;
    assign cl_sh_pcim_awqos = 4'd0;
    assign cl_sh_pcim_aruser = 55'd0;
    assign cl_sh_pcim_awuser = 55'd0;
    assign cl_sh_pcim_wid = 16'd0;
    assign cl_sh_pcim_wuser = 64'd0;

    // The image's maker chooses the IDs; the driver looks for them.
    assign cl_sh_id0 = `CL_SH_ID0;
    assign cl_sh_id1 = `CL_SH_ID1;
    assign cl_sh_apppf_irq_req[15:1] = 15'd0;
    assign cl_sh_status0 = 32'd0;
    assign cl_sh_status1 = 32'd0;
    assign cl_sh_status2 = 32'd0;
    assign cl_sh_status_vled = 16'd0;
    assign tdo = 1'b0;

    // The shell's monitor of the memory has two signals more than the memory's controller.
    assign hbm_apb_pprot_0 = 3'd0;
    assign hbm_apb_pprot_1 = 3'd0;
    assign hbm_apb_pstrb_0 = 4'd0;
    assign hbm_apb_pstrb_1 = 4'd0;

    // BAR4 has nothing behind it: an access is ended by the shell after 8 us.
    assign cl_sh_dma_wr_full = 1'b0;
    assign cl_sh_dma_rd_full = 1'b0;
    assign cl_sh_dma_pcis_awready = 1'b0;
    assign cl_sh_dma_pcis_wready = 1'b0;
    assign cl_sh_dma_pcis_bid = 16'd0;
    assign cl_sh_dma_pcis_bresp = 2'd0;
    assign cl_sh_dma_pcis_bvalid = 1'b0;
    assign cl_sh_dma_pcis_arready = 1'b0;
    assign cl_sh_dma_pcis_rid = 16'd0;
    assign cl_sh_dma_pcis_rdata = 512'd0;
    assign cl_sh_dma_pcis_rresp = 2'd0;
    assign cl_sh_dma_pcis_rlast = 1'b0;
    assign cl_sh_dma_pcis_ruser = 64'd0;
    assign cl_sh_dma_pcis_rvalid = 1'b0;

    // Nor has the management function's BAR4.
    assign cl_sda_awready = 1'b0;
    assign cl_sda_wready = 1'b0;
    assign cl_sda_bresp = 2'd0;
    assign cl_sda_bvalid = 1'b0;
    assign cl_sda_arready = 1'b0;
    assign cl_sda_rdata = 32'd0;
    assign cl_sda_rresp = 2'd0;
    assign cl_sda_rvalid = 1'b0;

    // Links between cards of one instance are not used.
    assign PCIE_EP_TXP = 8'd0;
    assign PCIE_EP_TXN = 8'd0;
    assign PCIE_RP_PERSTN = 1'b0;
    assign PCIE_RP_TXP = 8'd0;
    assign PCIE_RP_TXN = 8'd0;

    // The DIMM is not used either; its pins have to be loaded all the same ("DDR4 DRAM").
    sh_ddr #(
        .DDR_PRESENT(0)
    ) SH_DDR (
        .clk(clk_main_a0),
        .rst_n(rst_main_n),
        .stat_clk(clk_main_a0),
        .stat_rst_n(rst_main_n),
        .CLK_DIMM_DP(CLK_DIMM_DP),
        .CLK_DIMM_DN(CLK_DIMM_DN),
        .M_ACT_N(M_ACT_N),
        .M_MA(M_MA),
        .M_BA(M_BA),
        .M_BG(M_BG),
        .M_CKE(M_CKE),
        .M_ODT(M_ODT),
        .M_CS_N(M_CS_N),
        .M_CLK_DN(M_CLK_DN),
        .M_CLK_DP(M_CLK_DP),
        .M_PAR(M_PAR),
        .M_DQ(M_DQ),
        .M_ECC(M_ECC),
        .M_DQS_DP(M_DQS_DP),
        .M_DQS_DN(M_DQS_DN),
        .cl_RST_DIMM_N(RST_DIMM_N),
        .cl_sh_ddr_axi_awid(16'd0),
        .cl_sh_ddr_axi_awaddr(64'd0),
        .cl_sh_ddr_axi_awlen(8'd0),
        .cl_sh_ddr_axi_awsize(3'd6),
        .cl_sh_ddr_axi_awburst(2'b01),
        .cl_sh_ddr_axi_awvalid(1'b0),
        .cl_sh_ddr_axi_arid(16'd0),
        .cl_sh_ddr_axi_araddr(64'd0),
        .cl_sh_ddr_axi_arlen(8'd0),
        .cl_sh_ddr_axi_arsize(3'd6),
        .cl_sh_ddr_axi_arburst(2'b01),
        .cl_sh_ddr_axi_arvalid(1'b0),
        .cl_sh_ddr_axi_wdata(512'd0),
        .cl_sh_ddr_axi_wstrb(64'd0),
        .cl_sh_ddr_axi_wlast(1'b0),
        .cl_sh_ddr_axi_wvalid(1'b0),
        .cl_sh_ddr_axi_bready(1'b0),
        .cl_sh_ddr_axi_rready(1'b0),
        .sh_ddr_stat_bus_addr(8'd0),
        .sh_ddr_stat_bus_wdata(32'd0),
        .sh_ddr_stat_bus_wr(1'b0),
        .sh_ddr_stat_bus_rd(1'b0)
    );
    // Statistics of the DIMM that nobody keeps: an answer at once, or the shell waits for it.
    assign cl_sh_ddr_stat_ack = 1'b1;
    assign cl_sh_ddr_stat_rdata = 32'd0;
    assign cl_sh_ddr_stat_int = 8'd0;
endmodule

`default_nettype wire
