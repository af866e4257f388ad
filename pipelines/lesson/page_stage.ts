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
import { claimPageFolder } from "../../stages/run/claim.ts";

/** Content of the page besides the items. */
export interface PageStageOptions {
  readonly about: string;
  readonly values: Pick<LessonValues, "source" | "full" | "solution" | "seed">;
  readonly env: Pick<Env, "out">;
}

/** The lesson's items so far, and the folder, which belongs to this process meanwhile. */
interface PageState {
  readonly items: Item[];
  readonly claim: Disposable;
}

/** Returns a stage that writes the page when all items have been received. */
export function page({ about, values, env }: PageStageOptions): Stage<Item, never, PageState> {
  return {
    name: "page",
    open: async () => ({ items: [], claim: await claimPageFolder(env.out) }),
    push(item, state) {
      if (item.kind !== "progress") state.items.push(item);
      return [];
    },
    async *flush({ items }) {
      const { source, full, solution, seed } = values;
      const options = [
        ...(source === null ? [] : [`--source ${shellWord(source)}`]),
        ...(full ? ["--full"] : []),
        ...(solution === null ? [] : [`--solution ${solution}`]),
        `--seed ${seed}`,
      ];
      const html = await lessonPage({ title: capital(about), items, options });
      await writeWhole(`${env.out}/report.html`, html);
    },
    save: () => null, // a lesson is not resumed
    close: ({ claim }) => claim[Symbol.dispose](),
  };
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
