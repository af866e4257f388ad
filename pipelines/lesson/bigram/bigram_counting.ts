/**
 * The sections about counting in the lesson on pairs of letters: the table of counts, names drawn from it,
 * and its loss.
 *
 * @module
 */
import { TorchRandom } from "../../../kernels/random/torch_random.ts";
import { heatmapChart } from "../../../stages/report/chart/heatmap.ts";
import { bigramProbabilities, drawNames } from "../draw_names.ts";
import { claim } from "../claim.ts";
import { check, code, figure, heading, type Item, lines, say, table } from "../item.ts";
import type { Letters } from "../letters.ts";
import { probabilitiesFrom } from "../ngrams.ts";
import { drawnLookLikeNames, keepdimMatters, smoothingCosts } from "./bigram_claims.ts";
import { frequentChecks, nameChecks, notebook, publishedNames, rerun } from "./bigram_published.ts";

const file = "pipelines/lesson/bigram/bigram_counting.ts";

/** Data and settings that the sections of the lesson share. */
export interface BigramSetup {
  readonly words: readonly string[];
  readonly letters: Letters;
  readonly seed: number;
  /** Why values may differ from the lecture's; null if they should be equal. */
  readonly mayDiffer: string | null;
}

/** 1. The names. */
export function* describeNames({ words, letters, mayDiffer }: BigramSetup): Generator<Item> {
  yield heading("The names");
  yield say(
    "The task is to learn from names and to make more of them, letter by letter. Names show which letters they start with, which letters follow each other, and after which letters they end.",
  );
  yield lines(words.slice(0, 8).join(" "));
  const lengths = words.map((word) => [...word].length).sort((a, b) => a - b), last = lengths.length - 1;
  const values: readonly (readonly [string, number, number])[] = [
    ["names", words.length, 32033],
    ["letters of the shortest name", lengths[0], 2],
    ["letters of the longest name", lengths[last], 15],
    ["symbols: letters and the boundary mark", letters.count, 27],
  ];
  for (const [name, ours, lecture] of values) {
    yield check({ name, ours, lecture, source: notebook, mayDiffer });
  }
}

/**
 * 2. How often each letter follows each other letter. Returns the counts, with a row for each first letter.
 */
