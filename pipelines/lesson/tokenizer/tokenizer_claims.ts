/**
 * What the lesson on tokenizers claims about its text and the published tokenizers.
 *
 * @module
 */
import { type Claim, isLower, type Pair } from "../claim.ts";

const thousands = (value: number): string => value.toLocaleString("en-US");

/** UTF-8 is the shortest encoding of most texts. */
export const utf8IsShortest: Claim<
  { readonly utf8: number; readonly utf16: number; readonly zeros: number }
> = {
  name: "UTF-8 is shorter than UTF-16",
  holds: ({ utf8, utf16 }) => utf8 < utf16,
  yes: ({ utf8, utf16, zeros }) =>
    `The text has ${thousands(utf8)} bytes in UTF-8 and ${thousands(utf16)} in UTF-16, of which ${
      (100 * zeros).toFixed(0)
    } % are zeros.`,
  no: ({ utf8, utf16, zeros }) =>
    `The text has ${thousands(utf8)} bytes in UTF-8 and ${
      utf8 > utf16 ? `only ${thousands(utf16)}` : "as many"
    } in UTF-16, of which ${(100 * zeros).toFixed(0)} % are zeros${
      utf8 > utf16 ? ": more of its characters need three bytes in UTF-8 than one" : ""
    }. But bytes are always 256 numbers, whatever the script.`,
  cases: { yes: { utf8: 100, utf16: 200, zeros: .5 }, no: { utf8: 300, utf16: 200, zeros: 0 } },
};

/** Merges without splitting join parts of different words. */
export const mergesCrossWords: Claim<{ readonly mixed: number; readonly all: number }> = {
  name: "without splitting, tokens span the ends of words",
  holds: ({ mixed }) => mixed > 0,
  yes: ({ mixed, all }) =>
    `Without splitting, training also merges across the ends of words: ${mixed} of the ${all} merged tokens have a letter next to another character. So "dog." and "dog!" can become two different tokens, and the model does not see that both contain the same word.`,
  no: ({ all }) =>
    `Without splitting, training could also merge across the ends of words, but none of the ${all} merged tokens has a letter next to another character.`,
  cases: { yes: { mixed: 40, all: 256 }, no: { mixed: 0, all: 256 } },
};

/** Splitting keeps words apart. */
export const splittingKeepsWords: Claim<{ readonly without: number; readonly with: number }> = {
  name: "with splitting, no token holds two words",
  holds: ({ with: split }) => split === 0,
  yes: ({ without, with: split }) =>
    `Without splitting, ${without} tokens hold letters of two words; with it, ${
      split === 0 ? "none" : split
    }.`,
  no: ({ without, with: split }) =>
    `Without splitting, ${without} tokens hold letters of two words; with it, still ${split}.`,
  cases: { yes: { without: 30, with: 0 }, no: { without: 30, with: 2 } },
};

/** Splitting costs tokens, but few beside those that merges save. */
export const splittingIsCheap: Claim<
  { readonly bytes: number; readonly plain: number; readonly split: number }
> = {
  name: "splitting keeps most of what merges save",
  holds: ({ bytes, plain, split }) => bytes - split >= (bytes - plain) / 2,
  yes: (values) => `${splitTokens(values)}: splitting keeps ${savedWhenSplit(values)} of what merges save.`,
  no: (values) =>
    `${splitTokens(values)}: splitting keeps only ${savedWhenSplit(values)} of what merges save.`,
  cases: { yes: { bytes: 300, plain: 100, split: 110 }, no: { bytes: 300, plain: 100, split: 250 } },
};

function splitTokens({ bytes, plain, split }: Readonly<Record<"bytes" | "plain" | "split", number>>): string {
  return `The text has ${thousands(bytes)} bytes, ${thousands(plain)} tokens without splitting and ${
    thousands(split)
  } with it`;
}

function savedWhenSplit(
  { bytes, plain, split }: Readonly<Record<"bytes" | "plain" | "split", number>>,
): string {
  const kept = bytes === plain ? 1 : (bytes - split) / (bytes - plain); // 1: nothing was merged
  return `${(100 * kept).toFixed(1)} %`;
}

/** A long name can be one token. */
export const nameIsOneToken: Claim<{ readonly tokens: number }> = {
  name: "for GPT-4 the long name is a single number",
  holds: ({ tokens }) => tokens === 1,
  yes: () => "For GPT-4 the name is a single number, in which no letters can be seen:",
  no: ({ tokens }) => `For GPT-4 the name is ${tokens} numbers, in which no letters can be seen:`,
  cases: { yes: { tokens: 1 }, no: { tokens: 4 } },
};

