//! A drawing of where the bytes of a new file come from.

use std::fmt::Write;

use indicatif::HumanBytes;
use sigdelta::format::PatchHeader;
use sigdelta::layered::Stretch;

/// Rows and columns of the text.
const ROWS: usize = 24;
const BAR_LEN: usize = 48;
/// Cells of the SVG.
const CELLS: usize = 480;

/// The new file in equal parts, coarse and fine, and what is in each.
pub struct Map {
    new_len: u64,
    old_len: u64,
    rows: Vec<Cell>,
    cells: Vec<Cell>,
}

/// A part of the new file.
#[derive(Clone, Copy, Default)]
struct Cell {
    same: u64,
    changed: u64,
    literal: u64,
    /// Where in the old file the longest stretch of this part comes from, and how long that is.
    from: u64,
    longest: u64,
}

impl Map {
    pub fn new(header: &PatchHeader) -> Self {
        let cells = |most: usize| {
            vec![Cell::default(); most.min(usize::try_from(header.result_len).unwrap_or(most))]
        };
        Map {
            new_len: header.result_len,
            old_len: header.basis_len,
            rows: cells(ROWS),
            cells: cells(CELLS),
        }
    }

    /// Takes the next stretch.
    pub fn add(&mut self, stretch: &Stretch) {
        add_to(&mut self.rows, self.new_len, stretch);
        add_to(&mut self.cells, self.new_len, stretch);
    }

    /// Returns lines of text: a bar for each part of the new file.
    pub fn text(&self) -> Vec<String> {
        let mut lines =
            vec![format!("map of the new file: {SAME} same, {CHANGED} changed, {LITERAL} literal")];
        for (number, cell) in self.rows.iter().enumerate() {
            let start = edge(self.new_len, number, self.rows.len());
            let total = cell.same + cell.changed + cell.literal;
            // Whatever there is shows.
            let marks = |bytes: u64| match bytes {
                0 => 0,
                _ => (bytes as f64 / total as f64 * BAR_LEN as f64).round().max(1.0) as usize,
            };
            let (changed, literal) = (marks(cell.changed), marks(cell.literal));
            let same = BAR_LEN.saturating_sub(changed + literal);
            let bar: String = [(SAME, same), (CHANGED, changed), (LITERAL, literal)]
                .iter()
                .flat_map(|&(mark, count)| std::iter::repeat_n(mark, count))
                .take(BAR_LEN)
                .collect();
            let from = match cell.longest {
                0 => String::new(),
                _ => format!("  from {}", HumanBytes(cell.from)),
            };
            lines.push(format!("{:>11} {bar}{from}", HumanBytes(start).to_string()));
        }
        lines
    }

    /// Returns an SVG: the old file above, the new one below, and a line from each part to where
    /// most of it comes from.
    pub fn svg(&self) -> String {
        let mut svg = String::from(SVG_HEAD);
        let width = 960.0 / self.cells.len().max(1) as f64;
        for (number, cell) in self.cells.iter().enumerate() {
            let x = 20.0 + number as f64 * width;
            let total = (cell.same + cell.changed + cell.literal).max(1) as f64;
            if cell.longest > 0 {
                let from = 20.0 + 960.0 * cell.from as f64 / self.old_len.max(1) as f64;
                let middle = x + width / 2.0;
                _ = writeln!(
                    svg,
                    r#"<path class="l" d="M{from:.1} 60C{from:.1} 130 {middle:.1} 130 {middle:.1} 200"/>"#
                );
            }
            let mut y = 200.0;
            for (class, bytes) in [("s", cell.same), ("c", cell.changed), ("n", cell.literal)] {
                // Whatever there is shows.
                let height = if bytes == 0 { 0.0 } else { (40.0 * bytes as f64 / total).max(2.0) };
                if height > 0.0 {
                    _ = writeln!(
                        svg,
                        r#"<rect class="{class}" x="{x:.2}" y="{y:.1}" width="{width:.2}" height="{height:.1}"/>"#
                    );
                }
                y += height;
            }
        }
        _ = write!(
            svg,
            r#"<text x="20" y="14">old file, {}</text>
<text x="20" y="262">new file, {}: <tspan class="s">same</tspan>, <tspan class="c">changed</tspan>, <tspan class="n">literal</tspan></text>
</svg>
"#,
            HumanBytes(self.old_len),
            HumanBytes(self.new_len)
        );
        svg
    }
}

/// Returns where a part of a file starts.
fn edge(len: u64, part: usize, parts: usize) -> u64 {
    (u128::from(len) * part as u128 / parts as u128) as u64
}

/// Adds a stretch to the parts in which it lies.
fn add_to(cells: &mut [Cell], new_len: u64, stretch: &Stretch) {
    let parts = cells.len();
    let end = stretch.start + stretch.len;
    // Rounding may put the start into the part behind.
    let first = (u128::from(stretch.start) * parts as u128 / u128::from(new_len)) as usize;
    for (number, cell) in cells.iter_mut().enumerate().skip(first) {
        let from = edge(new_len, number, parts).max(stretch.start);
        let to = edge(new_len, number + 1, parts).min(end);
        if from >= to {
            if from >= end {
                return;
            }
            continue;
        }
        let len = to - from;
        let Some(basis) = stretch.basis else {
            cell.literal += len;
            continue;
        };
        let changed = u128::from(stretch.changed_bytes) * u128::from(len);
        let changed = (changed / u128::from(stretch.len)) as u64;
        cell.changed += changed;
        cell.same += len - changed;
        if len > cell.longest {
            cell.longest = len;
            cell.from = basis + (from - stretch.start);
        }
    }
}

const SAME: char = '█';
const CHANGED: char = '▒';
const LITERAL: char = '·';

const SVG_HEAD: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1000 275" font-family="sans-serif" font-size="13">
<style>
text{fill:#333} .s{fill:#4878a8} .c{fill:#e08a2c} .n{fill:#b8323c} .o{fill:#4878a8} .l{fill:none;stroke:#4878a8;stroke-opacity:.35}
@media (prefers-color-scheme:dark){text{fill:#ddd}}
</style>
<rect class="o" x="20" y="20" width="960" height="40"/>
"##;
