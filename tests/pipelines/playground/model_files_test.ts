import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { openCpu } from "../../../kernels/engine/cpu/cpu_engine.ts";
import { corpusOf } from "../../../pipelines/page/playground/training/corpus.ts";
import { configOf, planOf, TrainingRun } from "../../../pipelines/page/playground/training/run.ts";
import { modelFiles } from "../../../pipelines/page/playground/worker/model_files.ts";
import { openModelFiles } from "../../../pipelines/page/playground/worker/open_model.ts";
import { openModel } from "../../../stages/model/model_session.ts";
import { sampleTexts } from "../../../stages/sample/sample_texts.ts";
import { browser } from "../../browser.ts";
import { beforeDeadline } from "../../deadline.ts";
import { withFolder } from "../../temporary.ts";
import { none, smallSettings, smallText, withPlayground } from "./open_playground.ts";

const greedy = { prompt: "The p", maxTokens: 20, temperature: 0, slide: 8 } as const;
const limit = 2 ** 30;

/** Returns the files of a small trained model, and a text that it writes. */
async function trained(
  tokens: "char" | "byte" | "bpe",
): Promise<{ readonly files: readonly File[]; readonly text: string }> {
  const settings = { ...smallSettings, tokens, vocab: 300 }, corpus = corpusOf(smallText, settings);
  const { vocabSize } = corpus.tokenizer, plan = planOf(settings, vocabSize);
  await using run = await TrainingRun.open(await openCpu({ threads: 1 }), { plan, settings, corpus });
  while (!run.finished) await run.update();
  await run.drain();
  const { tokenizer } = corpus, config = configOf(settings, vocabSize);
  const saved = await modelFiles(run.model, { tokenizer, config });
  return {
    files: saved.map(({ name, content }) => new File([content], name)),
    text: (await sampleTexts(run.model, tokenizer, greedy)).texts[0],
  };
}

Deno.test("modelFiles() and openModelFiles() are inverse, for all kinds of tokens", async () => {
  for (const tokens of ["char", "byte", "bpe"] as const) {
    const { files, text } = await trained(tokens);
    const { plan, weights, tokenizer, name } = await openModelFiles(files, limit);
    match(name, /^A gpt of a Hugging Face folder: [\d,]+ parameters$/);
    await using model = await openModel(await openCpu({ threads: 1 }), { plan, weights });
    strictEqual((await sampleTexts(model, tokenizer, greedy)).texts[0], text, tokens);
  }
});

Deno.test("openModelFiles() says which file is missing or wrong", async () => {
  const { files } = await trained("char"), [weights, config, tokenizer] = files;
  const refused = (given: readonly File[], why: RegExp, most = limit) =>
    rejects(openModelFiles(given, most), ({ message }: Error) => {
      match(message, why);
      return true;
    });
  const json = (name: string, value: unknown) => new File([JSON.stringify(value)], name);
  await refused(
    [config, tokenizer],
    /no file with weights among config.json, tokenizer.json: give model.safetensors/,
  );
  await refused([weights, config], /no tokenizer among .*: give tokenizer.json as well/);
  await refused([weights, tokenizer], /sizes are missing: give stream.json/);
  await refused([weights, tokenizer, json("config.json", { pipeline: "train" })], /sizes are missing/);
  await refused([weights, tokenizer, json("config.json", { model_type: "bert" })], /model_type is "bert"/);
  await refused([weights, tokenizer, new File(["{"], "config.json")], /config.json/);
  await refused([weights, tokenizer, json("stream.json", {})], /configuration/);
  await refused(
    [weights.slice(0, 1000), config, tokenizer].map((part, i) => new File([part], files[i].name)),
    /model.safetensors/,
  );
  await refused([new File([new Uint8Array(9)], "model.safetensors"), config, tokenizer], /model.safetensors/);
  await refused(files, /needs .* GB, and this tab may use .* GB: give a smaller model/, 1000);
  const sizes = JSON.parse(await config.text());
  await refused(
    [weights, tokenizer, json("config.json", { ...sizes, vocab_size: 5 })],
    /tokenizer has \d+ tokens/,
  );
  await refused([weights, tokenizer, json("config.json", { ...sizes, n_layer: 3 })], /h.2.* is missing/);
});

Deno.test({
  name: `the playground opens a model from files, in two gifts, and writes with it${none}`,
  ignore: browser === null,
  sanitizeOps: false, // the browser's pipes
  sanitizeResources: false,
  fn: () =>
    withFolder(async (folder) => {
      const { files } = await trained("bpe");
      for (const file of files) await Deno.writeFile(`${folder}/${file.name}`, await file.bytes());
      await withPlayground({ query: "?engine=single" }, async ({ page, problems }) => {
        const fault = (text: string) =>
          beforeDeadline(page.waitForFunction(
            `document.querySelector("[aria-label='Model files'] .fault")?.textContent.includes("${text}")`,
          ));
        /** Chooses files as a person does: the same again is no change to a browser. */
        const choose = async (...names: string[]) => {
          const chooser = page.waitForFileChooser();
          await page.click("input[multiple]");
          await (await chooser).accept(names.map((name) => `${folder}/${name}`));
        };
        // Files of another model do not stay, and a file that was repaired can be chosen again.
        await Deno.writeTextFile(`${folder}/stream.json`, "{");
        const checkpoint = ["model.safetensors", "stream.json", "tokenizer.json"];
        await choose(...checkpoint);
        await fault("stream.json cannot be read");
        await Deno.writeTextFile(`${folder}/stream.json`, "{}");
        await choose(...checkpoint);
        await fault("model's configuration");
        await choose("model.safetensors", "config.json");
        await fault("give tokenizer.json");
        await choose("tokenizer.json");
        await beforeDeadline(page.waitForFunction(
          `document.querySelector("[aria-label='Model files'] [role=status]")?.textContent.startsWith("A gpt of a")`,
        ));
        await page.type(".ask input:not([type])", "The p");
        await page.click(".ask button");
        await beforeDeadline(page.waitForFunction(
          `document.querySelector("[aria-label='What the model writes'] form + blockquote")?.textContent.length > 30`,
        ));
        ok(await page.$("canvas.map") !== null || await page.$(".next") !== null);
        deepStrictEqual(problems, []);
      });
    }),
});
