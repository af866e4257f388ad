/**
 * Plots the recall of MinHash over the similarity `s` of near-duplicates: as measured on generated pairs, and
 * by the formula `1 - (1 - s^8)^14`. Writes SVG to standard output:
 * `deno run -A bench/minhash_recall.ts > .readme/minhash.svg && deno fmt`.
 *
 * @module
 */
import { Signer } from "../stages/filter/minhash/signer.ts";
import { nearDuplicates, recall } from "./near_duplicates.ts";

const PAIRS = 20_000;
const BANDS = 25;
const [width, height, left, top] = [560, 320, 48, 16];

const signer = await Signer.open();
const bands = Array.from({ length: BANDS }, () => ({ pairs: 0, found: 0, similarity: 0 }));
for (let i = 0; i < PAIRS; i++) {
  const { one, other, similarity } = nearDuplicates(2, i);
  const keys = signer.keys(signer.signWords(one)), others = signer.keys(signer.signWords(other));
  const band = bands[Math.min(BANDS - 1, Math.floor(BANDS * similarity))];
  band.pairs++;
  band.similarity += similarity;
  if (keys.some((key, k) => key === others[k])) band.found++;
}

const place = (s: number, fraction: number): string => {
  const x = left + s * (width - left - 16), y = height - 40 - fraction * (height - 40 - top);
  return `${x.toFixed(1)},${y.toFixed(1)}`;
};
const at = (s: number, fraction: number, attributes: readonly [string, string]): string => {
  const [x, y] = place(s, fraction).split(",");
  return `${attributes[0]}="${x}" ${attributes[1]}="${y}"`;
};
const formula = Array.from({ length: 201 }, (_, i) => place(i / 200, recall(i / 200, signer))).join(" ");
const marks: string[] = [];
for (const { pairs, found, similarity } of bands) {
  if (pairs < 20) continue;
  const s = similarity / pairs, fraction = found / pairs;
  const error = 2 * Math.sqrt(Math.max(fraction * (1 - fraction), 1 / pairs) / pairs); // two standard errors
  const [x, low] = place(s, Math.max(0, fraction - error)).split(",");
  const high = place(s, Math.min(1, fraction + error)).split(",")[1];
  marks.push(`<path d="M${x},${low}V${high}" stroke="#c2410c"/>`);
  marks.push(`<circle ${at(s, fraction, ["cx", "cy"])} r="3.5" fill="#c2410c"/>`);
}
const grid = [0, 0.25, 0.5, 0.75, 1].flatMap((v) => [
  `<path d="M${place(0, v)}L${place(1, v)}" stroke="#ddd"/>`,
  `<text ${at(0, v, ["x", "y"])} dx="-8" dy="4" text-anchor="end">${100 * v} %</text>`,
  `<text ${at(v, 0, ["x", "y"])} dy="18" text-anchor="middle">${v}</text>`,
]);

console.log(
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
<rect width="${width}" height="${height}" fill="#fff"/>
${grid.join("\n")}
<polyline points="${formula}" fill="none" stroke="#1d4ed8" stroke-width="2"/>
${marks.join("\n")}
<text ${
    at(0.5, 0, ["x", "y"])
  } dy="34" text-anchor="middle">Jaccard similarity of the shingles of 5 words</text>
<text ${at(0.02, 0.93, ["x", "y"])} fill="#1d4ed8">1 - (1 - s^8)^14</text>
<text ${at(0.02, 0.86, ["x", "y"])} fill="#c2410c">found among ${
    PAIRS.toLocaleString("en")
  } generated pairs, ± 2 standard errors</text>
</svg>`,
);
