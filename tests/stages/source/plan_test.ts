import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { asSource } from "../../../stages/flow/as_source.ts";
import { checkStage } from "../../../stages/flow/check_resume.ts";
import { from } from "../../../stages/flow/flow.ts";
import type { Document } from "../../../stages/items.ts";
import {
  findInputs,
  findParts,
  partsOf,
  partsOfRank,
  piecesOf,
  type PlannedInput,
} from "../../../stages/source/parts.ts";
import { checkUnchanged, planStages, readPlan, writePlan } from "../../../stages/source/plan.ts";
import { withFolder } from "../../temporary.ts";
import { read } from "./source_checks.ts";

const lines = Array.from(
  { length: 50 },
  (_, i) => JSON.stringify({ id: `${i}`, text: `line ${i} `.repeat(9) }),
);

/** Writes a file that is divided, one that is not, and a small one. Returns their URIs, and a corpus. */
async function writeInputs(dir: string): Promise<readonly string[]> {
  await Deno.writeTextFile(`${dir}/a.jsonl`, `${lines.join("\n")}\n`);
  await Deno.writeFile(`${dir}/b.jsonl.gz`, gzipSync(`${lines.join("\n")}\n`, { level: 0 }));
  await Deno.writeTextFile(`${dir}/c.txt`, "short");
  return [`${dir}/a.jsonl`, `${dir}/b.jsonl.gz`, `${dir}/c.txt`, "embedded:sotu"];
}

const options = { partBytes: 700 };

async function makePlan(path: string, uris: readonly string[]): Promise<readonly PlannedInput[]> {
  const inputs = await findInputs(uris);
  const [stage] = planStages(options);
  await from(asSource("inputs", () => [...inputs])).pipe(stage).pipe(writePlan(path)).run();
  const plan = await readPlan(path);
  ok(plan !== null);
  return plan;
}

async function documentsOf(parts: Awaited<ReturnType<typeof findParts>>): Promise<Document[]> {
  const found: Document[] = [];
  for (const { source } of parts) found.push(...(await read(source)).items);
  return found;
}

Deno.test("a plan that is read gives the parts of findParts(), and ranks divide them without a gap", () =>
  withFolder(async (dir) => {
    const uris = (await writeInputs(dir)).slice(0, 3), plan = await makePlan(`${dir}/plan.jsonl`, uris);
    const parts = await findParts(uris, options), planned = await partsOf(piecesOf(plan), options);
    const about = ({ index, file, bytes, source: { name } }: (typeof parts)[number]) => ({
      index,
      file,
      bytes,
      name,
    });
    deepStrictEqual(planned.map(about), parts.map(about));
    ok(parts.length > 5);
    deepStrictEqual(parts.map(({ index }) => index), [...parts.keys()]);
    const expected = await documentsOf(parts);
    strictEqual(expected.length, 101);
    for (const world of [1, 2, 7, 1000]) {
      const pieces = Array.from({ length: world }, (_, rank) => partsOfRank(piecesOf(plan), { rank, world }));
      deepStrictEqual(pieces.flat(), [...piecesOf(plan)]);
      deepStrictEqual(await documentsOf(await partsOf(pieces.flat(), options)), expected, `${world}`);
    }
  }));

Deno.test("a plan names corpora, and the stages that make it can be resumed", () =>
  withFolder(async (dir) => {
    const uris = await writeInputs(dir), plan = await makePlan(`${dir}/plan.jsonl`, uris);
    deepStrictEqual(plan.map(({ pieces }) => pieces), [{ every: 700 }, null, null, null]);
    const { identity, ...corpus } = plan[3];
    deepStrictEqual([identity, corpus.embedded], [undefined, true]);
    match((await partsOf(piecesOf([plan[3]])))[0].source.name, /sotu/);
    await checkStage(() => writePlan(`${dir}/law/plan.jsonl`), [...plan]);
    await checkStage(() => planStages(options)[0], [...await findInputs(uris)]);
  }));

Deno.test("checkUnchanged() refuses a file that is longer, other or gone since the plan, and says which", () =>
  withFolder(async (dir) => {
    const [a, b] = await makePlan(`${dir}/plan.jsonl`, await writeInputs(dir));
    await checkUnchanged(a);
    const refused = (input: PlannedInput, message: RegExp) =>
      rejects(checkUnchanged(input), { name: "InvalidData", message });
    const text = await Deno.readTextFile(a.file);
    await Deno.writeTextFile(a.file, `${text}x`);
    await refused(
      a,
      /a\.jsonl: it has changed since the plan was made: it had \d+ bytes, it has \d+ bytes: put it/,
    );
    await Deno.writeTextFile(a.file, text.replace("line 0", "line 1"));
    await refused(a, /its content is another: put it back/);
    await Deno.writeTextFile(a.file, text);
    await checkUnchanged(a);
    await Deno.remove(b.file);
    await refused(b, /b\.jsonl\.gz: .*: it is missing: put it back/);
  }));

Deno.test("readPlan() gives null for none, and refuses one that is cut anywhere or holds something else", () =>
  withFolder(async (dir) => {
    const path = `${dir}/plan.jsonl`;
    strictEqual(await readPlan(path), null);
    await makePlan(path, (await writeInputs(dir)).slice(0, 3));
    const text = await Deno.readTextFile(path);
    for (let end = 0; end < text.length - 2; end += 17) {
      await Deno.writeTextFile(path, text.slice(0, end));
      await rejects(
        readPlan(path),
        { name: "InvalidData", message: /make it again with --only plan/ },
        `${end}`,
      );
    }
    for (const [was, is] of [['"plan":1', '"plan":2'], ['"every":700', '"every":0'], ['"size"', '"sise"']]) {
      await Deno.writeTextFile(path, text.replace(was, is));
      await rejects(readPlan(path), { name: "InvalidData" }, is);
    }
  }));
