/**
 * Makes the models of the lesson for given data and hyperparameters.
 *
 * @module
 */
import { makemore, type MakemoreType } from "../../../kernels/models/course/makemore.ts";
import { parametersOf } from "../../../kernels/models/model.ts";
import type { MakemoreData } from "./makemore_data.ts";

/** Sizes of a model and parameters of its training, with the names of makemore.py's options. */
export interface MakemoreHyperparameters {
  /** Number of transformer blocks. */
  readonly nLayer: number;
  /** Number of attention heads per transformer block. */
  readonly nHead: number;
  /** Size of an embedding vector. */
  readonly nEmbd: number;
  /** Size of hidden layers and recurrent states. */
  readonly nEmbd2: number;
  /** Number of words per step. */
  readonly batchSize: number;
  /** AdamW's learning rate. */
  readonly learningRate: number;
  /** AdamW's weight decay. */
  readonly weightDecay: number;
  /** Seed of the split, the initial weights, the batches and the sampled words. */
  readonly seed: number;
  /** Dropout probability of the transformer in training; default 0. */
  readonly dropout?: number;
}

/** Data and hyperparameters that determine a model's shapes. */
export interface MakemoreModelOptions {
  readonly data: MakemoreData;
  readonly hyperparameters: MakemoreHyperparameters;
}

/** Makes a model for the alphabet and the row length of the data. */
export function makemoreModel(
  type: MakemoreType,
  { data: { letters, examples }, hyperparameters }: MakemoreModelOptions,
): ReturnType<typeof makemore> {
  const { nLayer: layers, nHead: heads, nEmbd: channels, nEmbd2: hidden, dropout = 0 } = hyperparameters;
  return makemore(type, {
    vocabSize: letters.count,
    seqLen: examples.context,
    layers,
    heads,
    channels,
    hidden,
    dropout,
  });
}

/** Returns the shapes of a model's parameters; the key is the parameter's name. */
export function parameterShapes(
  type: MakemoreType,
  options: MakemoreModelOptions,
): ReadonlyMap<string, readonly number[]> {
  return new Map(
    [...parametersOf(makemoreModel(type, options))].map(([name, { tensor }]) => [name, tensor.shape]),
  );
}
