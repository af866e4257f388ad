/**
 * Tests addresses of datasets on the Hugging Face Hub, and access tokens, with a server that answers as the
 * Hub does.
 *
 * @module
 */
import { deepStrictEqual, match, rejects, strictEqual } from "node:assert/strict";
import { hubFiles, isCard } from "../../../stages/source/hub.ts";
import { hubToken } from "../../../stages/source/hub_token.ts";
import { openSource } from "../../../stages/source/uri.ts";
import { read, withFolder } from "./source_checks.ts";

const commit = "0123456789012345678901234567890123456789";
const line = '{"text":"a"}\n';
const paths = [
  ".gitattributes",
  "README.md",
  "config.json",
  "dataset_infos.json",
  "en.noblocklist/c4-0.json",
  "en.noblocklist/c4-1.json",
  "en.noblocklist/deeper/config.json",
  "plain/part-0",
  "top.jsonl",
];

/**
 * Serves a dataset `o/n`; `revisions` are those that were asked for, `tokens` the tokens by kind of request.
 */
function hub(token: string | null = null) {
  const revisions: string[] = [], tokens = new Set<string>();
  const controller = new AbortController();
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", signal: controller.signal, onListen() {} },
    (request) => {
      const path = decodeURIComponent(new URL(request.url).pathname);
      const given = request.headers.get("authorization");
      tokens.add(`${path.split("/")[1]} ${given}`);
      if (token !== null && given !== `Bearer ${token}`) return new Response("{}", { status: 401 });
      const revision = /^\/api\/datasets\/o\/n\/revision\/(.+)$/.exec(path)?.[1];
      if (revision !== undefined) {
        revisions.push(revision);
        return Response.json({
          _id: "1",
          id: "o/n",
          sha: commit,
          private: false,
          gated: false,
          lastModified: "2024-01-01",
        });
      }
      const tree = new RegExp(`^/api/datasets/o/n/tree/${commit}/?(.*)$`).exec(path)?.[1];
      if (tree !== undefined) {
        const recursive = new URL(request.url).searchParams.get("recursive") === "true";
        const inside = paths.filter((one) => tree === "" || one.startsWith(`${tree}/`));
        if (inside.length === 0) return Response.json({ error: "not found" }, { status: 404 });
        const names = inside.map((one) => one.slice(tree === "" ? 0 : tree.length + 1));
        const folders = new Set(names.filter((one) => one.includes("/")).map((one) => one.split("/")[0]));
        const at = (name: string) => (tree === "" ? name : `${tree}/${name}`);
        return Response.json([
          ...[...folders].map((name) => ({ type: "directory", path: at(name), size: 0, oid: "1" })),
          ...names.filter((name) => recursive || !name.includes("/"))
            .map((name) => ({ type: "file", path: at(name), size: line.length, oid: "2" })),
        ]);
      }
      const file = new RegExp(`^/datasets/o/n/resolve/${commit}/(.*)$`).exec(path)?.[1];
      if (file === undefined || !paths.includes(file)) return new Response("", { status: 404 });
      return new Response(line, { headers: { etag: '"1"' } });
    },
  );
  const origin = `http://127.0.0.1:${server.addr.port}`;
  const names = async (uri: string, options = {}) =>
    (await hubFiles(uri, { hubUrl: origin, ...options })).map(({ url }) =>
      decodeURIComponent(url.split(`${commit}/`)[1])
    );
  return {
    origin,
    revisions,
    tokens,
    names,
    async [Symbol.asyncDispose]() {
      controller.abort();
      await server.finished;
    },
  };
}