/** One word, many numbers. */
export const wordHasManyTokens: Claim<{ readonly forms: number; readonly different: number }> = {
  name: "the same word has different numbers in different places",
  holds: ({ forms, different }) => different === forms,
  yes: ({ forms }) =>
    `The same word has ${forms} different encodings at the beginning, after a space, without a capital and in capitals:`,
  no: ({ forms, different }) =>
    `The same word at the beginning, after a space, without a capital and in capitals has ${different} different encodings, not ${forms}:`,
  cases: { yes: { forms: 4, different: 4 }, no: { forms: 4, different: 2 } },
};

/** Indentation is cheap for GPT-4 only. */
export const gpt4JoinsSpaces: Claim<Pair> = isLower({
  name: "GPT-4 needs fewer tokens for indented code",
  yes: ({ value, other }) =>
    `Code. Both patterns make one chunk of an indentation, but only GPT-4 has tokens for many spaces: it needs ${value} tokens where GPT-2 needs ${other}.`,
  no: ({ value, other }) =>
    `Code. Both patterns make one chunk of an indentation. GPT-4 needs ${value} tokens and GPT-2 ${other}.`,
});

/** A space at the end is a token of its own. */
export const finalSpaceIsAlone: Claim<{ readonly without: number; readonly with: number }> = {
  name: "a space at the end of a prompt is a token of its own",
  holds: ({ without, with: ending }) => ending === without + 1,
  yes: ({ without, with: ending }) =>
    `A space at the end. A word's token includes the space before it: " time" is one token. A prompt that ends with a space has ${ending} tokens instead of ${without}; the last is a lone space, which rarely occurs before a word:`,
  no: ({ without, with: ending }) =>
    `A space at the end. The prompt has ${without} tokens, and ${ending} with a space at its end:`,
  cases: { yes: { without: 3, with: 4 }, no: { without: 3, with: 3 } },
};

/** A token that the model never saw. */
export const strangeToken: Claim<{ readonly gpt2: number; readonly gpt4: number }> = {
  name: "the strange name is a token of GPT-2 and none of GPT-4",
  holds: ({ gpt2, gpt4 }) => gpt2 === 1 && gpt4 > 1,
  yes: ({ gpt4 }) =>
    `A token without training. The tokenizer was trained on other texts than the model. "SolidGoldMagikarp" was frequent in those texts and is one token of GPT-2, but the model never saw it, so the token kept its random embedding. For GPT-4 it is ${gpt4} tokens:`,
  no: ({ gpt2, gpt4 }) =>
    `A token without training would be one that only the tokenizer's texts contain. "SolidGoldMagikarp" is ${gpt2} tokens of GPT-2 and ${gpt4} of GPT-4:`,
  cases: { yes: { gpt2: 1, gpt4: 5 }, no: { gpt2: 3, gpt4: 5 } },
};

/** The format of data changes its length. */
export const yamlIsShorter: Claim<Pair> = isLower({
  name: "the same data has fewer tokens as YAML than as JSON",
  yes: ({ value, other }) => `Formats. The same data has ${other} tokens as JSON and only ${value} as YAML:`,
  no: ({ value, other }) => `Formats. The same data has ${other} tokens as JSON and ${value} as YAML:`,
});

/** Tokenizers favour English. */
export const englishIsCheapest: Claim<
  { readonly most: number; readonly language: string; readonly cheaper: number }
> = {
  name: "GPT-4 needs more tokens for every other language than for English",
  holds: ({ cheaper }) => cheaper === 0,
  yes: ({ most, language }) =>
    `Languages. The passages of \`deno task pipeline tokenizer --inspect\` are translations of each other. GPT-4 needs more tokens for every other language than for English, up to ${
      most.toFixed(1)
    } times as many (${language}):`,
  no: ({ most, language, cheaper }) =>
    `Languages. The passages of \`deno task pipeline tokenizer --inspect\` are translations of each other. GPT-4 needs up to ${
      most.toFixed(1)
    } times as many tokens as for English (${language}), but for ${cheaper} of the languages no more:`,
  cases: { yes: { most: 3, language: "Thai", cheaper: 0 }, no: { most: 3, language: "Thai", cheaper: 1 } },
};
