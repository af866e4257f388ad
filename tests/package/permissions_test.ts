/**
 * Tests which permissions a script that trains through the package needs: none if the calling thread trains,
 * and reading the package's folder if Workers train, because Deno starts no Worker from a file that may not
 * be read.
 *
 * @module
 */
import { deepStrictEqual, match, ok } from "node:assert/strict";
import { losses, root, runScript } from "./script.ts";

const script = `${root}tests/package/train_tiny.ts`;

Deno.test("a script trains on the calling thread without any permission", async () => {
  const numbers = losses(await runScript(["--no-prompt", script, "0"]));
  ok(numbers.length === 5 && numbers[4] < numbers[0], `${numbers}`);
});

Deno.test("a script trains with Workers if it may read the package's folder, to the same losses", async () => {
  deepStrictEqual(
    losses(await runScript(["--no-prompt", `--allow-read=${root}`, script, "2"])),
    losses(await runScript(["--no-prompt", script, "0"])),
  );
});

Deno.test("without permission to read, an engine with Workers says which permission or option to give", async () => {
  const { code, err } = await runScript(["--no-prompt", script, "1"]);
  deepStrictEqual(code, 1);
  match(err, /Requires read access to ".*worker\.ts".*--allow-read.*or open the engine with threads: 0/);
});
