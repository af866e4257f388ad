/**
 * Mutated files of PyTorch, for the ordinary and the long tests.
 *
 * @module
 */
import { openPyTorch, PyTorchTensor } from "../../../../../stages/format/model/pytorch/archive.ts";
import { openPyTorchModel } from "../../../../../stages/format/model/pytorch/pytorch_model.ts";
import { unpickle } from "../../../../../stages/format/model/pytorch/pickle.ts";
import { readWeights } from "../../../../../stages/format/model/weight_file.ts";
import { withFolder } from "../../../../temporary.ts";
import { fuzz } from "../../../fuzz.ts";
import { nanoGpt } from "./nanogpt.ts";
import { pickled, torchSave } from "./torch_save.ts";

/** Registers a test that reads `count` mutated files and pickles. */
export function mutants(count: number): void {
  Deno.test(`${count} mutants of PyTorch's files are read or refused, and run nothing`, () =>
    withFolder(async (dir) => {
      const { value } = nanoGpt({ compiled: true }),
        options = { count: count / 2, errors: [Deno.errors.InvalidData] };
      await fuzz({
        name: "ckpt.pt",
        files: [torchSave(value)],
        ...options,
        async read(bytes) {
          await Deno.writeFile(`${dir}/ckpt.pt`, bytes);
          const file = await openPyTorch(`${dir}/ckpt.pt`);
          try {
            for (const tensor of file.value instanceof Map ? file.value.values() : []) {
              if (tensor instanceof PyTorchTensor) await file.read(tensor);
            }
          } finally {
            file.close();
          }
          await readWeights(await openPyTorchModel(`${dir}/ckpt.pt`));
        },
      });
      const plain = { a: [1, 2.5, "text", null, true], b: { c: [], d: { e: "f" } }, g: -70000 };
      await fuzz({
        name: "pickle",
        files: [pickled(plain)],
        ...options,
        read: (bytes) =>
          void unpickle(bytes, {
            global: () => undefined,
            persistent: () => null,
            refused: (why) => new Deno.errors.InvalidData(`Cannot read it: ${why}`),
          }),
      });
    }));
}
