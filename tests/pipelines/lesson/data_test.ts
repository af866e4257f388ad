import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { names, text } from "../../../pipelines/lesson/data.ts";
import { points } from "../../../pipelines/lesson/micrograd/moons.ts";
import { sharedTest } from "../../shared_data.ts";
import { withFile, withFolder } from "../../temporary.ts";

Deno.test("names and text read what installs with the program", async () => {
  const { words, isLectureData } = await names.open(null);
  ok(words.length > 7000 && words.every((word) => /^[a-z]+$/.test(word)), `${words.length}`);
  strictEqual(new Set(words).size, words.length);
  strictEqual(isLectureData, false);
  const speeches = await text.open(null);
  ok(speeches.text.length > 1e6 && !speeches.isLectureData);
  strictEqual(speeches.text, (await text.open(null)).text);
});

sharedTest(
  "names and text recognise the lecture's files",
  ["text/names.txt", "text/tinyshakespeare.txt"],
  async (path) => {
    const { words, isLectureData } = await names.open(path("text/names.txt"));
    deepStrictEqual([words.length, words[0], isLectureData], [32033, "emma", true]);
    const shakespeare = await text.open(path("text/tinyshakespeare.txt"));
    deepStrictEqual([shakespeare.text.length, shakespeare.isLectureData], [1_115_394, true]);
  },
);

sharedTest(
  "names and text recognise the lecture's files by their content, from any source and with any line ends",
  ["text/names.txt", "text/tinyshakespeare.txt"],
  (path) =>
    withFolder(async (folder) => {
      const [list, play] = [
        await Deno.readTextFile(path("text/names.txt")),
        await Deno.readTextFile(path("text/tinyshakespeare.txt")),
      ];
      const gzipped = new Blob([play]).stream().pipeThrough(new CompressionStream("gzip"));
      await Deno.writeFile(`${folder}/play.txt.gz`, gzipped);
      await Deno.writeTextFile(`${folder}/play.jsonl`, JSON.stringify({ text: play }));
      await Deno.writeTextFile(`${folder}/windows.txt`, play.replaceAll("\n", "\r\n"));
      await Deno.writeTextFile(
        `${folder}/names.jsonl`,
        list.split("\n").map((text) => `${JSON.stringify({ text })}\n`).join(""),
      );
      await Deno.writeTextFile(`${folder}/names.md`, `${list.replaceAll("\n", "\r\n")}\r\n`);
      for (const file of ["play.txt.gz", "play.jsonl", "windows.txt"]) {
        const opened = await text.open(`${folder}/${file}`);
        deepStrictEqual([opened.isLectureData, opened.text === play], [true, true], file);
      }
      for (const file of ["names.jsonl", "names.md"]) {
        const opened = await names.open(`${folder}/${file}`);
        deepStrictEqual([opened.isLectureData, opened.words.length], [true, 32033], file);
      }
      await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, () =>
        new Response(list));
      const opened = await names.open(`http://127.0.0.1:${server.addr.port}/names.txt`);
      deepStrictEqual([opened.isLectureData, opened.words.length], [true, 32033]);
      await Deno.writeTextFile(`${folder}/other.txt`, play.replace("First", "Last"));
      strictEqual((await text.open(`${folder}/other.txt`)).isLectureData, false);
    }),
);

Deno.test("names, text and points read a file of the student, or say what is wrong with it", async () => {
  await withFile("anna\n\n otto \n".repeat(5), async (path) => {
    const { words, isLectureData } = await names.open(path);
    deepStrictEqual([words.length, words[1], isLectureData], [10, "otto", false]);
    await rejects(text.open(path), /characters: give at least 1000/);
    await rejects(points.open(path), /line 1 of .*: expected "x y label"/);
  });
  await withFile("0 1 0\n2,3,1\n", async (path) => {
    deepStrictEqual((await points.open(path)).points, [{ x: 0, y: 1, label: -1 }, { x: 2, y: 3, label: 1 }]);
    await rejects(names.open(path), /it has 2 words: give at least 10/);
  });
  await withFile("0 1 0\n", (path) => rejects(points.open(path), /all of one class/));
  await rejects(names.open("/no/such.txt"), Deno.errors.NotFound);
});
