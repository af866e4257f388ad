/**
 * Tests wrong paths for every option that takes a path. Each must produce one error line that names the path
 * and says what to do, exit with code 2, and write nothing. The program runs in this process, so that testing
 * all combinations is fast.
 *
 * @module
 */
import { deepStrictEqual, doesNotMatch, match, strictEqual } from "node:assert/strict";
import type { Console } from "../../stages/run/console.ts";
import { runMain } from "../../pipelines/cli/main.ts";
import { shardHeader } from "../../stages/format/tokens/llmc_shard.ts";
import { smallConfig, writeGpt2Folder } from "../stages/format/model/gpt2_folder.ts";
import { withFolder } from "../temporary.ts";
import { onSmallDisk } from "../small_disk.ts";

/**
 * Command lines, keyed by option. PATH stands for the wrong path, OUT for a folder that must not be created.
 */
const commands: Readonly<Record<string, string>> = {
  "tokenize --source": "tokenize --source PATH --out OUT",
  "tokenize --config": "tokenize --config PATH --out OUT",
  "tokenize --tokenizer": "tokenize --tokenizer PATH --out OUT",
  "tokenize --resume": "tokenize --resume PATH",
  "tokenize --out": "tokenize --out PATH",
  "tokenizer --source": "tokenizer --source PATH --out OUT",
  "train --train-shards": "train --train-shards PATH --out OUT",
  "train --init-from": "train --init-from PATH --train-shards SHARD --out OUT",
  "train --val-shards": "train --val-shards PATH --train-shards SHARD --vocab-size 512 --out OUT",
  "fineweb --url-list": "fineweb --url-list PATH --out OUT",
  "fineweb-gpt2 --hellaswag": "fineweb-gpt2 --hellaswag PATH --device cpu --out OUT",
  "sample --checkpoint": "sample --checkpoint PATH",
  "sample --prompt FILE:": "sample --checkpoint MODEL --tokenizer byte --prompt FILE:PATH",
  "eval --checkpoint": "eval --checkpoint PATH",
  "convert --from": "convert --from PATH --to OUT",
  "convert --to": "convert --from MODEL --to PATH",
  "tokenizer --page": "tokenizer --inspect hello --tokenizer byte --page PATH",
  "report": "report PATH --out OUT",
  "makemore-bigram --source": "makemore-bigram --source PATH --out OUT",
  "lessons --names": "lessons --figures --names PATH",
};

/** Functions that make a wrong path in a folder, keyed by what is wrong with it. */
const faults: Readonly<Record<string, (dir: string) => string>> = {
  "nothing is there": (dir) => `${dir}/none`,
  "a part of it is a file": (dir) => {
    Deno.writeTextFileSync(`${dir}/file`, "text");
    return `${dir}/file/none.txt`;
  },
  "its links form a loop": (dir) => {
    Deno.symlinkSync("loop", `${dir}/loop`);
    return `${dir}/loop`;
  },
  "its name is too long": (dir) => `${dir}/${"n".repeat(300)}.txt`,
  "it is a folder of other files": (dir) => {
    Deno.mkdirSync(`${dir}/folder`);
    Deno.writeTextFileSync(`${dir}/folder/other`, "");
    return `${dir}/folder`;
  },
};

const byteConfig = { ...smallConfig, vocabSize: 257 };

/** Combinations of option and fault that are not errors. */
const allowed = new Set([
  "tokenize --out: nothing is there",
  "tokenize --out: it is a folder of other files",
  "convert --to: nothing is there",
  "tokenizer --page: nothing is there",
]);

for (const [option, command] of Object.entries(commands)) {
  Deno.test(`${option} with a wrong path: one line that names it, exit code 2, nothing written`, async (t) => {
    for (const [fault, make] of Object.entries(faults)) {
      if (allowed.has(`${option}: ${fault}`)) continue;
      await t.step(fault, () =>
        withFolder(async (dir) => {
          const path = make(dir);
          if (command.includes("SHARD")) await writeShard(`${dir}/shard.bin`);
          if (command.includes("MODEL")) await writeGpt2Folder(`${dir}/model`, { config: byteConfig });
          const before = namesIn(dir);
          const { code, err } = await runWith(command, { path, dir });
          refusal(err, path);
          strictEqual(code, 2, err);
          deepStrictEqual(namesIn(dir), before);
        }));
    }
  });
}

Deno.test("--out on a read-only file system: one line that names it, exit code 2", async () => {
  await onSmallDisk("1m", async ({ folder, resize }) => {
    await resize("1m,ro");
    const { code, err } = await runWith("tokenize --source embedded --out PATH", {
      path: `${folder}/run`,
      dir: folder,
    });
    refusal(err, `${folder}/run`);
    match(err, /read-only: give another --out$/);
    strictEqual(code, 2);
  });
});

Deno.test({
  name: "--source that this user may not read: one line that names it, exit code 2",
  ignore: Deno.uid() === 0, // root may read everything
  fn: () =>
    withFolder(async (dir) => {
      const path = `${dir}/secret.txt`;
      await Deno.writeTextFile(path, "text", { mode: 0 });
      const { code, err } = await runWith(commands["tokenize --source"], { path, dir });
      refusal(err, path);
      match(err, /permission: give another --source$/);
      strictEqual(code, 2);
    }),
});

/**
 * Throws unless the output is one error line that names the path and gives a hint, without the system's error
 * code.
 */
function refusal(err: string, path: string): void {
  match(err, /^error: [^\n]+: [^\n]+$/);
  doesNotMatch(err, /os error/);
  const shown = path.length > 200 ? path.slice(0, 100) : path;
  strictEqual(err.includes(shown), true, err);
}

async function runWith(
  command: string,
  { path, dir }: { readonly path: string; readonly dir: string },
): Promise<{ readonly code: number; readonly err: string }> {
  const lines: string[] = [];
  const console: Console = {
    out: (text) => void lines.push(text),
    err: (text) => void lines.push(text),
    columns: 100,
    outIsTerminal: false,
    errIsTerminal: false,
    colors: true,
  };
  const args = command.split(" ").map((word) =>
    word.replace("PATH", path).replace("OUT", `${dir}/run`).replace("SHARD", `${dir}/shard.bin`).replace(
      "MODEL",
      `${dir}/model`,
    )
  );
  const folder = new URL("../../pipelines/", import.meta.url);
  const code = await runMain({ args, folder, command: "deno task pipeline", console });
  return { code, err: lines.join("\n") };
}

async function writeShard(path: string): Promise<void> {
  const count = 4096, header = shardHeader(count, 2);
  await Deno.writeFile(path, new Uint8Array([...header, ...new Uint8Array(2 * count)]));
}

function namesIn(dir: string): string[] {
  return [...Deno.readDirSync(dir)].map(({ name }) => name).sort();
}
