/**
 * nanoGPT's `meta.pkl`: the characters of a character model, as a pickle of `itos` and `stoi`. It is read
 * without running anything in it. Source: karpathy/nanoGPT, data/shakespeare_char/prepare.py.
 *
 * @module
 */
import { unpickle } from "../../format/model/pytorch/pickle.ts";
import { CharTokenizer } from "../char.ts";

/** Reads the bytes of a file. Throws SyntaxError with the file and the reason. */
export function parseNanoGptMeta(bytes: Uint8Array<ArrayBuffer>, file: string): CharTokenizer {
  const refused = (why: string): SyntaxError =>
    new SyntaxError(`Cannot read ${file} as nanoGPT's meta.pkl: ${why}`);
  const meta = unpickle(bytes, {
    global: () => undefined,
    persistent() {
      throw refused("it uses numbers of another file");
    },
    refused,
  });
  const itos = meta instanceof Map ? meta.get("itos") : undefined;
  if (!(itos instanceof Map)) throw refused("it has no dictionary itos");
  const characters = Array.from({ length: itos.size }, (_, id) => itos.get(id));
  const isText = characters.every((character): character is string => typeof character === "string");
  if (!isText) throw refused(`itos has no text for each id from 0 to ${itos.size - 1}`);
  try {
    return new CharTokenizer(characters, []);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw refused(cause.message);
  }
}
