/**
 * The file of a small model's parameters, in the form that run.ts reads.
 *
 * @module
 */
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import type { SmallChatSize } from "../talks/small_chat.ts";

/** Returns the names of the parameters in the order of the file. */
export function parameterOrder(layers: number): readonly string[] {
  const both = (name: string) => [`${name}.weight`, `${name}.bias`];
  const parts = ["ln_1", "attn.c_attn", "attn.c_proj", "ln_2", "mlp.c_fc", "mlp.c_proj"];
  return [
    "wte.weight",
    "wpe.weight",
    ...Array.from({ length: layers }, (_, i) => parts.flatMap((part) => both(`h.${i}.${part}`))).flat(),
    ...both("ln_f"),
  ];
}

/** Returns the bytes of the file. `characters` must be of one byte each. */
export function parametersFile(
  weights: TensorMap,
  { size: { layers, heads, channels, seqLen }, vocabSize, characters }: {
    readonly size: SmallChatSize;
    readonly vocabSize: number;
    readonly characters: readonly string[];
  },
): Uint8Array<ArrayBuffer> {
  const tensors = parameterOrder(layers).map((name) => weights[name].data);
  const header = [layers, heads, channels, seqLen, vocabSize, characters.length];
  const textBytes = 4 * Math.ceil(characters.length / 4);
  const floats = tensors.reduce((sum, { length }) => sum + length, 0);
  const file = new Uint8Array(4 * header.length + textBytes + 4 * floats), view = new DataView(file.buffer);
  header.forEach((value, i) => view.setInt32(4 * i, value, true));
  characters.forEach((character, i) => file[4 * header.length + i] = character.charCodeAt(0));
  let at = 4 * header.length + textBytes;
  for (const values of tensors) {
    for (const value of values) {
      view.setFloat32(at, value, true);
      at += 4;
    }
  }
  return file;
}
