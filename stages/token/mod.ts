/**
 * The entry point `./tokenizers`: training, loading and saving tokenizers, and the stages that encode
 * documents.
 *
 * @module
 */
export type * from "../flow/mod.ts";
export { jupyterDisplay, type MimeBundle, type NotebookDisplay } from "../format/viewer/notebook.ts";
export type { Document, MetadataValue, Tokens } from "../items.ts";
export * from "./bpe.ts";
export * from "./byte.ts";
export * from "./char.ts";
export { ComposedTokenizer } from "./composed/composed_tokenizer.ts";
export { count as countTokens } from "./count.ts";
export * from "./decode_stream.ts";
export * from "./encode.ts";
export * from "./encode_parallel.ts";
export { END_OF_TEXT, endOfText, endOfTextIfAny, textEnds } from "./end_of_text.ts";
export * from "./files/folder.ts";
export * from "./load_tokenizer.ts";
export * from "./special.ts";
export type { Pattern } from "./split/patterns.ts";
export type { TokenRoles } from "./token_roles.ts";
export * from "./tokenizer.ts";
export { tokenizerNames } from "./tokenizer_names.ts";
export * from "./train/train_bpe.ts";
export type { UnstableEncoding } from "./unstable.ts";
export type { TextToken } from "./view/text_tokens.ts";
export { TokenView, tokenView } from "./view/token_view.ts";
export { Vocabulary } from "./vocabulary.ts";
