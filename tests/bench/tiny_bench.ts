/**
 * Benches that take no time, for the test of what reports them.
 *
 * @module
 */
Deno.bench("plain", () => {});
Deno.bench("with options", { group: "tiny", baseline: true }, () => Promise.resolve());
Deno.bench({
  name: "told when",
  group: "tiny",
  n: 4,
  warmup: 0,
  fn(b) {
    b.start();
    b.end();
  },
});
Deno.bench({ name: "left out", ignore: true, fn: () => {} });
console.log("what a bench says goes elsewhere");
