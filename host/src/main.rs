//! The `gyrus` command: see [`gyrus::cli`].

fn main() -> std::process::ExitCode {
    gyrus::cli::main()
}
