/**
 * For `deno bench --preload`: makes each bench run a single iteration.
 *
 * @module
 */
const { bench } = Deno;

/** Registers a bench of one iteration; takes the arguments of `Deno.bench`. */
function benchOnce(...args: readonly any[]): void {
  const definition = typeof args[0] === "string"
    ? { ...args.slice(1, -1)[0], name: args[0], fn: args.at(-1) }
    : args[0];
  bench({ ...definition, n: 1, warmup: 0 });
}

Deno.bench = Object.assign(benchOnce, bench);
