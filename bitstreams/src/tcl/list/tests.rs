use super::*;

#[test]
fn an_entry_without_a_source_is_named() {
    let mut list = List::load().unwrap();
    list.object_properties[3].source = " ".to_owned();
    let name = list.object_properties[3].name.clone();
    assert_eq!(list.without_source(), Some(name));
    let mut list = List::load().unwrap();
    list.ips[0].sources.clear();
    assert_eq!(list.without_source(), list.ips[0].vlnv);
}

fn set(pairs: &[(&str, &str)]) -> Properties {
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    pairs.iter().map(pair).collect()
}

#[test]
fn pins_are_there_as_properties_have_it() {
    let list = List::load().unwrap();
    let ip = list.ip("xilinx.com:ip:smartconnect:1.0").unwrap();
    let properties = set(&[
        ("NUM_SI", "2"),
        ("NUM_MI", "1"),
        ("NUM_CLKS", "3"),
        ("HAS_ARESETN", "1"),
    ]);
    let shape = ip.shape("here", &properties).unwrap();
    let pins: Vec<&str> = shape.pins.keys().map(String::as_str).collect();
    assert_eq!(pins, ["aclk", "aclk1", "aclk2", "aresetn"]);
    let interfaces: Vec<&str> = shape.interfaces.keys().map(String::as_str).collect();
    assert_eq!(interfaces, ["M00_AXI", "S00_AXI", "S01_AXI"]);
    let unset = set(&[("NUM_SI", "2")]);
    let error = ip.shape("here", &unset).unwrap_err();
    assert!(matches!(error, TclError::Unset { .. }), "{error}");
}

#[test]
fn numbers_in_names() {
    assert_eq!(numbered("AXI_##_ACLK", Some(7)), "AXI_07_ACLK");
    assert_eq!(numbered("clk_out#", Some(3)), "clk_out3");
    assert!(numbers("USER_SAXI_##", "USER_SAXI_31"));
    assert!(!numbers("USER_SAXI_##", "USER_SAXI_3"));
    assert!(!numbers("USER_SAXI", "USER_SAXI"));
    assert!(allow("it", "p", "12", "[0-9]").is_err());
    assert!(allow("it", "p", "1", "[0-9]|x").is_ok());
}
