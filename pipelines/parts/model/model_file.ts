/**
 * An open model of any format.
 *
 * @module
 */
import type { WeightFile } from "../../../stages/format/model/weight_file.ts";
import type { WeightFormat } from "../../../stages/format/model/weight_formats.ts";

/** An open model file. */
export type ModelFile =
  & WeightFile
  & Readonly<{ format: WeightFormat | "llama2.c" | "PyTorch"; step?: number }>;
