/**
 * The sections of the lesson on hallucination.
 *
 * @module
 */
import type { Engine } from "../../../kernels/engine/engine.ts";
import { barChart } from "../../../stages/report/chart/bars.ts";
import { claim } from "../claim.ts";
import { code, figure, heading, type Item, lines, say, table } from "../item.ts";
import { percent } from "../talks/answer_items.ts";
import { meanOf, range } from "../talks/small_chat.ts";
import { UNKNOWN } from "./capitals.ts";
import {
  everyAnswerIsInvented,
  examinationSeparates,
  knownIsRefusedToo,
  knowsWhatItKnows,
  refusalsReplaceInventions,
} from "./hallucination_claims.ts";
import { examined, type Honesty, honesty, type HonestyLength, type Shares } from "./honesty.ts";

/** Lengths of the experiment, its first seed and the number of seeds. */
export interface HallucinationSettings extends HonestyLength {
  readonly seed: number;
  readonly seeds: number;
}

/** Names of the groups. */
const groupNames = {
  asked: "in the texts, asked in training",
  told: "in the texts, never asked",
  unseen: "in no training",
} as const;

/** Mean shares over all runs. */
function meanShares(runs: readonly Shares[]): Shares {
  return {
    right: meanOf(runs, ({ right }) => right),
    wrong: meanOf(runs, ({ wrong }) => wrong),
    unknown: meanOf(runs, ({ unknown }) => unknown),
  };
}

/** Several models learn capitals, invent others, and learn to refuse. */
export async function* hallucinationSections(
  engine: Engine,
  { seed, seeds, ...length }: HallucinationSettings,
): AsyncGenerator<Item> {
  yield heading("What a model does not know");
  yield say(
    "A model that has only seen questions with answers answers every question: that is the form of the conversations which it imitates. Llama 3's authors therefore examined their model: they asked it for facts of its own texts, and where it was wrong, they trained it to say that it does not know.",
  );
  yield code("pipelines/lesson/hallucination/honesty.ts", "examination");
  yield say(
    `Here the facts are capitals. Each of \`${seeds}\` models, with the seeds from ${seed} on, reads sentences about some countries (${length.texts} updates), then answers questions about most of these (${length.answers} updates), is examined, and learns answers and refusals (${length.refusals} updates).`,
  );
  const runs: Honesty[] = [];
  for (const own of range(seed, seeds)) runs.push(yield* honesty(engine, { ...length, seed: own }));
  const [{ groups, examples }] = runs;
  yield table(
    ["countries of the first run", "number", "for example"],
    (["asked", "told", "unknown", "unseen"] as const).map((group) => [
      group === "unknown" ? "not in the texts, for refusals" : groupNames[group],
      groups[group].length,
      groups[group].slice(0, 3).map(({ name }) => name).join(", "),
    ]),
  );
  const share = (model: "always" | "honest", group: typeof examined[number]) =>
    meanShares(runs.map((run) => run[model][group]));
  const before = { told: share("always", "told"), unseen: share("always", "unseen") };
  const after = { told: share("honest", "told"), unseen: share("honest", "unseen") };
  yield claim(everyAnswerIsInvented, {
    invented: before.unseen.wrong,
    refused: before.unseen.unknown,
    known: share("always", "asked").right,
  });
  yield lines(examples.map(([name, always, honest]) => `${name}: "${always}", after refusals "${honest}"`));

  yield heading("Three columns");
  yield claim(examinationSeparates, {
    inTexts: meanOf(runs, ({ known: { inTexts: [known, all] } }) => known / all),
    others: meanOf(runs, ({ known: { others: [known, all] } }) => known / all),
  });
  yield say(
    `A single number would hide what happened. The table has all three: right, wrong, and \`${UNKNOWN}\`.`,
  );
  yield table(
    ["model", "countries", "right", "wrong", "does not know", "by seed: right/wrong/does not know, %"],
    (["always", "honest"] as const).flatMap((model) =>
      examined.map((group) => {
        const { right, wrong, unknown } = share(model, group);
        return [
          model === "always" ? "always answers" : "may refuse",
          groupNames[group],
          percent(right),
          percent(wrong),
          percent(unknown),
          runs.map((run) => run[model][group]).map((one) =>
            [one.right, one.wrong, one.unknown].map((x) => Math.round(100 * x)).join("/")
          ).join(", "),
        ];
      })
    ),
  );
  yield figure(
    "Inventions before and after the refusals.",
    ...(["always", "honest"] as const).map((model) =>
      barChart({
        title: model === "always"
          ? "wrong, the model that always answers"
          : "wrong, the model that may refuse",
        bars: examined.map((group) => ({ name: groupNames[group], value: share(model, group).wrong })),
        most: 1,
        width: 480,
      })
    ),
  );
  yield claim(refusalsReplaceInventions, { before: before.unseen.wrong, after: after.unseen.wrong });
  yield claim(knownIsRefusedToo, {
    before: before.told.right,
    after: after.told.right,
    refused: after.told.unknown,
  });
  yield claim(knowsWhatItKnows, {
    unseen: after.unseen.unknown,
    told: after.told.unknown,
    asked: share("honest", "asked").unknown,
  });
}