export function* countPairs({ words, letters, mayDiffer }: BigramSetup): Generator<Item, Float64Array[]> {
  yield heading("Counting pairs");
  const mark = letters.symbols[0];
  // #region counts
  const counts = Array.from({ length: letters.count }, () => new Float64Array(letters.count));
  for (const word of words) {
    for (const [first, second] of pairsOf(word, letters)) counts[first][second]++;
  }
  // #endregion
  yield say(
    `A name is a sequence of pairs of letters, with the mark \`${mark}\` before and after it. \`${
      words[0]
    }\` has the pairs ${
      pairsOf(words[0], letters).map((pair) => `\`${letters.decode(pair)}\``).join(" ")
    }. A table counts the pairs of all names, with a row for each first letter and a column for each second one.`,
  );
  yield code(file, "counts");
  yield code(file, "pairsOf");
  yield figure(
    `Rows are first letters, columns second letters. The row of ${mark} shows how names start, its column how they end.`,
    heatmapChart({
      title: "count of each pair",
      values: counts,
      rows: letters.symbols,
      columns: letters.symbols,
      width: 960,
      height: 900,
      ...(letters.count <= 40 && { // with more cells, their text would be too small to read
        cellText: (i: number, j: number): string[] => [letters.decode([i, j]), String(counts[i][j])],
      }),
    }),
  );
  const pairs = counts.flatMap((row, i) =>
    Array.from(row, (count, j) => ({ pair: letters.decode([i, j]), count }))
  ).sort((a, b) => b.count - a.count);
  yield say("The most frequent pairs:");
  yield* frequentChecks(pairs, mayDiffer);
  yield check({
    name: "pairs in total",
    ours: pairs.reduce((sum, { count }) => sum + count, 0),
    lecture: 228146,
    source: rerun,
    mayDiffer,
  });
  yield check({
    name: "pairs that never occur",
    ours: pairs.filter(({ count }) => count === 0).length,
    lecture: 102,
    source: rerun,
    mayDiffer,
  });
  return counts;
}

/** 3. Names drawn with the probabilities of the table. Returns the names. */
export async function* drawFromCounts(
  counts: readonly Float64Array[],
  { words, letters, seed, mayDiffer }: BigramSetup,
): AsyncGenerator<Item, string[]> {
  yield heading("Drawing names");
  yield say(
    "Divide each row by its sum, and it holds the probabilities of the next letter. Start at the mark, draw a letter with the probabilities of its row, continue in the row of that letter, and stop when the mark is drawn. Every count is first increased by 1, so that no pair is impossible:",
  );
  yield code("pipelines/lesson/draw_names.ts", "drawNames");
  const smoothed = bigramProbabilities(counts.map((row) => probabilitiesFrom(row.map((n) => n + 1))));
  const options = { letters, count: publishedNames.length };
  const drawn = await drawNames(smoothed, { ...options, random: new TorchRandom(seed) });
  yield* nameChecks(drawn, { by: "counts", lecture: publishedNames, mayDiffer });
  const today = await drawNames(smoothed, {
    ...options,
    random: new TorchRandom(seed),
    exponentialRace: true,
  });
  yield say(
    `${
      drawn.join(" ") === publishedNames.join(" ")
        ? "These are the lecture's names, because the random numbers are the same as well. "
        : ""
    }To draw a letter, torch in 2022 looked up a uniform random number among the running sums of the probabilities. Torch today gives each letter a random waiting time, from an exponential distribution that is shorter for likelier letters, and takes the letter with the shortest. Both ways draw with the same probabilities. With the same seed, today's torch draws ${
      today.join(" ") === drawn.join(" ") ? "the same names" : "other names"
    }:`,
  );
  yield lines(today.join(" "));
  yield say("A model that knows nothing and considers all letters equally likely draws these:");
  const uniform = counts.map((row) => new Float64Array(row.length).fill(1 / row.length));
  const unlearned = await drawNames(bigramProbabilities(uniform), {
    ...options,
    random: new TorchRandom(seed),
  });
  yield lines(unlearned.join(" "));
  const [names, randomNames] = [drawn, unlearned].map((all) => {
    return all.map((name) => withoutMark(name, letters));
  });
  const lossOf = (words: readonly string[]): number => bigramLoss(counts, { words, letters, smoothing: 1 });
  yield claim(drawnLookLikeNames, {
    value: lossOf(names),
    other: lossOf(randomNames),
    known: names.filter((name) => words.includes(name)).length,
    drawn: names.length,
  });
  return drawn;
}

/** 4. A sum with the wrong shape, a mistake that causes no error. */
export function* keepdimTrap(counts: readonly Float64Array[], { letters }: BigramSetup): Generator<Item> {
  const n = letters.count;
  yield heading("A trap: the shape of a sum");
  yield say(
    `In torch the probabilities are \`P = N / N.sum(1, keepdim=True)\`. The sums are a column [${n}, 1]. Torch repeats it to the right (it broadcasts), so each row is divided by its own sum. Without \`keepdim\` the sums have the shape [${n}]. Torch aligns shapes from the right, so [${n}] becomes a row [1, ${n}], which is repeated downwards: column j is divided by the sum of row j. The shapes are compatible, so there is no error.`,
  );
  const sums = counts.map((row) => row.reduce((a, b) => a + b, 0));
  // #region broadcast
  const correct = counts.map((row, i) => row.map((n) => n / sums[i]));
  const mistaken = counts.map((row) => row.map((n, j) => n / sums[j]));
  // #endregion
  yield code(file, "broadcast");
  const total = (row: Float64Array): number => row.reduce((a, b) => a + b, 0);
  yield table(
    ["row", "sum of its probabilities with keepdim", "without"],
    [0, 1, 2, 3].map((
      i,
    ) => [letters.symbols[i], total(correct[i]).toFixed(4), total(mistaken[i]).toFixed(4)]),
  );
  const error = (rows: readonly Float64Array[]): number =>
    Math.max(...rows.filter((_, i) => sums[i] > 0).map((row) => Math.abs(total(row) - 1)));
  yield claim(keepdimMatters, { correct: error(correct), mistaken: error(mistaken) });
  yield say(
    "Always check that the probabilities of a row add up to 1. (With this project's kernels, write `div(N, broadcast(sums, { shape, from: 1, to: 2 }))` for the version with keepdim. `div(N, sums)` is the same trap here.)",
  );
}

