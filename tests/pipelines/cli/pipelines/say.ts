/** A pipeline that prints a text and writes no files. @module */
import { repeated, text } from "../../../../pipelines/cli/option_types.ts";
import { pipeline } from "../../../../pipelines/cli/pipeline.ts";
import { from } from "../../../../stages/flow/flow.ts";
import { map, type Source } from "../../../../stages/flow/stage.ts";

function words(list: readonly string[]): Source<string, { at: number }> {
  return {
    name: "words",
    open: (_ctx, saved = { at: 0 }) => saved,
    *read(state) {
      while (state.at < list.length) yield list[state.at++];
    },
  };
}

export default pipeline({
  about: "words to standard output",
  options: {
    word: repeated("a word", { value: ["hello"] }),
    end: text("what follows each word", { value: "\n" }),
  },
  writes: false,
  build: (values, env) =>
    from(words(values.word)).pipe(map("print", (word: string) => env.print(word + values.end))),
});
