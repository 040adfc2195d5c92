//! What is counted on a Cortex-M3.

use std::time::Duration;

use super::figures::Figures;
use super::side::Side;
use crate::micropython::Port;
use crate::micropython::program::{Ended, Program};
use crate::shell::Result;

const LIMIT: Duration = Duration::from_secs(120);

/// What a board has besides: a network in memory, and a client on it.
const STAGE: [(&str, &str); 3] = [
    ("socket.py", include_str!("../../../../micropython/bench/board/socket.py")),
    ("select.py", include_str!("../../../../micropython/bench/board/select.py")),
    ("stage.py", include_str!("../../../../micropython/bench/board/stage.py")),
];
const INSTRUCTIONS: &str = include_str!("../../../../micropython/bench/instructions.py");
const MEMORY: &str = include_str!("../../../../micropython/bench/memory.py");

/// The steps of `memory.py`, each with the one that it is measured from.
const STEPS: [(&str, &str); 6] = [
    ("simple2", "nothing"),
    ("robust2", "nothing"),
    ("client", "robust2"),
    ("connected", "robust2"),
    ("second", "connected"),
    ("used", "connected"),
];

/// What a place in the table of names takes on this board: a pointer, a hash of two bytes and a length of one.
const NAME: i64 = 7;

/// Runs the programs with the modules of one side.
pub(super) fn on_board(side: &Side) -> Result<Figures> {
    let mut figures = Figures::default();
    figures.take(&run(side, INSTRUCTIONS)?);
    heap(&run(side, MEMORY)?, &mut figures)?;
    Ok(figures)
}

fn run(side: &Side, text: &str) -> Result<String> {
    let mut files = side.files.clone();
    files.extend(STAGE.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec())));
    let (port, text) = (Port::CortexM3, text.to_owned());
    let program = Program { port, files, text, counted: true, limit: LIMIT };
    match program.run()? {
        Ended { output, error: None } => Ok(output),
        Ended { output, error: Some(error) } => Err(format!("{}: {output}{error}", side.name).into()),
    }
}

/// Takes what `memory.py` told.
///
/// MicroPython's table of names grows by doubling, so that whoever brings the name that finds it full pays for all
/// that come later. Therefore the heap is told twice: as it is (`heap`), and with each name paid by itself (`fair`).
fn heap(output: &str, figures: &mut Figures) -> Result {
    figures.take(output);
    let tables = output.lines().filter(|line| line.starts_with("qstr pool:")).map(Names::of);
    let tables = tables.collect::<Option<Vec<_>>>().ok_or("micropython.qstr_info() says something else")?;
    let steps = output.lines().filter_map(|line| line.split_once(" taken ").map(|(step, _)| step));
    for (step, names) in steps.zip(tables) {
        let fair = figures.number(step, "taken")? - names.table + names.count * NAME;
        figures.set(step, "taken-fair", fair.to_string());
    }
    for (step, from) in STEPS {
        for (part, taken) in [("heap", "taken"), ("fair", "taken-fair")] {
            let more = figures.number(step, taken)? - figures.number(from, taken)?;
            figures.set(step, part, more.to_string());
        }
    }
    Ok(())
}

/// The table of names, of what `micropython.qstr_info()` says.
struct Names {
    count: i64,
    /// The bytes of the table, without the names themselves.
    table: i64,
}

impl Names {
    fn of(line: &str) -> Option<Self> {
        let value = |name: &str| {
            let word = line.split([' ', ',']).find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
            word?.parse::<i64>().ok()
        };
        let table = value("n_total_bytes")? - value("n_str_data_bytes")?;
        Some(Self { count: value("n_qstr")?, table })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_grows_at_the_wrong_moment_is_shared() {
        let line = |step: &str, taken: i64, names: i64, table: i64| {
            let total = table + 10 * names;
            let data = 10 * names;
            format!(
                "{step} taken {taken}\nqstr pool: n_pool=1, n_qstr={names}, n_str_data_bytes={data}, n_total_bytes={total}\n"
            )
        };
        let steps = [("nothing", 1000, 10, 100), ("simple2", 1700, 20, 300), ("robust2", 1900, 30, 300)];
        let rest = [("client", 2000, 30, 300), ("connected", 2000, 30, 300), ("second", 2100, 30, 300)];
        let steps = steps.into_iter().chain(rest).chain([("used", 2100, 30, 300)]);
        let output: String =
            steps.map(|(step, taken, names, table)| line(step, taken, names, table)).collect();
        let mut figures = Figures::default();
        heap(&output, &mut figures).unwrap();
        assert_eq!(figures.number("simple2", "heap").unwrap(), 700);
        assert_eq!(figures.number("simple2", "fair").unwrap(), 500 + 10 * NAME);
        assert_eq!(figures.number("robust2", "fair").unwrap(), 700 + 20 * NAME);
        assert_eq!(figures.number("second", "fair").unwrap(), 100);
    }
}
