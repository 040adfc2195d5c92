//! A chart of the instructions, as an SVG.

use std::fmt::Write as _;

use super::figures::{EVENTS, Figures};
use crate::shell::Result;

const WIDTH: i64 = 720;
const LABELS: i64 = 230;
const ROW: i64 = 46;
const BAR: i64 = 14;

/// Two bars for each event: the original's instructions, and ours.
pub(super) fn instructions(board: &[Figures; 2]) -> Result<String> {
    let mut longest = 1;
    for figures in board {
        for (event, _) in EVENTS {
            longest = longest.max(figures.number(event, "net")?);
        }
    }
    let height = ROW * (1 + i64::try_from(EVENTS.len())?);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
         <text x=\"8\" y=\"24\" font-size=\"14\">Instructions on a Cortex-M3, original (grey) and ours (blue)</text>\n"
    );
    for (row, (event, name)) in (1..).zip(EVENTS) {
        let top = ROW * row;
        let name = name.replace('`', "");
        let _ = writeln!(svg, "<text x=\"8\" y=\"{}\">{name}</text>", top + BAR);
        for (bar, (figures, colour)) in (0..).zip(board.iter().zip(["#9a9a9a", "#2a6fb0"])) {
            let number = figures.number(event, "net")?;
            let length = number.max(0) * (WIDTH - LABELS - 70) / longest;
            let y = top + bar * (BAR + 2);
            let _ = writeln!(
                svg,
                "<rect x=\"{LABELS}\" y=\"{y}\" width=\"{length}\" height=\"{BAR}\" fill=\"{colour}\"/>\
                 <text x=\"{}\" y=\"{}\">{number}</text>",
                LABELS + length + 6,
                y + BAR - 3
            );
        }
    }
    svg.push_str("</svg>\n");
    Ok(svg)
}
