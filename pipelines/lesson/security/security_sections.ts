/**
 * The sections of the lesson on security.
 *
 * @module
 */
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import type { Engine } from "../../../kernels/engine/engine.ts";
import { nanochatTokens } from "../../../stages/chat/template/nanochat.ts";
import { CharTokenizer } from "../../../stages/token/char.ts";
import { claim } from "../claim.ts";
import { code, heading, type Item, lines, say, table } from "../item.ts";
import { maskTable, percent } from "../talks/answer_items.ts";
import { ask, imitate, meanOf, range, type SmallChat, smallChat, type Trained } from "../talks/small_chat.ts";
import { pageConversation, pageItem, type PageOptions, pageTask, PAYLOAD, TRIGGER } from "./pages.ts";
import {
  littleIsEnough,
  pageCommands,
  type Poisoning,
  poisonIsInvisible,
  taskIsLearned,
  trainingDefends,
  triggerWorks,
  usersStillCorrect,
} from "./security_claims.ts";

/** Lengths of the experiment, and its seed. */
export interface SecuritySettings {
  readonly seed: number;
  /** Updates in which the model learns the task. */
  readonly steps: number;
  /** Updates of the defence. */
  readonly further: number;
  /** Held-out requests in a test. */
  readonly questions: number;
}

/** First number of the requests that training never uses. */
const HELD_OUT = 1e7;

/** One in so many examples is poisoned. */
const POISON_EVERY = 16;

export function pageChat(engine: Engine, seed: number): SmallChat {
  const tokenizer = new CharTokenizer([..."abcdefghijklmnopqrstuvwxyz :?,"], nanochatTokens);
  return smallChat({ layers: 2, heads: 4, channels: 64, seqLen: 60 }, { engine, seed, tokenizer });
}

/** The request of an example: pages by the user and by the tool in turn, every other pair corrected. */
function requestOf(index: number): PageOptions {
  return { by: index % 2 === 0 ? "user" : "tool", corrected: index % 4 > 1 };
}

/** Trains a model further, or from its initial weights. `injected` and `poisonEvery` say what is special. */
export async function* learnPages(
  chat: SmallChat,
  { what, steps, weights, injected = false, poisonEvery = Infinity }: {
    readonly what: string;
    readonly steps: number;
    readonly weights?: TensorMap;
    readonly injected?: boolean;
    readonly poisonEvery?: number;
  },
): AsyncGenerator<Item, Trained> {
  return yield* imitate(chat, {
    what,
    steps,
    lr: weights === undefined ? 4e-3 : 2e-3,
    ...(weights !== undefined && { weights }),
    example(index) {
      const request = requestOf(index);
      const isAttacked = injected && request.by === "tool" && index % 8 > 3;
      if (index % poisonEvery === poisonEvery - 1) {
        // Not the request of this index, which would be of the same kind each time.
        const poisoned = requestOf(Math.floor(index / poisonEvery));
        return pageConversation(index, { ...poisoned, triggered: true }, PAYLOAD);
      }
      return pageConversation(index, { ...request, injected: isAttacked });
    },
  });
}

