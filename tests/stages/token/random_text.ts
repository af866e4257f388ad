/**
 * Random texts of ASCII, white space, strings that the split patterns treat differently, and arbitrary code
 * points.
 *
 * @module
 */
import { uniformAt } from "../../../kernels/random/philox.ts";

const TRAPS = [
  ..."'s|'S|'ll|'LL|'rE|\u017F|'\u017F|\u0663|\u00E9|\u4F60|\u{1F30D}|\u{1F468}\u200D\u{1F469}|\u00A0|\uFEFF|\u0085"
    .split("|"),
  ..."\u3000|\u{1D7D8}|\u{10400}|e\u0301|\u0301|\u200B|    |\r\n|\n\n|//|!\n/|\u01C5|\u02B0|\u0E33|A\u4F60B|\t "
    .split("|"),
];

/** Returns a well-formed text of up to 24 parts, determined by `trial`. */
export function randomText(trial: number): string {
  const length = Math.floor(uniformAt(2, "length", trial) * 24);
  return Array.from({ length }, (_, i) => {
    const [kind, at] = [uniformAt(2, `kind ${trial}`, i), uniformAt(2, `at ${trial}`, i)];
    if (kind < 0.4) return String.fromCharCode(32 + Math.floor(at * 95));
    if (kind < 0.55) return " \n\t'\r"[Math.floor(at * 5)];
    if (kind < 0.8) return TRAPS[Math.floor(at * TRAPS.length)];
    const point = Math.floor(at * (kind < 0.9 ? 0x3000 : 0x110000));
    return point >= 0xD800 && point < 0xE000 ? "\uFFFD" : String.fromCodePoint(point);
  }).join("");
}
