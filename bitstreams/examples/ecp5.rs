fn main() {
    let mut o = boards::ecp5::Options::new(std::path::Path::new("."));
    if let Some(c) = std::env::args().nth(1) {
        o.clock_mhz = c.parse().unwrap();
    }
    if let Some(c) = std::env::args().nth(2) {
        o.seed = c.parse().unwrap();
    }
    let root = std::env::current_dir().unwrap();
    o.directory = root.join("target/bitstream/ecp5");
    o.tools = root.join("target/hdl-venv/bin");
    match boards::ecp5::build(&o) {
        Ok(r) => println!("{r}"),
        Err(e) => {
            eprintln!("error: {e}");
            std::process::exit(1)
        }
    }
}
