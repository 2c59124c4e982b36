//! The cell as a process of its own: `cell-erp serve --help`.

fn main() -> std::process::ExitCode {
    paas_cell::process(cell_erp::cell())
}
