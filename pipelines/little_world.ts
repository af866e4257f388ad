/**
 * The pipeline `little-world`: writes the text and the conversations that a small assistant learns from, and
 * their tokenizer.
 *
 * @module
 */
import { nanochatTokens } from "../stages/chat/template/nanochat.ts";
import { makeFolder } from "../stages/disk/files.ts";
import { writeWhole } from "../stages/disk/whole_files.ts";
import { asSource } from "../stages/flow/as_source.ts";
import { from } from "../stages/flow/flow.ts";
import { assistantTask } from "../stages/task/verified/assistant.ts";
import { worldCharacters } from "../stages/task/verified/little_world.ts";
import { CharTokenizer } from "../stages/token/char.ts";
import { saveTokenizer } from "../stages/token/files/folder.ts";
import { integer } from "./cli/option_types.ts";
import { pipeline } from "./cli/pipeline.ts";
import { freeFolder } from "./parts/resume/free_folder.ts";
import { shellWord } from "./cli/shell_word.ts";

const data = { group: "Data", fixed: true };

export default pipeline({
  about: "write sentences and conversations about countries, sums and words, for a small assistant",
  options: {
    sentences: integer("length of the text", {
      value: 20_000,
      unit: "sentences",
      min: 1,
      max: 10_000_000,
      ...data,
    }),
    conversations: integer("number of conversations", {
      value: 20_000,
      unit: "conversations",
      min: 1,
      max: 10_000_000,
      ...data,
    }),
  },
  examples: [
    { does: "text.jsonl, conversations.jsonl and a tokenizer in runs/little-world", typed: "" },
    { does: "a tenth of the conversations", typed: "--conversations 2000 --out runs/few-conversations" },
    { does: "less of both", typed: "--sentences 1000 --conversations 1000 --out runs/less" },
  ],
  spares: ["seed", "device", "workers", "blas", "tune", "logEvery"],
  async build(o, { out }) {
    const world = await assistantTask();
    const files = [
      {
        path: `${out}/text.jsonl`,
        count: o.sentences,
        row: async (i: number) => ({ text: await world.sentence(i) }),
      },
      {
        path: `${out}/conversations.jsonl`,
        count: o.conversations,
        row: async (i: number) => ({ messages: (await world.conversation(i)).messages }),
      },
    ];
    return from(asSource("files", () => files)).pipe({
      name: "write",
      open: () => null,
      async *push({ path, count, row }, _state, { signal }) {
        await makeFolder(out);
        const lines: string[] = [];
        for (let i = 0; i < count; i++) {
          signal.throwIfAborted();
          lines.push(`${JSON.stringify({ id: String(i), ...await row(i) })}\n`);
        }
        await writeWhole(path, lines.join(""));
        yield path;
      },
      async *flush() {
        await saveTokenizer(new CharTokenizer(worldCharacters, nanochatTokens), { dir: `${out}/tokenizer` });
      },
    });
  },
  finish: (_o, { out }) => {
    const at = shellWord(out);
    return {
      results: [
        `Text: ${out}/text.jsonl`,
        `Conversations: ${out}/conversations.jsonl`,
        `Tokenizer: ${out}/tokenizer`,
      ],
      hints: [
        `To train on the text: deno task pipeline fineweb-gpt2 --source ${at}/text.jsonl --stages none --tokenizer ${at}/tokenizer --separator-token "<|bos|>" --out ${
          shellWord(freeFolder(`${out}-base`))
        }`,
      ],
    };
  },
});
