/**
 * html5lib's tests of tree construction, as the Go module `golang.org/x/net` carries them. They are fetched
 * by the client `go` where they are run; nothing of the project holds their text.
 *
 * @module
 */
import { withFolder } from "../../../../temporary.ts";

const MODULE = "golang.org/x/net@v0.62.0";
const SUM = "h1:18ELalfM5+XNRwzM2nYqXsZQ9ByS1uhj2O/U7+5jqRY=";
const FOLDER = "html/testdata/html5lib-tests/tree-construction";
const PATIENCE = 120_000; // milliseconds that the download may take

/** A test: a page or a fragment, and its tree. */
export interface TreeCase {
  /** File and number of the test. */
  readonly name: string;
  /** The markup. */
  readonly data: string;
  /** Name of the element that a fragment is parsed in, such as `td` or `svg path`; null for a page. */
  readonly context: string | null;
  /** Whether the scripting flag is on. */
  readonly scripting: boolean;
  /** Whether a script changes the tree while it is built. */
  readonly scripted: boolean;
  /** The tree, an item a line; the lines of a text belong to its item. */
  readonly tree: readonly string[];
}

/** Returns the folder of the tests, or says why they cannot be had. */
export async function fetchHtml5lib(): Promise<{ readonly folder: string } | { readonly why: string }> {
  let answer: { Dir?: string; Sum?: string; Error?: string } = {};
  try {
    await withFolder(async (cwd) => {
      const signal = AbortSignal.timeout(PATIENCE);
      const args = ["mod", "download", "-json", MODULE];
      const { stdout } = await new Deno.Command("go", { args, cwd, stdin: "null", stderr: "null", signal })
        .output();
      answer = JSON.parse(new TextDecoder().decode(stdout));
    });
  } catch (error) {
    return { why: error instanceof Deno.errors.NotFound ? "no go" : `go mod download: ${error}` };
  }
  if (answer.Dir === undefined) return { why: answer.Error ?? "the Go modules cannot be reached" };
  if (answer.Sum !== SUM) throw new Error(`${MODULE} has the sum ${answer.Sum}, expected ${SUM}`);
  return { folder: `${answer.Dir}/${FOLDER}` };
}

/** Reads all tests below a folder. */
export async function readTreeCases(folder: string): Promise<TreeCase[]> {
  const cases: TreeCase[] = [];
  for (const file of [...await filesIn(folder), ...await filesIn(folder, "scripted/")]) {
    const text = await Deno.readTextFile(`${folder}/${file}`);
    text.split(/(?:^|\n)#data\n/).slice(1).forEach((part, i) => {
      cases.push(treeCase(part, { name: `${file} ${i + 1}`, scripted: file.startsWith("scripted/") }));
    });
  }
  return cases;
}

async function filesIn(folder: string, under = ""): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(`${folder}/${under}`));
  return entries.map(({ name }) => `${under}${name}`).filter((name) => name.endsWith(".dat")).sort();
}

function treeCase(part: string, named: { readonly name: string; readonly scripted: boolean }): TreeCase {
  const [data, ...rest] = part.split(/(?:^|\n)#errors\n?/),
    [head, tree] = rest.join("\n").split(/(?:^|\n)#document\n/);
  const context = /(?:^|\n)#document-fragment\n(.*)/.exec(head)?.[1] ?? null;
  const items: string[] = [];
  for (const line of tree.replace(/\n$/, "").split("\n")) {
    if (line.startsWith("| ")) items.push(line.slice(2));
    else if (items.length > 0) items.push(`${items.pop()}\n${line}`);
  }
  return { ...named, data, context, scripting: /(?:^|\n)#script-on(?:\n|$)/.test(head), tree: items };
}
