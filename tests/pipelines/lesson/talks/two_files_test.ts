/** Tests the two files of a model: the program reads what the lesson writes, and computes as the engine. */
import { deepStrictEqual, match, ok, strictEqual, throws } from "node:assert/strict";
import { openEngine } from "../../../../kernels/engine/open.ts";
import { initialWeights } from "../../../../kernels/models/model.ts";
import { smallChat } from "../../../../pipelines/lesson/talks/small_chat.ts";
import { parametersFile } from "../../../../pipelines/lesson/two_files/parameters_file.ts";
import { answer, reader, readModel } from "../../../../pipelines/lesson/two_files/run.ts";
import { lossFalls } from "../../../../pipelines/lesson/two_files/two_files_claims.ts";
import { twoFilesSections } from "../../../../pipelines/lesson/two_files/two_files_sections.ts";
import { nanochatTokens } from "../../../../stages/chat/template/nanochat.ts";
import { openModel } from "../../../../stages/model/model_session.ts";
import { plan } from "../../../../stages/model/plan.ts";
import { CharTokenizer } from "../../../../stages/token/char.ts";
import { beforeDeadline, denoBeforeDeadline } from "../../../deadline.ts";
import { withFolder } from "../../../temporary.ts";
import { claimsOf, itemsOf } from "./talk_lesson.ts";

const { engine } = await openEngine("cpu", { threads: 1 });
const tokenizer = new CharTokenizer([..."abcde?"], nanochatTokens);
const size = { layers: 2, heads: 2, channels: 8, seqLen: 16 };
const chat = smallChat(size, { engine, seed: 3, tokenizer }), weights = initialWeights(chat.model, 3);
const file = parametersFile(weights, {
  size,
  vocabSize: tokenizer.vocabSize,
  characters: tokenizer.characters,
});

Deno.test("readModel() reads what parametersFile() writes, and refuses another length", () => {
  const model = readModel(file);
  strictEqual(model.characters, "abcde?");
  deepStrictEqual([...model.embedding], [...weights["wte.weight"].data]);
  deepStrictEqual([...model.blocks[1].narrow[0]], [...weights["h.1.mlp.c_proj.weight"].data]);
  deepStrictEqual([...model.norm[1]], [...weights["ln_f.bias"].data]);
  for (const wrong of [file.subarray(0, 3), file.subarray(0, -1), Uint8Array.of(...file, 0)]) {
    throws(() => readModel(wrong), /^RangeError: The file has \d+ bytes/);
  }
});

Deno.test("reader() computes the engine's logits, also of later tokens; answer() ends with the sequence", async () => {
  await using session = await openModel(engine, {
    plan: plan({ model: chat.model, sampling: true }),
    weights,
  });
  const ids = Uint32Array.of(6, 7, 0, 3, 5, 8, 9, 2), next = reader(readModel(file));
  for (let count = 1; count <= ids.length; count++) {
    const ours = next(ids[count - 1]), theirs = await session.logits(ids.subarray(0, count));
    ours.forEach((value, i) => ok(Math.abs(value - theirs[i]) < 1e-5, `${value} ${theirs[i]}`));
  }
  ok(answer(readModel(file), "a?").length <= 16);
});

Deno.test("the lesson's folder has two files that answer without the project", () =>
  withFolder(async (out) => {
    const items = await beforeDeadline(
      itemsOf(twoFilesSections(engine, { seed: 1, steps: 2, out })),
      120_000,
    );
    strictEqual(claimsOf(items).length, 4);
    const args = ["run", "--no-config", "--allow-read", `${out}/run.ts`, `${out}/parameters.bin`, "Hello!"];
    const { code, stdout, stderr } = await denoBeforeDeadline({ args, env: { NO_COLOR: "1" } });
    const text = new TextDecoder().decode(stdout);
    strictEqual(code, 0, new TextDecoder().decode(stderr));
    match(text, /^.*\n$/s);
    strictEqual(text.slice(0, -1), answer(readModel(await Deno.readFile(`${out}/parameters.bin`)), "Hello!"));
  }));

Deno.test("a loss that stays the same has not fallen", () => {
  deepStrictEqual([3.9, 4, 4.1].map((last) => lossFalls.holds({ steps: 2, first: 4, last })), [
    true,
    false,
    false,
  ]);
});
