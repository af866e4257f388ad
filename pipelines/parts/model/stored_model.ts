/**
 * Writes a model into an object store: on this machine first, then, when it is complete, there.
 *
 * @module
 */
import { exists, removeIfThere } from "../../../stages/disk/whole_files.ts";
import { download } from "../../../stages/run/store/download.ts";
import { copyPath } from "../../../stages/run/store/inputs/local_copy.ts";
import { isInStore, uploadCopy } from "../../../stages/run/store/inputs/upload_copy.ts";
import { type ModelTarget, type ModelWriter, writeModel } from "../write_model.ts";

/**
 * Starts writing a model whose path is the copy of `address`. A failed upload leaves nothing in the store.
 * Throws the errors of `writeModel`, of `download` and, when it ends, of `uploadCopy`.
 */
export async function writeStoredModel(
  target: ModelTarget,
  { address, signal }: { readonly address: string; readonly signal: AbortSignal },
): Promise<ModelWriter> {
  const { path, format } = target;
  await removeIfThere(path); // a copy of what is there no more
  // A model of llama2.c has its tokenizer beside it, unless there is one.
  const tokenizer = address.replace(/[^/]*$/, "tokenizer.bin");
  const hasTokenizer = format === "llama2.c" && await isInStore(tokenizer, { signal });
  if (hasTokenizer) await download(tokenizer, copyPath(tokenizer), { signal });
  else if (format === "llama2.c") await removeIfThere(copyPath(tokenizer));
  const writer = await writeModel(target);
  return {
    write: (data) => writer.write(data),
    async end() {
      await writer.end();
      const written = format === "llama2.c" && !hasTokenizer && await exists(copyPath(tokenizer));
      if (written) await uploadCopy(tokenizer, { signal });
      await uploadCopy(address, { signal });
    },
    close: () => writer.close(),
  };
}
