/**
 * Keeps a lesson's items and, when it has ended, writes report.html: whole, or not at all.
 *
 * @module
 */
import type { Stage } from "../../stages/flow/stage.ts";
import type { Env } from "../cli/pipeline.ts";
import { writeWhole } from "../../stages/disk/whole_files.ts";
import { shellWord } from "../cli/shell_word.ts";
import type { Item } from "./item.ts";
import { lessonPage } from "./page.ts";
import type { LessonValues } from "./lesson.ts";

/** What the page says beside the items. */
export interface PageOf {
  readonly about: string;
  readonly values: Pick<LessonValues, "source" | "full" | "solution" | "seed">;
  readonly env: Pick<Env, "out">;
}

/** A sink for items. */
export function page({ about, values, env }: PageOf): Stage<Item, never, { items: Item[] }> {
  return {
    name: "page",
    open: () => ({ items: [] }),
    push(item, state) {
      if (item.kind !== "progress") state.items.push(item);
      return [];
    },
    async *flush({ items }) {
      const { source, full, solution, seed } = values;
      await Deno.mkdir(env.out, { recursive: true });
      const given = [
        ...(source === null ? [] : [`--source ${shellWord(source)}`]),
        ...(full ? ["--full"] : []),
        ...(solution === null ? [] : [`--solution ${solution}`]),
        `--seed ${seed}`,
      ];
      const html = await lessonPage({ title: capital(about), items, options: given });
      await writeWhole(`${env.out}/report.html`, html);
    },
    save: () => null, // a lesson is not resumed
  };
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
