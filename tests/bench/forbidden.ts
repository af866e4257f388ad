/**
 * Benches that need permissions which benches do not have, for a test.
 *
 * @module
 */
Deno.bench("writes", () => Deno.writeTextFileSync("forbidden.txt", ""));
Deno.bench("reads a variable", () => void Deno.env.get("HOME"));
Deno.bench("starts a program", () => void new Deno.Command("true").outputSync());
