/**
 * The stages of the flow as a graph, laid out by dagre and folded to the width of the page.
 *
 * @module
 */
import { signal } from "@preact/signals";
import { cut, last, percent, short } from "./format.js";
import { html, Row, Scroll, Section, Table } from "./html.js";
import { layout, sizeFor } from "./layout.js";
import { clock, data, hasEnded, many, rates, runs } from "./store.js";

const width = signal(innerWidth);
addEventListener("resize", () => width.value = innerWidth);

/** Whether the shares are those of the whole run, since nothing happens any more. */
const isOver = () => data.live === null || hasEnded();

/** The section with the graph, and with the same as a table. */
export function Flow() {
  clock.value;
  if (many) return null;
  const graph = last(runs[0].graphs)?.stages ?? null;
  const stages = rates().stages(graph, isOver() ? null : performance.now());
  if (stages.length === 0) return null;
  const room = Math.min(1080, width.value) - 40;
  return html`
    <${Section} title="The flow">
      <${Scroll} kind="graph" label="graph of the stages">
        <${Graph} stages=${stages} room=${room} />
        <//>
        <details>
          <summary>The same as a table</summary>
          <${StageTable} stages=${stages} />
        </details>
        <//>
  `;
}

function Graph({ stages, room }) {
  const size = sizeFor(room);
  const { places, edges, width, height } = layout(stages, { room, size });
  return html`
    <svg viewBox="0 0 ${width} ${height}" width=${width} height=${height} role="img"
      aria-label="Stages, in order: ${stages.map(inWords).join("; ")}">
      ${edges.map(({ points, stage }) =>
        html`
          <polyline points=${points.map(({ x, y }) => `${x},${y}`).join(" ")}
            class="edge ${stage.ahead === undefined ? "" : "queue"} ${(stage.full ?? 0) > 0.5
              ? "full"
              : ""}" />
        `
      )}
      ${stages.map((stage) => html`<${Node} stage=${stage} place=${places.get(stage.name)} size=${size} />`)}
    </svg>
  `;
}

function Node({ stage, place: { x, y }, size }) {
  const room = size.width - 18;
  const text = (line, value, kind) =>
    html`<text x=${x + 9} y=${y + 18 + 16 * line} class=${kind}>${cut(value, Math.floor(room / 6))}</text>`;
  const bar = (share, kind, from) =>
    html`
      <rect class=${kind} x=${x + 9 + room * from} y=${y + size.height - 9} height="4"
        width=${Math.max(0, room * Math.min(share, 1 - from))} />
    `;
  const waits = waiting(stage), starves = stage.waits === "input" && stage.ahead !== undefined;
  return html`
    <g>
      <title>${inWords(stage)}</title>
      <rect x=${x} y=${y} ...${size} rx="8" class="node" />
      ${text(0, stage.name, "name")}
      ${text(1, amount(stage), "")}
      ${text(2, `busy ${Math.round(100 * stage.busy)} %, waiting ${Math.round(100 * stage.blocked)} %`, "")}
      ${text(3, waits ?? held(stage), starves ? "alarm" : "soft")}
      ${bar(stage.busy, "busy", 0)}
      ${bar(stage.blocked, "blocked", stage.busy)}
    </g>
  `;
}

const amount = ({ in: taken, out, perSecond }) =>
  `${short(out || taken)} items${perSecond === null ? "" : `, ${short(perSecond)}/s`}`;

const waiting = ({ waits, waitsFor, queued, ahead }) => {
  const queue = queued === null ? "" : `, queue ${queued}/${ahead ?? "?"}`;
  const over = isOver();
  if (waits === "input") return `${over ? "waited" : "waits"} for ${waitsFor}${queue}`;
  return waits === "room" ? `${over ? "was held" : "held"} by ${waitsFor}` : null;
};

/** Queue depth, workers and dropped items, as far as the stage has them. */
const held = ({ queued, ahead, workers, inFlight, dropped }) =>
  [
    queued === null ? "" : `queue ${queued}/${ahead ?? "?"}`,
    workers === undefined
      ? ""
      : `${workers} ${workers === 1 ? "thread" : "threads"}, ${inFlight ?? 0} in flight`,
    dropped > 0 ? `${short(dropped)} dropped` : "",
  ].filter(Boolean).join(", ");

const inWords = (stage) =>
  [
    stage.name,
    amount(stage),
    `busy ${percent(stage.busy)}`,
    `waiting ${percent(stage.blocked)}`,
    waiting(stage) ?? "",
    held(stage),
  ]
    .filter(Boolean).join(", ");

function StageTable({ stages }) {
  const rows = stages.map((stage) =>
    html`<${Row} cells=${[
      stage.name,
      stage.after ?? "",
      short(stage.in),
      short(stage.out),
      stage.perSecond === null ? "" : short(stage.perSecond),
      percent(stage.busy),
      percent(stage.blocked),
      held(stage),
      waiting(stage) ?? "",
    ]} />`
  );
  const heads = ["stage", "after", "in", "out", "per second", "busy", "waiting", "holds", "waits"];
  return html`<${Table} kind="plain numbers" label="stages" heads=${heads} rows=${rows} />`;
}
