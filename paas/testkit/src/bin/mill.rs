//! The mill as a process of its own, for the test of what a process does with a rule that never ends.

fn main() -> std::process::ExitCode {
    paas_cell::process(paas_testkit::toys::mill())
}
