use boards::synthesis::*;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let text = std::fs::read_to_string(&a[1]).unwrap();
    let tool = Tool { yosys: "yosys".into(), directory: "/tmp/em/synth".into(), family: a.get(3).cloned().unwrap_or("xcup".into()), jobs: 2, deadline: std::time::Duration::from_secs(1200) };
    let t = std::time::Instant::now();
    let b = synthesise(&tool, &text, &a[2], &mut |d, k| eprintln!("{d}/{k} {:?}", t.elapsed())).unwrap();
    for (n, p) in &b.parts { println!("{n:60} lut {} paired {} mem {} ff {} dsp {} {:?}", p.lut, p.paired, p.memory_lut, p.ff, p.dsp, p.deepest); }
    println!("{:?} places {}", b.total, b.total.lut_places());
}
