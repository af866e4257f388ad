import { findSource, openSource } from "../../../stages/source/uri.ts";
import { findParts } from "../../../stages/source/parts.ts";
import { weightOf } from "../../../stages/source/weight.ts";
import { sharedTest } from "../../shared_data.ts";
import { equal, fails, read, resumesAnywhere, withFolder } from "./source_checks.ts";

Deno.test("openSource() reads embedded corpora, one or mixed", async () => {
  equal((await read(await openSource(["embedded"]), { limit: 3 })).items.length, 3);
  const { items } = await read(await openSource(["embedded:sotu"]), { limit: 1 });
  if (!items[0].id.startsWith("sotu/")) throw new Error(items[0].id);
});

Deno.test("openSource() reads the files of a path or glob in order, and refuses wrong URIs", async () => {
  const home = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${home}/b.txt`, "Text b");
    await Deno.writeTextFile(`${home}/a.jsonl`, '{"text":"Text a"}\n');
    await Deno.writeTextFile(`${home}/c [1].txt`, "Text c");
    await Deno.mkdir(`${home}/d.txt`);
    const texts = async (...uris: string[]) =>
      (await resumesAnywhere(() => openSource(uris))).map((doc) => doc.text);
    equal(await texts(`${home}/b.txt`), ["Text b"]);
    equal(await texts(`${home}/*.{jsonl,txt}`), ["Text a", "Text b", "Text c"]);
    equal((await texts(`${home}/c [1].txt`, `${home}/a.*`, `${home}/b.txt`)).sort(), [
      "Text a",
      "Text b",
      "Text c",
    ]);
    const { summary } = await findSource([`${home}/*.txt`]);
    equal([summary.files.length, summary.bytes], [2, 12]);
    await Deno.writeTextFile(`${home}/empty.txt`, "");
    await Deno.writeTextFile(`${home}/x.doc`, "x");
    await Deno.writeTextFile(`${home}/x.parquet.gz`, "x");
    const wrong = (uri: string, type: new () => Error, part: string) =>
      fails(() => openSource([uri]), type, part);
    await wrong(`${home}/empty.txt`, Deno.errors.InvalidData, "it is empty");
    await wrong(`${home}/none.txt`, Deno.errors.NotFound, "check the path");
    await wrong(`${home}/*.md`, Deno.errors.NotFound, "No file matches");
    await wrong(`${home}/d.txt`, Deno.errors.NotFound, "the folder has no file of a type that can be read");
    await wrong(`${home}/x.doc`, RangeError, "its file type is unknown: expected .txt .md");
    await wrong(`${home}/x.parquet.gz`, RangeError, "decompress the file");
    await wrong("embedded:brown", RangeError, "expected sotu or spam-assassin");
    await wrong("hf:fineweb", RangeError, "expected hf:OWNER/NAME");
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});

sharedTest("openSource() reads real text, JSON lines and web pages", [
  "text/tinyshakespeare.txt",
  "web/cc_en_head-0091.jsonl",
  "web/articles/042bb7b5fedab6eac7db576522b89b93904c237d344bcbe14a6a5ab7f7335856.html.gz",
], async (path) => {
  const plays = await resumesAnywhere(() => openSource([path("text/tinyshakespeare.txt")]), [0, 1, 40]);
  const size = plays.map((doc) => doc.text.length + 2).reduce((a, b) => a + b);
  if (Math.abs(size - 1_115_394) > 10) {
    throw new Error(`tinyshakespeare has 1,115,394 characters, got ${size}`);
  }
  if (plays.length < 60 || plays.length > 70) throw new Error(`${plays.length} documents of 16 KiB`);
  equal((await resumesAnywhere(() => openSource([path("web/cc_en_head-0091.jsonl")]))).length, 10);
  const page = path("web/articles/042bb7b5fedab6eac7db576522b89b93904c237d344bcbe14a6a5ab7f7335856.html.gz");
  const { items } = await read(await openSource([page]));
  if (items[0].text.length < 300) throw new Error(`Page has ${items[0].text.length} characters`);
});

Deno.test("URI*WEIGHT mixes sources by weight, in characters; globs and files of such names stay what they are", () =>
  withFolder(async (path) => {
    const lines = (letter: string, length: number) =>
      `${JSON.stringify({ text: letter.repeat(length) })}\n`.repeat(60);
    const a = path("a.jsonl", lines("a", 10)), b = path("b.jsonl", lines("b", 30)), odd = path("n*2", "");
    const make = () => openSource([`${a}*3`, b]);
    const docs = await resumesAnywhere(make, [0, 1, 17, 60, 120]);
    const length = (letter: string) =>
      docs.slice(0, 50).filter(({ text }) => text[0] === letter)
        .reduce((sum, { text }) => sum + text.length, 0);
    if (Math.abs(length("a") / length("b") - 3) > 0.3) {
      throw new Error(`${length("a")} of a, ${length("b")} of b`);
    }
    equal(docs.length, 120);
    equal(weightOf(`${a}*0.5`), { uri: a, weight: 0.5 });
    equal(weightOf("hf:o/n@refs/pr/1/data/*.jsonl*2"), { uri: "hf:o/n@refs/pr/1/data/*.jsonl", weight: 2 });
    equal(weightOf("embedded*2"), { uri: "embedded", weight: 2 });
    equal(weightOf("-*10"), { uri: "-", weight: 10 });
    const notes = path("notes1", "x"),
      glob = notes.replace("notes1", "not*1"),
      each = notes.replace("notes1", "*1");
    for (const uri of [odd, glob, each, `${a}*`, `${a}*x`]) equal(weightOf(uri), { uri, weight: null });
    await fails(() => openSource([`${a}*0`]), RangeError, "expected a number above 0");
    await fails(() => findParts([`${a}*2`]), RangeError, "one after another");
  }));
