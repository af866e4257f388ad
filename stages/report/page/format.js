/**
 * Numbers as the page shows them.
 *
 * @module
 */

/** The last element of a list; undefined if it is empty. */
export const last = (list) => list[list.length - 1];

/** A number with a fixed count of decimals; "–" if it is not known. NaN and infinity are named. */
export const number = (value, digits = 4) => typeof value === "number" ? value.toFixed(digits) : "–";

/** A count with separators: "1,234". */
export const whole = (value) => Number.isFinite(value) ? Math.round(value).toLocaleString("en-US") : "–";

/** Four significant digits; large and small numbers are abbreviated: "12.3K", "0.0123", "3e-5". */
export function short(value) {
  if (value === null || value === undefined) return "";
  const size = Math.abs(value);
  if (size > 0 && size < 1e-3) {
    return String(+value.toPrecision(3)).replace(/^(-?)0\.(0*)(\d+)$/, exponential);
  }
  if (size < 1e4 || size >= 1e15) return String(+value.toPrecision(4)); // also NaN and infinity, and 1e+30
  return Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 2 }).format(value);
}

/** Writes the digits of "0.00012" as "1.2e-4". */
const exponential = (_, sign, zeros, [first, ...rest]) =>
  `${sign}${first}${rest.length > 0 ? `.${rest.join("")}` : ""}e-${zeros.length + 1}`;

/** A share as a percentage: "12 %", "0.3 %". */
export function percent(share) {
  if (!Number.isFinite(share)) return "–";
  const value = 100 * share;
  return `${value > 0 && value < 9.95 ? value.toFixed(1) : Math.round(value)} %`;
}

/** Seconds in words: "12 s", "3 min 20 s", "2 h 5 min". */
export function duration(seconds) {
  if (!Number.isFinite(seconds)) return "–";
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor(s / 60) % 60} min`;
}

/** Bytes in binary units: "1.5 MiB". */
export function bytes(value) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let at = 0;
  for (; value >= 1024 && at < units.length - 1; at++) value /= 1024;
  return `${at === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[at]}`;
}

/** A time in ISO 8601 without its fraction: "2026-11-30 10:20:05 UTC". */
export const date = (text) => String(text).replace("T", " ").replace(/(\.\d+)?Z$/, " UTC");

/** Returns a text of at most `most` characters, cut off with "…". */
export const cut = (text, most) => text.length > most ? `${text.slice(0, most - 1)}…` : text;

/** An option as it is typed: "--grad-accum". */
export const optionName = (name) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** Sum of the values of an object. */
export const sum = (counts) => Object.values(counts).reduce((all, n) => all + n, 0);