/** 5. The loss: a single number that says how good a model is. */
export function* likelihood(
  counts: readonly Float64Array[],
  { words, letters, mayDiffer }: BigramSetup,
): Generator<Item> {
  yield heading("How good is the model? The negative log-likelihood");
  yield say(
    `A good model gives real names a high probability: the product of the probabilities of all their pairs. The product of so many small numbers is too close to 0 to compute with, so we add their logarithms instead. Change the sign and divide by the number of pairs, and you have the loss. It is 0 at best, and log ${letters.count} = ${
      Math.log(letters.count).toFixed(4)
    } if all letters are equally likely.`,
  );
  yield code(file, "bigramLoss");
  const probabilities = counts.map(probabilitiesFrom);
  yield table(
    ["pair", "probability", "log"],
    pairsOf(words[0], letters).map(([i, j]) => {
      return [letters.decode([i, j]), probabilities[i][j], Math.log(probabilities[i][j])];
    }),
  );
  const loss = (smoothing: number): number => bigramLoss(counts, { words, letters, smoothing });
  const within = 1e-6, source = rerun;
  yield check({ name: "loss of all names", ours: loss(0), lecture: 2.4540145, within, source, mayDiffer });
  const name = "andrejq";
  if ([...name].every((letter) => letters.symbols.includes(letter))) {
    const losses = pairsOf(name, letters).map(([i, j]) => -Math.log(probabilities[i][j]));
    yield check({
      name: `largest -log of a pair of ${name}`,
      ours: String(Math.max(...losses)),
      lecture: "Infinity",
      source: notebook,
      mayDiffer,
    });
    const missing = pairsOf(name, letters)[losses.indexOf(Infinity)];
    if (missing !== undefined) {
      yield say(
        `No name contains \`${
          letters.decode(missing)
        }\`, so the model considers this pair impossible. A single name with it makes the loss of a million names infinite.`,
      );
    }
  }
  yield say("Smoothing prevents probabilities of 0: add 1 to every count, or more.");
  yield check({ name: "loss with 1 added", ours: loss(1), lecture: 2.4545768, within, source, mayDiffer });
  const losses = [0, 1, 10, 100, 1000, 1e6].map((added) => ({ added, loss: loss(added) }));
  yield table(["added", "loss"], losses.map(({ added, loss }) => [added, loss]));
  yield claim(smoothingCosts, { losses: losses.map(({ loss }) => loss) });
}

/** Returns a drawn name without the boundary mark at its end. */
function withoutMark(name: string, { symbols: [mark] }: Letters): string {
  return name.endsWith(mark) ? name.slice(0, -mark.length) : name;
}

/**
 * Returns the mean of `-log(probability)` over all pairs of the words. The probabilities are computed from
 * the counts with `smoothing` added to each.
 */
export function bigramLoss(
  counts: readonly Float64Array[],
  { words, letters, smoothing = 0 }: Pick<BigramSetup, "words" | "letters"> & { readonly smoothing?: number },
): number {
  const probabilities = counts.map((row) => probabilitiesFrom(row.map((n) => n + smoothing)));
  const pairs = words.flatMap((word) => pairsOf(word, letters));
  return pairs.reduce((sum, [i, j]) => sum - Math.log(probabilities[i][j]), 0) / pairs.length;
}

/**
 * Returns the pairs of consecutive letter ids of a word. The boundary mark, id 0, is added at its start and
 * end.
 */
function pairsOf(word: string, letters: Letters): [number, number][] {
  const ids = [0, ...letters.encode(word), 0];
  return ids.slice(1).map((id, i) => [ids[i], id]);
}
