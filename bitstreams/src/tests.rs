use super::*;
use gyrus_interface::pci;

/// Within a share of the first.
fn near(expected: f64, value: f64, share: f64) -> bool {
    (value - expected).abs() <= share * expected
}

/// GB/s of a link: the specification's rate of a lane and its line code.
fn link_rate(link: Link) -> f64 {
    let (transfers, code) = match link.generation {
        1 => (2.5, 0.8),
        2 => (5.0, 0.8),
        3 => (8.0, 128.0 / 130.0),
        4 => (16.0, 128.0 / 130.0),
        5 => (32.0, 128.0 / 130.0),
        other => panic!("generation {other}"),
    };
    transfers * code / 8.0 * f64::from(link.lanes)
}

#[test]
fn every_board() {
    let boards = all().unwrap();
    assert_eq!(boards.len(), FILES.len());
    for board in &boards {
        let name = &board.name;
        let device = board.fpga.device.split('-').next().unwrap();
        let part = board.fpga.part.split('-').next().unwrap();
        assert_eq!(device.to_lowercase(), part, "{name}");
        assert!((50..=1000).contains(&board.assumed.clock_mhz), "{name}");
        assert!(board.assumed.lanes.is_power_of_two(), "{name}");
        assert!(board.usable() > 0.5 && board.usable() <= 1.0, "{name}");
        assert!(!board.programming.ways.is_empty(), "{name}");
        for slr in &board.slrs {
            assert_eq!(slr.ff, 2 * slr.lut, "{name}");
        }
    }
}

/// Rates by other ways than the files: channels, ports, PCIe's specification.
#[test]
fn rates_add_up() {
    for board in all().unwrap() {
        let (name, memory, pcie) = (&board.name, &board.memory, &board.pcie);
        let channels = f64::from(memory.channels) * memory.channel_gb_per_second;
        assert!(near(memory.gb_per_second, channels, 1e-9), "{name}");
        let bits = f64::from(memory.ports * memory.port_bits);
        let ports = bits * f64::from(memory.port_mhz) / 8000.0;
        assert!(near(memory.gb_per_second, ports, 0.005), "{name}");
        assert!(memory.bytes.is_power_of_two(), "{name}");
        assert!(!pcie.links.is_empty(), "{name}");
        for link in &pcie.links {
            assert!(near(pcie.gb_per_second, link_rate(*link), 0.001), "{name}");
        }
    }
}

#[test]
fn the_ids_that_drivers_look_for() {
    for board in all().unwrap() {
        let ids = (board.pcie.vendor_id, board.pcie.device_id);
        assert_eq!(ids, (pci::VENDOR_ID, pci::DEVICE_ID), "{}", board.name);
    }
}

/// Dies against figures for the whole device from elsewhere: AWS for the XCVU47P (accel_card_specs.png), DFVG
/// for the V80, Vivado's reports for the XC7A200T.
#[test]
fn resources_as_printed_elsewhere() {
    let boards = all().unwrap();
    let of = |name: &str| {
        let board = boards.iter().find(|board| board.name == name);
        board.unwrap().resources()
    };
    let f2 = of("f2");
    assert_eq!(f2.lut.div_ceil(1000), 1304);
    assert_eq!(f2.dsp, 9024);
    assert!(near(70.9, f2.bram36 as f64 * 36.0 / 1024.0, 0.001));
    assert!(near(270.0, f2.uram as f64 * 288.0 / 1024.0, 0.001));
    assert_eq!(of("u280"), f2);
    assert_eq!(of("u55c"), f2);
    let v80 = of("v80");
    assert_eq!(
        (v80.lut / 1000, v80.ff / 1000, v80.dsp),
        (2574, 5148, 10_848)
    );
    let acorn = of("acorn");
    assert_eq!((acorn.lut, acorn.ff, acorn.dsp), (134_600, 269_200, 740));
    assert_eq!(acorn.bram36, 365);
}

#[test]
fn other_keys_and_values_are_refused() {
    let (folder, text) = FILES[0];
    assert!(parse(folder, text).is_ok());
    for (from, to) in [
        ("lanes = 64", "lanes = 64\ncolour = 'red'"),
        ("name =", "colour = 'red'\nname ="),
        ("port_mhz = 450", ""),
        ("lut = 439_680", "lut = -1"),
        ("device_id = 0x6779", "device_id = 0x16779"),
        ("\"xcup\"", "\"versal\""),
        ("\"HBM2\"", "\"HBM3\""),
        ("[memory]", "[memory"),
    ] {
        let wrong = text.replacen(from, to, 1);
        assert_ne!(wrong, text, "{from}");
        let error = parse(folder, &wrong).unwrap_err();
        assert!(matches!(error, BoardError::File { .. }), "{from}: {error}");
    }
}

#[test]
fn a_file_in_another_folder_is_refused() {
    let error = parse("u55c", FILES[0].1).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the facts of board 'u55c' are those of 'u280'"
    );
}
