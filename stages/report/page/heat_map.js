/**
 * Heat maps: a row for each parameter or activation, a column for each inspection.
 *
 * @module
 */
import { last, short } from "./format.js";
import { html, Scroll } from "./html.js";

const COLUMNS = 60; // that can be told apart
const left = 190; // pixels for the names
const room = 116; // pixels for the columns: with the names as wide as a third of the page, or a telephone

/**
 * A map of the positive values that `of` returns as [name, value] pairs of an inspection, coloured by their
 * logarithm. `alarm` returns why a value is unusual, or null.
 */
export function HeatMap({ title, of, alarm, inspections }) {
  const every = Math.ceil(inspections.length / COLUMNS);
  const shown = inspections.filter((_, i) => i % every === 0 || i === inspections.length - 1);
  const columns = shown.map((inspection) => new Map(of(inspection)));
  const names = [...new Set(columns.flatMap((column) => [...column.keys()]))];
  const values = columns.flatMap((column) => [...column.values()]).filter((v) => Number.isFinite(v) && v > 0);
  if (names.length === 0) return null;
  const low = values.reduce((a, b) => Math.min(a, b), Infinity),
    high = values.reduce((a, b) => Math.max(a, b), 0);
  const shade = (value) => {
    if (!(value > 0)) return 0;
    return high > low ? Math.log(value / low) / Math.log(high / low) : 0.5;
  };
  const cell = { width: Math.min(26, room / columns.length), height: 14 };
  const cells = names.flatMap((name, row) =>
    columns.map((column, i) => {
      const value = column.get(name);
      if (value === undefined) return null;
      const why = alarm(value);
      return html`
        <rect x=${left + i * cell.width} y=${row * cell.height} width=${0.9 *
          cell.width} height=${cell.height -
          1}
          class=${why === null ? "cell" : "cell unusual"}
          fill-opacity=${why === null ? (0.08 + 0.92 * shade(value)).toFixed(3) : 1}>
          <title>${`${name}, step ${shown[i].step}: ${short(value)}`}</title>
        </rect>
      `;
    })
  );
  const labels = names.map((name, row) =>
    html`
      <text x=${left - 6} y=${row * cell.height + 11} text-anchor="end">
        ${name.length > 28 ? `…${name.slice(-27)}` : name}
      </text>
    `
  );
  const width = left + columns.length * cell.width + 2, height = names.length * cell.height + 2;
  const steps = `steps ${shown[0].step} to ${last(shown).step}`;
  const range = values.length === 0
    ? `all 0, ${steps}`
    : low === high
    ? `at most ${short(high)}, ${steps}`
    : `from ${short(low)} (faint) to ${short(high)}, ${steps}`;
  const unusual = names.filter((name) => alarm(last(columns).get(name) ?? 0) !== null);
  return html`
    <div class="plot">
      <h3>${title}, ${range}</h3>
      <${Scroll} kind="heat" label=${title}>
        <svg viewBox="0 0 ${width} ${height}" width=${width} height=${height} role="img"
          aria-label="${title} of ${names
            .length} tensors, ${range}; unusual at the end: ${unusual.length === 0
            ? "none"
            : unusual.join(", ")}">
          ${cells}${labels}
        </svg>
        <//>
        </div>
  `;
}
