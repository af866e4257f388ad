/**
 * Numbers formatted for people: counts, rates, bytes, times, percentages.
 *
 * @module
 */

/** Returns a count with separators, or abbreviated if it is 100,000 or more: "1,234", "1.2M". */
export function count(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size < 100_000) return Math.round(value).toLocaleString("en-US");
  const [unit, letter] = size < 999_500
    ? [1e3, "k"]
    : size < 999.5e6
    ? [1e6, "M"]
    : size < 999.5e9
    ? [1e9, "G"]
    : [1e12, "T"];
  const scaled = value / unit;
  return `${scaled.toFixed(Math.abs(scaled) < 100 ? 1 : 0)}${letter}`;
}

/** Returns a rate per second, "1,234/s", or, below one per second, a rate per minute, "12/min". */
export function rate(perSecond: number): string {
  if (!Number.isFinite(perSecond)) return "–";
  if (perSecond > 0 && perSecond < 1) return `${(perSecond * 60).toFixed(perSecond * 60 < 10 ? 1 : 0)}/min`;
  return `${perSecond > 0 && perSecond < 10 ? perSecond.toFixed(1) : count(perSecond)}/s`;
}

/** Returns a number of bytes in binary units: "1.5 MiB". */
export function bytes(value: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let at = 0;
  let scaled = value;
  while (scaled >= 1024 && at < units.length - 1) [scaled, at] = [scaled / 1024, at + 1];
  return `${at === 0 || scaled >= 100 ? Math.round(scaled) : scaled.toFixed(1)} ${units[at]}`;
}

/** Returns a duration given in seconds: "8s", "1m20s", "3h05m", "2d4h". */
export function time(seconds: number): string {
  if (!Number.isFinite(seconds)) return "–";
  const whole = Math.max(0, Math.round(seconds));
  const two = (value: number) => String(value).padStart(2, "0");
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m${two(whole % 60)}s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)}h${two(Math.floor(whole / 60) % 60)}m`;
  return `${Math.floor(whole / 86400)}d${Math.floor(whole / 3600) % 24}h`;
}

/** Returns a fraction as a percentage: "12 %", "0.3 %". */
export function share(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const percent = value * 100;
  return `${percent > 0 && percent < 9.95 ? percent.toFixed(1) : Math.round(percent)} %`;
}
