/**
 * Benches that take no time, for the test of the bench report.
 *
 * @module
 */
Deno.bench("plain", () => {});
Deno.bench("with options", { group: "tiny", baseline: true }, () => Promise.resolve());
Deno.bench({
  name: "start and end",
  group: "tiny",
  n: 4,
  warmup: 0,
  fn(b) {
    b.start();
    b.end();
  },
});
Deno.bench({ name: "left out", ignore: true, fn: () => {} });
console.log("a bench prints to standard error");
