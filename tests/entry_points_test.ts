/**
 * Tests the entry points of the package, which are the modules named in `exports` of deno.json. The main
 * entry point has at most 80 values, so that a reader can survey them; a topic's entry point has everything
 * of its topic.
 *
 * @module
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import config from "../deno.json" with { type: "json" };
import { pathOfUrl } from "../stages/disk/paths.ts";

const root = new URL("../", import.meta.url);
const entryPoints: ReadonlyMap<string, string> = new Map(Object.entries(config.exports));
const most = 80; // values of the main entry point: what a person reads through in a few minutes

Deno.test("the main entry point has at most 80 values", async () => {
  const names = await valuesOf(".");
  ok(
    names.length >= 60 && names.length <= most,
    `mod.ts exports ${names.length} values, wanted 60 to ${most}`,
  );
});

Deno.test("every value of the main entry point has an example in its docs", async () => {
  const { nodes } = JSON.parse((await denoDoc(["--json", entryPoints.get(".")!])).text);
  const symbols: Documented[] = Object.values<{ symbols: Documented[] }>(nodes)[0].symbols;
  const withExample = new Set(symbols.filter(hasExample).map(({ name }) => name));
  deepStrictEqual((await valuesOf(".")).filter((name) => !withExample.has(name)), []);
});

Deno.test("every value of the main entry point is also behind the entry point of its topic", async () => {
  const behind = new Set<string>();
  for (const entryPoint of entryPoints.keys()) {
    if (entryPoint !== ".") (await valuesOf(entryPoint)).forEach((name) => behind.add(name));
  }
  deepStrictEqual((await valuesOf(".")).filter((name) => !behind.has(name)), []);
});

Deno.test("every value that version 0.1.0 exported is behind an entry point", async () => {
  const behind = new Set<string>();
  for (const entryPoint of entryPoints.keys()) {
    (await valuesOf(entryPoint)).forEach((name) => behind.add(name));
  }
  deepStrictEqual(version010.filter((name) => !behind.has(name)), []);
});

Deno.test("every entry point documents its symbols and exports the types that their signatures name", async (t) => {
  for (const [entryPoint, path] of entryPoints) {
    await t.step(entryPoint, async () => {
      const { success, text } = await denoDoc(["--lint", path]);
      ok(success, text);
    });
  }
});

/** A symbol in the output of `deno doc --json`. */
interface Documented {
  readonly name: string;
  readonly declarations: readonly {
    readonly jsDoc?: { readonly tags?: readonly { readonly kind: string }[] };
  }[];
}

/** Returns whether a declaration has an example. `deno task test` runs the examples. */
function hasExample({ declarations }: Documented): boolean {
  return declarations.some(({ jsDoc }) => jsDoc?.tags?.some(({ kind }) => kind === "example"));
}

/** Returns the names of the functions, classes and constants that an entry point exports. */
async function valuesOf(entryPoint: string): Promise<string[]> {
  return Object.keys(await import(new URL(entryPoints.get(entryPoint)!, root).href));
}

async function denoDoc(args: readonly string[]): Promise<{ success: boolean; text: string }> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--quiet", ...args],
    cwd: pathOfUrl(root),
    env: { NO_COLOR: "1" },
  }).output();
  return { success, text: new TextDecoder().decode(success ? stdout : stderr) };
}

/** The values that version 0.1.0 exported from `mod.ts`, except the namespace that is now `./kernels`. */
const version010 = `
Barrier BpeTokenizer BpeTrainer CHOICES_PER_BATCH CharTokenizer Decoder DeviceTrainer DivergenceDetector
END_OF_TEXT Flow MemoryCheckpoints ModelSession PendingResults Profiler SignatureLog Signer SkipBatchError
SpecialTokens StopStrings StreamDecoder TensorFile Vocabulary adamw asSource asStage asTransform batch
batchCount byteTokenizer c4 chain checkFiles checkSource checkStage checkUrlLists choiceRows contextExamples
countDuplicates countTokenBytes countTokens deadUnits decodeStream defaultSentences defaultWords
deleteRankStores devicePrograms dropDuplicates embedded embeddedNames embeddedSizes emptyChoiceTally
emptyLossTally emptyUrlLists encode encodeBatch encodeParallel endOfText evalEvent evaluate
evaluateHellaswag evaluateModel exampleCount examplesOfWords extract fileKind fileKinds fileSource
findDuplicates findParts findSource fineweb finewebDuplicates finewebFilters finewebQuality finewebStages
fitWeights from generateText generateTexts gopherQuality gopherRepetition gpt gptOptions hellaswag
hellaswagEvent histogramOf htmlFile hubFiles initialWeights inspect isHub jsonFile jsonlFile language
lettersAndDigits loadLanguageModel loadTokenizer map measureBatch minhashClusters minhashSeen minhashSign
mix muon needsDeferredUpdates openCheckpoints openDeviceTrainer openEngine openModel openSource
outlierWindow parallel parquetFile parquetRowGroups parseCharMeta partsOfRank pii plan planCost
principalAxes readCheckpoint readRemoval readTokenizer readUrlLists resolveRuleOptions resolveUri
rewritingFilters rowExamples rule sample saveTokenizer schedule scoreChoices scoreRows selectedFilters
sentenceSplitter sentenceSplitterNames serialFilters sgd shard shardFiles sortSignatures stage
storeRankDocuments storedDocuments summarizeLoss survey takeCheckpoint textFile textLength threadsFor toRow
tokenShards tokenizerNames train trainBpe url utf8Length validationLoss valueStats warcFile windows
withoutPadding wordSplitter wordSplitterNames writeDocuments writeParquet writeRemoved zScore
`.trim().split(/\s+/);
