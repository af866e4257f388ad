/**
 * Numbers as text.
 *
 * @module
 */

/** Returns "12,345". */
export function countText(count: number): string {
  return count.toLocaleString("en-US");
}

/** Returns "8.7 MB". */
export function bytesText(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

/** Returns "45 s", "3 min 20 s" or "2 h 5 min". */
export function secondsText(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor(whole % 3600 / 60)} min`;
}
