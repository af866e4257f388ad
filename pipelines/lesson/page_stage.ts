/**
 * Collects a lesson's items and writes report.html at the end.
 *
 * @module
 */
import type { Stage } from "../../stages/flow/stage.ts";
import type { Env } from "../cli/pipeline.ts";
import { writeWhole } from "../../stages/disk/whole_files.ts";
import { shellWord } from "../cli/shell_word.ts";
import type { Item } from "./item.ts";
import { lessonPage } from "./page.ts";
import type { LessonValues } from "./lesson_values.ts";
import { projectFolder, readRegion } from "./source_code.ts";
import { exists } from "../../stages/disk/whole_files.ts";
import { pathOfUrl } from "../../stages/disk/paths.ts";
import { relative, resolve, sep } from "node:path";
import { claimPageFolder } from "../../stages/run/claim.ts";

/** Content of the page besides the items. */
export interface PageStageOptions {
  readonly about: string;
  /** URL of the lesson's file. */
  readonly module: string;
  /** Name of the lesson that follows; null for the last one. */
  readonly next: string | null;
  readonly values: Pick<LessonValues, "source" | "full" | "solution" | "seed">;
  readonly env: Pick<Env, "out">;
}

/** The lesson's items so far, and the folder, which belongs to this process meanwhile. */
interface PageState {
  readonly items: Item[];
  readonly claim: Disposable;
}

/** Returns a stage that writes the page when all items have been received. */
export function page({ about, module, next, values, env }: PageStageOptions): Stage<Item, never, PageState> {
  return {
    name: "page",
    open: async () => ({ items: [], claim: await claimPageFolder(env.out) }),
    async *push(item, state) {
      if (item.kind !== "progress") state.items.push(item);
      if (item.kind === "code") await readRegion(item); // throws now rather than at the end
    },
    async *flush({ items }) {
      const { source, full, solution, seed } = values;
      const options = [
        ...(source === null ? [] : [`--source ${shellWord(source)}`]),
        ...(full ? ["--full"] : []),
        ...(solution === null ? [] : [`--solution ${solution}`]),
        `--seed ${seed}`,
      ];
      const html = await lessonPage({
        title: capital(about),
        items,
        options,
        source: module.startsWith(projectFolder.href) ? module.slice(projectFolder.href.length) : null,
        next: next === null ? null : { name: next, page: await pageBeside(env.out, `${next}/report.html`) },
        playground: await pageBeside(env.out, "playground/index.html"),
        linkTo: (file) => linkBetween(env.out, new URL(file, projectFolder)),
      });
      await writeWhole(`${env.out}/report.html`, html);
    },
    save: () => null, // a lesson is not resumed
    close: ({ claim }) => claim[Symbol.dispose](),
  };
}

/** Returns the address of a page for a page in the folder `out`, if it lies beside that; otherwise null. */
async function pageBeside(out: string, page: string): Promise<string | null> {
  return await exists(`${out}/../${page}`) ? `../${page}` : null;
}

/** Returns the address of a file for a page in the folder `out`: relative if the file is on this disk. */
function linkBetween(out: string, file: URL): string {
  if (file.protocol !== "file:") return file.href;
  return relative(resolve(out), pathOfUrl(file)).split(sep).map(encodeURIComponent).join("/");
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
