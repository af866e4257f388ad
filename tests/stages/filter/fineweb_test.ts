import { fineweb } from "../../../stages/filter/fineweb.ts";
import { finewebFilters, finewebStages } from "../../../stages/filter/fineweb_group.ts";
import { from } from "../../../stages/flow/flow.ts";
import { checkStage } from "../../../stages/flow/check_resume.ts";
import type { Document } from "../../../stages/items.ts";
import { embedded } from "../../../stages/source/embedded/embedded.ts";
import { equal, openFilter } from "./filter_checks.ts";

Deno.test("finewebStages() returns the filters in the recipe's order, or in the order of the option", () => {
  const others = finewebFilters.filter((name) => name !== "minhash");
  equal(finewebStages().map((stage) => stage.name), others);
  const minhash = { keep: "first", dir: "x" } as const;
  const all = finewebFilters.map((name) => name === "minhash" ? "minhash-sign" : name);
  equal(finewebStages({ minhash }).map((stage) => stage.name), all);
  equal(finewebStages({ stages: ["c4", "language"] }).map((stage) => stage.name), ["c4", "language"]);
});

Deno.test("finewebStages() refuses unknown names and names listed twice", () => {
  const bad = [
    [JSON.parse('{"stages": ["gopher"]}'), "Unknown filter gopher"],
    [{ stages: ["c4", "c4"] }, "listed twice"],
    [JSON.parse('{"words": "nltk"}'), "Unknown word splitter nltk"],
    [JSON.parse('{"sentences": "x"}'), "Unknown sentence splitter x"],
    [JSON.parse('{"recipe": "old"}'), "Unknown recipe old"],
    [{ languageThreshold: 2 }, "threshold is 2"],
  ];
  for (const [options, part] of bad) {
    try {
      finewebStages(options);
    } catch (error) {
      if (error instanceof RangeError && error.message.includes(part)) continue;
      throw error;
    }
    throw new Error(`Accepted ${JSON.stringify(options)}`);
  }
});

Deno.test("fineweb() keeps most speeches and drops a list of links", async () => {
  const speeches: Document[] = [];
  const flow = from(embedded("sotu", { ordered: true })).via(fineweb());
  equal(flow.describe().map((step) => step.kind), ["source", ...finewebStages().map(() => "stage")]);
  for await (const doc of flow.stream()) if (speeches.push(doc) === 20) break;
  const last = Number(speeches[19].id.slice("sotu/".length, "sotu/".length + 4));
  if (last > 1815) throw new Error(`The twentieth kept speech is from ${last}`);
  const links = Array.from({ length: 40 }, (_, i) => `The link to page ${i}`).join("\n");
  const reasons: (string | null)[] = [];
  for (const stage of finewebStages()) reasons.push((await openFilter(stage))(links).reason);
  if (reasons.every((reason) => reason === null)) throw new Error("A list of links passes");
});

Deno.test("the filters can be stopped after any item and resumed without a difference", async () => {
  const docs: Document[] = [];
  for await (const doc of from(embedded("spam-assassin")).stream()) if (docs.push(doc) === 4) break;
  for (const make of finewebStages().map((_, i) => () => finewebStages()[i])) await checkStage(make, docs);
});

Deno.test("fineweb() drops near-duplicates if minhash is among the filters", async () => {
  const dir = await Deno.makeTempDir();
  const docs = [1, 2, 3].map((i) => ({ id: `${i}`, text: `One two three four five six ${i}` }));
  for (const keep of ["first", "cluster"] as const) {
    const group = fineweb({ stages: ["minhash"], minhash: { keep, dir } });
    const flow = from({ name: "docs", open: () => null, read: () => docs }).via(group);
    equal(await Array.fromAsync(flow.stream()), [docs[0]]);
  }
  let message = "";
  try {
    fineweb({ stages: ["minhash"] });
  } catch (error) {
    if (error instanceof RangeError) message = error.message;
  }
  if (!message.includes("needs a folder")) throw new Error(`Got: ${message}`);
  await Deno.remove(dir, { recursive: true });
});