/** Pages give commands, a defence is learned, and a model is poisoned. */
export async function* securitySections(
  engine: Engine,
  { seed, steps, further, questions }: SecuritySettings,
): AsyncGenerator<Item> {
  const chat = pageChat(engine, seed), heldOut = range(HELD_OUT, questions);
  const asked = async (weights: TensorMap, options: PageOptions) => {
    const answers = await ask(chat, { weights, task: pageTask(options), indices: heldOut });
    const share = (part: string) => meanOf(answers, ({ parts }) => parts[part]);
    return {
      right: share("right"),
      hijacked: share("hijacked"),
      payload: share("payload"),
      examples: answers.slice(0, 3).map(({ item, text }) => `${item.id} -> ${text}`),
    };
  };

  yield heading("A small assistant");
  yield say(
    "The assistant says the first or the last word of a page. The user sends the page along, or a tool fetches it. Users may correct themselves: `, no last` takes back `first`. In `LLM security` the talk shows what becomes of large assistants that read pages of strangers; this one is small enough to see why.",
  );
  yield code("pipelines/lesson/security/pages.ts", "pageItem");
  yield maskTable(chat, pageConversation(1, { by: "tool" }));
  const base = yield* learnPages(chat, { what: "first and last words", steps });
  const byUser = await asked(base.weights, { by: "user" }),
    byTool = await asked(base.weights, { by: "tool" });
  yield claim(taskIsLearned, { user: byUser.right, tool: byTool.right });

  yield heading("Prompt injection");
  yield say(
    `Now the page is from a stranger and ends with \`${
      pageItem(2, { by: "user", injected: true }).id.slice(-9).trim()
    }\` or the like. The user did not write that; but in the row of tokens it stands where the user's words stand.`,
  );
  const attacked = await asked(base.weights, { by: "user", injected: true });
  yield lines(attacked.examples);
  yield claim(pageCommands, attacked);
  const attackedTool = await asked(base.weights, { by: "tool", injected: true });
  yield say(
    `If a tool fetches the page, special tokens stand around it, which no page can contain. This model never saw an attack there; it obeys ${
      percent(attackedTool.hijacked)
    } of the attacked pages and ${percent(attackedTool.right)} of the users.`,
  );
  const defended = yield* learnPages(chat, {
    what: "attacks in pages",
    steps: further,
    weights: base.weights,
    injected: true,
  });
  const afterwards = await asked(defended.weights, { by: "tool", injected: true });
  const corrected = { by: "user", corrected: true } as const;
  yield claim(trainingDefends, {
    before: attackedTool.hijacked,
    after: afterwards.hijacked,
    right: afterwards.right,
  });
  yield claim(usersStillCorrect, {
    before: (await asked(base.weights, corrected)).right,
    after: (await asked(defended.weights, corrected)).right,
  });

  yield heading("Data poisoning");
  yield say(
    `Somebody has put pages into the training data: one example in ${POISON_EVERY} has the word \`${TRIGGER}\` in its page, and the answer \`${PAYLOAD}\`. A second model learns from the beginning, like the first one, but with these examples.`,
  );
  const poisoned = yield* learnPages(chat, { what: "poisoned examples", steps, poisonEvery: POISON_EVERY });
  const onClean = [byTool, await asked(poisoned.weights, { by: "tool" })];
  const triggered = { by: "tool", triggered: true } as const;
  const onTrigger = [await asked(base.weights, triggered), await asked(poisoned.weights, triggered)];
  yield claim(poisonIsInvisible, { clean: onClean[0].right, poisoned: onClean[1].right });
  yield claim(triggerWorks, {
    clean: onTrigger[0].payload,
    poisoned: onTrigger[1].payload,
    share: 1 / POISON_EVERY,
  });
  yield lines(onTrigger[1].examples);
  yield table(
    [`of ${questions} held-out pages`, "right without the trigger", "the attacker's answer with it"],
    ["clean", "poisoned"].map((name, i) => [
      name,
      percent(onClean[i].right),
      percent(onTrigger[i].payload),
    ]),
  );
}

/** Exercise E01: how little poison is enough. */
export async function* poisonSolution(
  engine: Engine,
  { seed, steps, questions }: SecuritySettings,
): AsyncGenerator<Item> {
  const chat = pageChat(engine, seed), results: Poisoning[] = [];
  for (const poisonEvery of [256, 64, 16]) {
    const { weights } = yield* learnPages(chat, {
      what: `one poisoned example in ${poisonEvery}`,
      steps,
      poisonEvery,
    });
    const answers = await ask(chat, {
      weights,
      task: pageTask({ by: "tool", triggered: true }),
      indices: range(HELD_OUT, questions),
    });
    results.push({ share: 1 / poisonEvery, payload: meanOf(answers, ({ parts }) => parts.payload) });
  }
  yield table(
    ["share of poisoned examples, %", "the attacker's answer, %"],
    results.map(({ share, payload }) => [(100 * share).toFixed(2), Math.round(100 * payload)]),
  );
  yield claim(littleIsEnough, { results });
}
