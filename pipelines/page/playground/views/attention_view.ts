/// <reference lib="dom" />
/**
 * Maps of attention: which tokens each token looks at.
 *
 * @module
 */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Look } from "../protocol.ts";
import { colorOf, onSchemeChange } from "./colors.ts";
import { html } from "./html.ts";

const strongest = 5; // tokens that are named for the chosen one

/** The weights of one head as a map, and those of one token in words. */
export function attentionView({ look }: { readonly look: Look }) {
  const block = useSignal(0), head = useSignal(0), row = useSignal(Infinity);
  const { attention, tokens } = look;
  const blocks = attention.length, heads = attention[0]?.length ?? 0;
  const at = { block: Math.min(block.value, blocks - 1), head: Math.min(head.value, heads - 1) };
  const query = Math.min(row.value, tokens.length - 1);
  const weights = attention[at.block]?.[at.head]?.[query];
  if (weights === undefined) return html`<p class="soft">This model has no attention to show.</p>`;
  const seen = Array.from(weights, (weight, key) => ({ weight, key })).filter(({ key }) => key <= query)
    .sort((a, b) => b.weight - a.weight).slice(0, strongest);
  const words = seen.map(({ weight, key }) => `${tokens[key].text} (${(100 * weight).toFixed(0)} %)`).join(
    ", ",
  );
  return html`
    <h3>Attention</h3>
    <div class="row">
      <${counter} label="Layer" count=${blocks} value=${at.block} onPick=${(n: number) => block.value = n} />
      <${counter} label="Head" count=${heads} value=${at.head} onPick=${(n: number) => head.value = n} />
      <label class="wide">Token ${query + 1} of ${tokens.length}: <code>${tokens[query].text}</code>
        <input type="range" min="0" max=${tokens.length - 1} step="1" value=${query}
          onInput=${(event: Event) => row.value = Number((event.target as HTMLInputElement).value)} /></label>
    </div>
    <${map} weights=${attention[at.block][at.head]} query=${query}
      name=${`Attention of layer ${at.block + 1}, head ${
        at.head + 1
      }: ${tokens.length} by ${tokens.length} weights`}
      onPick=${(n: number) => row.value = n} />
    <p class="soft small" role="status">Token ${query + 1}, <code>${tokens[query]
      .text}</code>, looks at: ${words}</p>
  `;
}

function counter(
  { label, count, value, onPick }: {
    readonly label: string;
    readonly count: number;
    readonly value: number;
    onPick(value: number): void;
  },
) {
  return html`<label>${label}
    <select onChange=${(event: Event) => onPick(Number((event.target as HTMLSelectElement).value))}>
      ${
    Array.from(
      { length: count },
      (_, i) => html`<option value=${i} selected=${i === value}>${i + 1}</option>`,
    )
  }
    </select></label>`;
}

/** One head's weights: a row per token, a column per token that it may look at. */
function map(
  { weights, query, name, onPick }: {
    readonly weights: readonly Float64Array[];
    readonly query: number;
    readonly name: string;
    onPick(row: number): void;
  },
) {
  const canvas = useRef<HTMLCanvasElement>(null), count = weights.length;
  const cell = Math.max(4, Math.min(18, Math.floor(336 / count))), size = cell * count;
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    const draw = () => drawMap(context, { weights, query, cell });
    draw();
    return onSchemeChange(draw);
  }, [weights, query, size]);
  const pick = (event: PointerEvent) => {
    const box = canvas.current?.getBoundingClientRect();
    if (box === undefined) return;
    onPick(Math.max(0, Math.min(count - 1, Math.floor((event.clientY - box.top) / box.height * count))));
  };
  return html`
    <canvas ref=${canvas} class="map" role="img" aria-label=${name} width=${size} height=${size}
      onPointerDown=${pick}></canvas>
  `;
}

function drawMap(
  context: CanvasRenderingContext2D,
  { weights, query, cell }: {
    readonly weights: readonly Float64Array[];
    readonly query: number;
    readonly cell: number;
  },
): void {
  const size = cell * weights.length;
  const [ink, paper, mark] = ["first", "page", "mark"].map(colorOf);
  const scale = devicePixelRatio;
  context.canvas.width = context.canvas.height = size * scale;
  context.scale(scale, scale);
  context.fillStyle = paper;
  context.fillRect(0, 0, size, size);
  context.fillStyle = ink;
  weights.forEach((row, i) =>
    row.forEach((weight, j) => {
      if (j > i) return;
      context.globalAlpha = 0.04 + 0.96 * weight;
      context.fillRect(j * cell, i * cell, cell - 1, cell - 1);
    })
  );
  context.globalAlpha = 1;
  context.strokeStyle = mark;
  context.lineWidth = 2;
  context.strokeRect(0, query * cell, (query + 1) * cell, cell);
}
