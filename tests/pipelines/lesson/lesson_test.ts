/** Tests lessons on the command line. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { isLesson } from "../../../pipelines/lesson/lesson.ts";
import { allPipelines } from "../all_pipelines.ts";
import { errorLine, runsTo, withFolder } from "../program.ts";
import { itemsOfRun } from "./run_lesson.ts";

const points = "0 0 0\n0 1 0\n2 0 1\n2 1 1\n";

Deno.test("a lesson prints its items, ends with its exercises and writes a page; --source takes a file of the student", () =>
  withFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/points.txt`, points);
    const args = ["micrograd", "--source", `${dir}/points.txt`, "--out", `${dir}/out`, "--device", "cpu"];
    const { out, err } = await runsTo(0, args);
    // Only the claim that no line separates the points does not hold for these four.
    deepStrictEqual(out.match(/^✗ .*/gm)?.map((line) => line.slice(0, 35)), [
      "✗ The net does no better than a str",
    ]);
    ok(!err.includes("error"), out + err);
    match(
      out,
      /^Lecture: The spelled-out .*\n {2}https:\S+\n\nData: 4 points of .*\n\nWhat a derivative is\n═+\n/,
    );
    strictEqual(out.match(/are not compared, because of other data\./g)?.length, 1);
    match(out, /· loss at step 0: .*\(lecture: 0\.89/);
    match(
      out,
      /`E04`: Give your Value[^]*\nReport: .*report\.html\nNext lesson: deno task pipeline makemore-bigram\n$/,
    );
    deepStrictEqual([...Deno.readDirSync(`${dir}/out`)].map(({ name }) => name), ["report.html"]);
    const page = await Deno.readTextFile(`${dir}/out/report.html`);
    ok(
      page.includes("19 of 19 values agree with the lecture's; 16 not compared; 6 of 7 claims hold") &&
        page.endsWith("</html>\n"),
      page.slice(0, 6000),
    );
    const solution = ["micrograd", "--out", `${dir}/solution`, "--device", "cpu", "--solution", "E04"];
    const quiet = await runsTo(0, [...solution, "--quiet"]);
    deepStrictEqual(quiet.out.trim().split("\n").map((line) => line.slice(0, 9)), [
      "✓ loss: 2",
      ...Array(4).fill("✓ d loss "),
      "5 of 5 va",
    ]);
    const first = ["micrograd", "--out", `${dir}/first`, "--solution", "E01"];
    const json = await runsTo(0, [...first, "--json"]);
    const events = json.out.trim().split("\n").map((line) => JSON.parse(line));
    strictEqual(events.filter(({ type, kind }) => type === "lesson" && kind === "check").length, 4);
  }));

Deno.test("a lesson says in one line what is wrong with its options, and writes nothing", () =>
  withFolder(async (dir) => {
    const none = ["--out", `${dir}/none`];
    const solution = await runsTo(2, ["micrograd", "--solution", "E5", ...none]);
    match(errorLine(solution), /"E5": expected one of E01, E02, E03, E04/);
    const missing = await runsTo(2, ["micrograd", "--source", `${dir}/no.txt`, ...none]);
    match(errorLine(missing), /no\.txt/);
    const lesson = await runsTo(2, ["lessons", "--figures", "--lesson", "nothing"]);
    match(errorLine(lesson), /Unknown lesson nothing: expected some of .*micrograd/);
    deepStrictEqual([...Deno.readDirSync(dir)], []);
  }));

Deno.test("a lesson says how its run is shortened, unless an option chooses the length or other work", async () => {
  const lessons = new Map((await allPipelines()).map(({ name, pipeline }) => [name, pipeline]));
  /** Returns what the lesson says of its length before its first section. */
  const said = async (name: string, values: Readonly<Record<string, unknown>> = {}): Promise<string> => {
    const pipeline = lessons.get(name);
    ok(pipeline !== undefined && isLesson(pipeline));
    for await (const item of itemsOfRun(pipeline, { values })) {
      if (item.kind !== "say") continue;
      return item.text.startsWith("Data: ") ? "" : item.text;
    }
    throw new Error("The lesson has no items");
  };
  const chosen: readonly (readonly [name: string, ...values: Readonly<Record<string, unknown>>[]])[] = [
    ["makemore-mlp", { steps: 200_000 }],
    ["makemore-batchnorm", { steps: 8000 }],
    ["makemore-backprop", { steps: 100 }],
    ["makemore-wavenet", { steps: 1 }],
    ["makemore", { maxSteps: 12_000 }],
    ["shakespeare", { scale: true }, { preset: "nanogpt-cpu" }],
  ];
  for (const [name, ...choices] of chosen) {
    match(
      await said(name),
      /^This is a shortened run: .*\d of the .*\. Add `--full` for the lecture's length\.$/,
    );
    for (const values of [{ full: true }, ...choices]) strictEqual(await said(name, values), "", name);
  }
  const shortened = [];
  for (const [name, pipeline] of lessons) {
    if (isLesson(pipeline) && "full" in pipeline.options) shortened.push(name);
  }
  deepStrictEqual(shortened.sort(), chosen.map(([name]) => name).sort());
});

Deno.test("lessons lists the course; --figures compares every value of micrograd with the lecture's", async () => {
  const list = await runsTo(0, ["lessons"]);
  match(list.out, /^1\. micrograd: .*exercises E01 E02 E03 E04\n/);
  const { out } = await runsTo(0, ["lessons", "--figures", "--lesson", "micrograd", "--device", "cpu"]);
  const rows = out.trim().split("\n");
  strictEqual(rows[0], "| lesson | figure or claim | lecture | ours | |");
  ok(
    rows.includes("| micrograd | loss at step 0 | 0.8958441028683222 ±1e-12 | 0.8958441028683222 | same |"),
    out,
  );
  ok(rows.includes("| micrograd | loss at step 99 | 0.0109783701 ±1e-9 | 0.0109783701 | same |"), out);
  ok(rows.includes("| micrograd | first step with accuracy 100 % | 40 | 40 | same |"), out);
  ok(rows.some((row) => row.startsWith("| micrograd E01 | df/da |")), out);
  ok(rows.slice(2, -2).every((row) => /\| (same|holds) \|$/.test(row)), out);
  match(out, /\n\n\d+ of \d+ values agree with the lecture's; 8 of 8 claims hold\n$/);
});
