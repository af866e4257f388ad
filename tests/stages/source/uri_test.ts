import { findSource, openSource } from "../../../stages/source/uri.ts";
import { sharedTest } from "../../shared_data.ts";
import { equal, fails, read, resumesAnywhere } from "./source_checks.ts";

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
