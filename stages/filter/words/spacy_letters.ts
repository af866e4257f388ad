/**
 * Character classes of spaCy's rules, as sources for `new RegExp(…, "v")`: lower-case letters, upper-case
 * letters, quotes, punctuation marks, icons. spaCy lists the characters of each alphabet. Here the classes
 * are expressed by Unicode properties, minus the characters that are newer than spaCy's lists.
 *
 * Source: spaCy's language data (spacy.io/usage/linguistic-features, "Language data"); the classes were
 * compared character by character.
 *
 * @module
 */

// Characters of scripts without case, which spaCy treats as both lower and upper case.
const uncased = "\\u0591-\\u05f4\\u0620-\\u064a\\u066e-\\u06d5\\u06e5-\\u06ff\\u0750-\\u077f\\u08a0-\\u08bd" +
  "\\u0900-\\u09ff\\u0b80-\\u0cff\\u0d80-\\u0dff\\u1100-\\u137f\\u2e80-\\u2fdf\\u2ff0-\\u30ff\\u31c0-\\u31ef" +
  "\\u3200-\\u4dbf\\u4e00-\\u9fff\\uac00-\\ud7af\\uf900-\\ufaff\\ufb1d-\\ufbb1\\ufbd3-\\ufd3d\\ufd50-\\ufdc7" +
  "\\ufdf0-\\ufdfb\\ufe30-\\ufe4f\\ufe70-\\ufefc\\u{1ee00}-\\u{1eebb}\\u{1f200}-\\u{1f2ff}\\u{20000}-\\u{2a6df}" +
  "\\u{2a700}-\\u{2ebef}\\u{2f800}-\\u{2fa1f}";
// Latin letters that spaCy's lists lack.
const unlisted = "\\u1d26-\\u1d2b\\u212a\\u212b\\u214e\\u2132\\u2183\\u2184\\ua7ba-\\ua7f6\\uab65-\\uab68" +
  "\\ufb00-\\ufb06\\u{1df00}-\\u{1df2a}";
const cyrillicLower = "а-яёєѓѕ-њќѝѐґҗңүһәө";
const cyrillicUpper = "А-ЯЁЄЃЅ-ЊЌЍЀҐҖҢҮҺӘӨ";
const greekLower = "α-ωάέίόώήύ";
const greekUpper = "Α-ΩΆΈΊΌΏΉΎ";

/** Lower-case letters, and letters without case. */
export const lower = `[[[\\p{Ll}&&\\p{sc=Latin}]ʔ]--[${unlisted}]][${cyrillicLower}${greekLower}${uncased}]`;
/** Upper-case letters, and letters without case. */
export const upper = `[[\\p{Lu}&&\\p{sc=Latin}]--[${unlisted}]][${cyrillicUpper}${greekUpper}${uncased}]`;
/** All letters. */
export const alpha = `[[[\\p{L}--\\p{Lm}]&&\\p{sc=Latin}]--[${unlisted}ªºǀ-ǃ\\ua78f\\ua7f7\\ua7fb-\\ua7ff]]` +
  `[${cyrillicLower}${cyrillicUpper}${greekLower}${greekUpper}${uncased}]`;
/** Quotation marks and similar characters. */
export const quotes = "'\"”“`‘´’‚,„»«「」『』\\u3014\\u3015（）【】《》〈〉\\u2329\\u232a\\u27e6\\u27e7";
/** Punctuation marks that are separate tokens at the beginning or end of a word. */
export const marks = "…,:;!?¿؟¡\\(\\)\\[\\]\\{\\}<>_#*\\&。？！，、；：～·।،۔؛٪";
/** Symbols and emoji up to Unicode 11. */
export const icons = "[\\p{So}--[\\u166d\\u2427-\\u2429\\u2b97\\u2bc9\\u2bff\\u2e50\\u2e51\\u2ffc-\\u2fff" +
  "\\u31e4\\u31e5\\u31ef\\u32ff\\ufd40-\\ufd4f\\ufdcf\\ufdfe\\ufdff\\u{1019c}\\u{11fd5}-\\u{11ff1}" +
  "\\u{1cc00}-\\u{1cfc3}\\u{1d1e9}\\u{1d1ea}\\u{1e14f}\\u{1ed2e}\\u{1f10d}-\\u{1f10f}\\u{1f16c}-\\u{1f16f}" +
  "\\u{1f1ad}\\u{1f6d5}-\\u{1f6df}\\u{1f6fa}-\\u{1f6fc}\\u{1f774}-\\u{1f77f}\\u{1f7d9}-\\u{1f7f0}" +
  "\\u{1f8b0}-\\u{1f8c1}\\u{1f90c}-\\u{1f90f}\\u{1f93f}\\u{1f971}\\u{1f972}\\u{1f977}-\\u{1f979}\\u{1f97b}" +
  "\\u{1f9a3}-\\u{1f9af}\\u{1f9ba}-\\u{1f9bf}\\u{1f9c3}-\\u{1f9cf}\\u{1fa00}-\\u{1fa53}\\u{1fa70}-\\u{1fbff}]]";
