//! Prints what the arithmetic units cost; see `gyrus_hdl::report`. The tools' logs stay in
//! `target/report`.

use gyrus_hdl::report::{Options, ReportError, arithmetic, run};

fn main() -> Result<(), ReportError> {
    let report = run(&Options::new(arithmetic(), "target/report".into()))?;
    print!("{report}");
    Ok(())
}