Deno.test("hubFiles() takes revisions with slashes, and the path after them", async () => {
  await using server = hub();
  for (
    const [uri, revision] of [
      ["hf:o/n@refs/convert/parquet/top.jsonl", "refs/convert/parquet"],
      ["hf:o/n@refs/pr/1/top.jsonl", "refs/pr/1"],
      ["hf:o/n@refs%2Fpr%2F12/top.jsonl", "refs/pr/12"],
      ["hf:o/n@feature%2Fx/top.jsonl", "feature/x"],
      ["hf://datasets/o/n@v1.0/top.jsonl", "v1.0"],
      ["hf:o/n/top.jsonl", "HEAD"],
    ]
  ) {
    deepStrictEqual(await server.names(uri), ["top.jsonl"], uri);
    strictEqual(server.revisions.pop(), revision);
  }
  deepStrictEqual(await server.names("hf:o/n@refs/pr/1", { accepts: (name: string) => name.endsWith("l") }), [
    "top.jsonl",
  ]);
  await rejects(server.names("hf:models/o/n"), /models hold no documents/);
  await rejects(server.names("hf:o"), /expected hf:OWNER\/NAME/);
});

Deno.test("hubFiles() asks whether a path is a folder, whatever its name looks like", async () => {
  await using server = hub();
  const c4 = ["en.noblocklist/c4-0.json", "en.noblocklist/c4-1.json"];
  deepStrictEqual(await server.names("hf:o/n/en.noblocklist"), c4);
  deepStrictEqual(await server.names("hf:o/n/en.noblocklist/"), c4);
  deepStrictEqual(await server.names("hf:o/n/en.noblocklist/*-1.json"), ["en.noblocklist/c4-1.json"]);
  deepStrictEqual(await server.names("hf:o/n/plain/part-0"), ["plain/part-0"]);
  deepStrictEqual(await server.names("hf:o/n/plain"), ["plain/part-0"]);
  await rejects(server.names("hf:o/n/none"), Deno.errors.NotFound);
  await rejects(server.names("hf:o/n/none.json"), Deno.errors.NotFound);
});

Deno.test("hubFiles() leaves out cards and configurations, unless they are named", async () => {
  await using server = hub();
  deepStrictEqual(await server.names("hf:o/n"), [
    "en.noblocklist/c4-0.json",
    "en.noblocklist/c4-1.json",
    "plain/part-0",
    "top.jsonl",
  ]);
  deepStrictEqual(await server.names("hf:o/n/config.json"), ["config.json"]);
  for (
    const path of ["data/README.md", "LICENSE.txt", "tokenizer_config.json", ".cache/a.jsonl", "__x/a.json"]
  ) {
    strictEqual(isCard(path), true, path);
  }
  for (const path of ["data/train.json", "readers.txt", "configs.jsonl", "licensed/a.md"]) {
    strictEqual(isCard(path), false, path);
  }
});

Deno.test("a token goes to the Hub with lists and files, and an error names the option", () =>
  withFolder(async (path) => {
    await using server = hub("hf_abc");
    const refused = server.names("hf:o/n/top.jsonl");
    await rejects(refused, /private or gated: give --hub-token with a file that holds a token/);
    const token = path("token", "hf_abc\n");
    const source = await openSource(["hf:o/n/top.jsonl"], { hubUrl: server.origin, hubToken: token });
    strictEqual((await read(source)).items[0].text, "a");
    deepStrictEqual([...server.tokens].filter((one) => one.endsWith("hf_abc")), [
      "api Bearer hf_abc",
      "datasets Bearer hf_abc",
    ]);
    await using other = hub("hf_other");
    await rejects(other.names("hf:o/n", { hubToken: token }), /give --hub-token with another one/);
  }));

Deno.test("hubToken() refuses a missing file and one without a token", () =>
  withFolder(async (path) => {
    await rejects(hubToken(path("none", "") + "x"), Deno.errors.NotFound);
    await rejects(hubToken(path("bad", "secret")), (error: Error) => {
      match(error.message, /bad: it holds no text like hf_/);
      return !error.message.includes("secret");
    });
    strictEqual(await hubToken(path("token", "  hf_aB1\n")), "hf_aB1");
  }));
