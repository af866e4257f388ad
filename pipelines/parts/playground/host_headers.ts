/**
 * Headers with which the playground's files are served.
 *
 * @module
 */

/** What scripts may do: run from the page's own server, with WASM, and connect to nothing else. */
const policy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/**
 * Headers of all files. The first two isolate the page from other origins: only then may it share memory
 * with threads. The policy is also that of the page's workers, which do not inherit the one in the page.
 */
export const hostHeaders: readonly (readonly [name: string, value: string])[] = [
  ["Cross-Origin-Opener-Policy", "same-origin"],
  ["Cross-Origin-Embedder-Policy", "require-corp"],
  ["Content-Security-Policy", policy],
  ["X-Content-Type-Options", "nosniff"],
  ["Referrer-Policy", "no-referrer"],
];
