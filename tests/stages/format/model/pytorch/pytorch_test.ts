/**
 * Tests the reader of PyTorch's files: nanoGPT's checkpoint, and that no file runs code or takes memory that
 * it does not fill.
 *
 * @module
 */
import { deepStrictEqual, match, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { openPyTorch, PyTorchTensor } from "../../../../../stages/format/model/pytorch/archive.ts";
import { type PickleValue, unpickle } from "../../../../../stages/format/model/pytorch/pickle.ts";
import { openPyTorchModel } from "../../../../../stages/format/model/pytorch/pytorch_model.ts";
import { readWeights } from "../../../../../stages/format/model/weight_file.ts";
import { runsHere } from "../../../../pipelines/in_process.ts";
import { withFolder } from "../../../../temporary.ts";
import { nanoGpt } from "./nanogpt.ts";
import { mutants } from "./pytorch_cases.ts";
import {
  global,
  pickled,
  type Saved,
  tensor,
  text,
  torchSave,
  tuple,
  zip,
  zipOfPickle,
} from "./torch_save.ts";

/** Reads a pickle without functions. */
function read(bytes: Iterable<number>): PickleValue {
  return unpickle(Uint8Array.from(bytes), {
    global: () => undefined,
    persistent: () => null,
    refused: (why) => new Deno.errors.InvalidData(`Cannot read it: ${why}`),
  });
}

Deno.test("nanoGPT's ckpt.pt gives its weights, with and without biases and torch.compile's prefix", async () => {
  await withFolder(async (dir) => {
    const path = `${dir}/ckpt.pt`;
    for (const options of [{}, { compiled: true }, { bias: false }]) {
      const { value, config, weights } = nanoGpt(options);
      await Deno.writeFile(path, torchSave(value));
      const file = await openPyTorchModel(path);
      deepStrictEqual(file.config, config);
      deepStrictEqual(await readWeights(file), weights);
    }
    for (const type of ["HalfStorage", "BFloat16Storage"]) {
      const { value, weights } = nanoGpt({ type });
      await Deno.writeFile(path, torchSave(value));
      const read = await readWeights(await openPyTorchModel(path));
      for (const [name, { data }] of Object.entries(weights)) {
        data.forEach((x, i) => ok(Math.abs(x - read[name].data[i]) < 0.01, `${type}: ${name}`));
      }
    }
  });
});

Deno.test("a head of its own in ckpt.pt is kept, and tensors that do not fit are refused by name", async () => {
  await withFolder(async (dir) => {
    const path = `${dir}/ckpt.pt`, { value } = nanoGpt();
    const { model, model_args: args } = value as {
      model: Record<string, Saved>;
      model_args: Record<string, Saved>;
    };
    const save = (model: Saved, args: Saved) => Deno.writeFile(path, torchSave({ model, model_args: args }));
    const head = { shape: [5, 4], values: Array.from({ length: 20 }, (_, i) => i), key: "head" };
    await save({ ...model, "lm_head.weight": head }, args);
    const file = await openPyTorchModel(path);
    strictEqual((file.config as { tie?: boolean }).tie, false);
    deepStrictEqual([...(await readWeights(file))["lm_head.weight"].data], head.values);
    const copy = { ...(model["transformer.wte.weight"] as object), key: "copy" } as Saved;
    await save({ ...model, "lm_head.weight": copy }, args); // as after a conversion to another type
    strictEqual("tie" in (await openPyTorchModel(path)).config, false);
    const cases: readonly (readonly [Saved, Saved, RegExp])[] = [
      [{ ...model, more: head }, args, /tensor "more" is not part of a GPT/],
      [
        { ...model, "transformer.wpe.weight": head },
        args,
        /tensor wpe\.weight has shape \[5,4\], expected \[6,4\]/,
      ],
      [{ ...model, "transformer.wpe.weight": 3 }, args, /"transformer\.wpe\.weight" is no tensor/],
      [{ "transformer.wte.weight": head }, args, /tensor wpe\.weight is missing/],
      [model, { ...args, n_head: 3 }, /model_args: channels is 4, expected a multiple of the 3 heads/],
      [model, { ...args, n_layer: "many" }, /model_args: layers is/],
      [{ ...model, "_orig_mod.transformer.wpe.weight": head }, args, /tensor "wpe\.weight" occurs twice/],
    ];
    for (const [model, args, message] of cases) {
      await save(model, args);
      await rejects(openPyTorchModel(path), { name: "InvalidData", message });
    }
    await Deno.writeFile(path, torchSave({ a: 1 }));
    await rejects(
      openPyTorchModel(path),
      /neither nanoGPT's model and model_args nor nanochat's.*save_pretrained/,
    );
  });
});

Deno.test("convert takes nanoGPT's ckpt.pt", async () => {
  await withFolder(async (dir) => {
    const { value } = nanoGpt();
    await Deno.writeFile(`${dir}/ckpt.pt`, torchSave(value));
    const { out } = await runsHere(0, `convert --from ${dir}/ckpt.pt --to ${dir}/hf`);
    match(out, /PyTorch file, f32: 2 layers, 2 heads, 4 channels, 6 positions, 5 tokens, --gelu erf/);
    const shown = await runsHere(0, `sample --checkpoint ${dir}/hf --tokenizer byte --dry-run`).catch(String);
    ok(String(shown).includes("Cannot use tokenizer byte")); // the model has 5 tokens, the tokenizer 257
  });
});

Deno.test("tensors with strides, offsets and shared storages are read, and read once", async () => {
  await withFolder(async (dir) => {
    const values = Array.from({ length: 12 }, (_, i) => i), path = `${dir}/a.pt`;
    await Deno.writeFile(
      path,
      torchSave({
        plain: { shape: [3, 4], values, key: "0" },
        turned: { shape: [4, 3], strides: [1, 4], values, key: "0" },
        column: { shape: [3], strides: [4], offset: 1, values, key: "0" },
        scalar: { shape: [], offset: 7, values, key: "0" },
        none: { shape: [0, 4], values, key: "0" },
        long: { shape: [2], values: [1, 2], key: "1", type: "LongStorage" },
      }),
    );
    const file = await openPyTorch(path), { value } = file;
    const get = (name: string) => {
      const found = value instanceof Map ? value.get(name) : null;
      ok(found instanceof PyTorchTensor);
      return file.read(found).then((data) => [...data]);
    };
    deepStrictEqual(await get("plain"), values);
    deepStrictEqual(await get("turned"), [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]);
    deepStrictEqual(await get("column"), [1, 5, 9]);
    deepStrictEqual(await get("scalar"), [7]);
    deepStrictEqual(await get("none"), []);
    await rejects(get("long"), /numbers of LongStorage, expected FloatStorage/);
    file.close();
  });
});

Deno.test("pickles of plain data are read, in the opcodes of protocols 2 to 5", () => {
  deepStrictEqual(
    read(pickled({ a: [1, -70000, 2.5, "é", null, true, false], b: { c: [] } })),
    new Map<string, unknown>([["a", [1, -70000, 2.5, "é", null, true, false]], ["b", new Map([["c", []]])]]),
  );
  const bytes = (...values: (number | readonly number[])[]) => read([0x80, 4, ...values.flat(), 0x2E]);
  deepStrictEqual(bytes(0x8C, 2, 0x68, 0x69), "hi");
  deepStrictEqual(bytes(0x8D, 1, 0, 0, 0, 0, 0, 0, 0, 0x68), "h");
  deepStrictEqual(bytes(0x4B, 200), 200);
  deepStrictEqual(bytes(0x4D, 1, 2), 513);
  deepStrictEqual(bytes(0x8A, 2, 0xFF, 0xFF), -1);
  deepStrictEqual(bytes(0x8A, 0), 0);
  deepStrictEqual(bytes(0x8A, 9, 0, 0, 0, 0, 0, 0, 0, 0x80, 0), 2n ** 63n);
  deepStrictEqual(bytes(0x4B, 1, 0x4B, 2, 0x86), [1, 2]);
  deepStrictEqual(bytes(0x4B, 1, 0x85), [1]);
  deepStrictEqual(bytes(0x4B, 1, 0x4B, 2, 0x4B, 3, 0x87), [1, 2, 3]);
  deepStrictEqual(bytes(0x8F, 0x28, 0x4B, 1, 0x4B, 1, 0x90), new Set([1]));
  deepStrictEqual(bytes(0x5D, 0x94, 0x4B, 7, 0x61), [7]);
  deepStrictEqual(bytes(0x28, 0x4B, 1, 0x4B, 2, 0x64), new Map([[1, 2]]));
  deepStrictEqual(bytes(0x7D, 0x94, 0x68, 0, 0x30), new Map());
  deepStrictEqual(bytes(0x95, 2, 0, 0, 0, 0, 0, 0, 0, 0x4B, 1), 1);
  deepStrictEqual(bytes(0x43, 1, 5), Uint8Array.of(5));
});

Deno.test("hostile pickles are refused by name, and nothing in them is run", async () => {
  const system = [...global("os", "system"), ...tuple(text("touch /tmp/owned")), 0x52];
  const stackGlobal = [...text("builtins"), ...text("eval"), 0x93, ...tuple(text("1")), 0x52];
  const getattr = [...global("builtins", "getattr"), ...tuple(global("os", "x"), text("system")), 0x52];
  const cases: readonly (readonly [string, readonly number[], RegExp])[] = [
    ["os.system", system, /it uses "os\.system", which could run any code/],
    ["eval", stackGlobal, /"builtins\.eval"/],
    ["getattr", getattr, /"builtins\.getattr"/],
    ["posix", global("posix", "system"), /"posix\.system"/],
    ["torch.load", global("torch", "load"), /"torch\.load"/],
    ["a long name", global("x".repeat(5000), "y"), /"x{90,}…/],
    ["a call of a type", [...global("torch", "FloatStorage"), 0x29, 0x52], /it calls a type/],
    ["a call of a number", [0x4B, 1, 0x29, 0x52], /calls what is no function/],
    ["new object", [...global("collections", "OrderedDict"), 0x29, 0x81, 0x4B, 1, 0x62], /sets attributes/],
    ["old class", [0x28, 0x69, ...new TextEncoder().encode("os\nsystem\n")], /opcode INST/],
    ["extension", [0x82, 1], /opcode EXT1/],
    ["buffer", [0x97], /opcode NEXT_BUFFER/],
    [
      "a long string",
      [0x8D, 255, 255, 255, 255, 255, 255, 31, 0],
      /it ends within a value of 9007199254740991 bytes/,
    ],
    ["a long integer", [0x8B, 255, 255, 255, 127], /an integer has 2147483647 bytes/],
    ["a negative integer length", [0x8B, 255, 255, 255, 255], /an integer has -1 bytes/],
    ["no value", [0x30], /empty stack/],
    ["no mark", [0x74], /no mark/],
    ["a mark", [0x28], /a mark as a value/],
    ["nothing stored", [0x68, 3], /uses value 3, which it has not stored/],
    ["left over", [0x4B, 1, 0x4B, 2], /1 values left over/],
    ["an unknown opcode", [0xFF], /opcode 0xff/],
    ["a list without a list", [0x4B, 1, 0x4B, 2, 0x61], /appends to what is no list/],
    ["a dictionary without one", [0x4B, 1, 0x4B, 2, 0x4B, 3, 0x73], /no dictionary/],
    ["an odd dictionary", [0x28, 0x4B, 1, 0x64], /no dictionary/],
  ];
  await withFolder(async (dir) => {
    for (const [name, bytes, message] of cases) {
      await Deno.writeFile(`${dir}/a.pt`, zipOfPickle([0x80, 2, ...bytes, 0x2E]));
      await rejects(openPyTorch(`${dir}/a.pt`), { name: "InvalidData", message }, name);
    }
    for (
      const [bytes, message] of [[[0x80, 1], /protocol 1/], [[0x80, 6], /protocol 6/], [
        [],
        /it ends within a value of 1 bytes/,
      ]] as const
    ) {
      await Deno.writeFile(`${dir}/a.pt`, zipOfPickle([...bytes]));
      await rejects(openPyTorch(`${dir}/a.pt`), message);
    }
  });
});

Deno.test("bombs take no more than their bytes: shared lists, deep nesting, many marks", () => {
  // Each list holds the one before it twice: 2^60 items if they were copied.
  const shared = [0x5D, 0x71, 0];
  for (let i = 1; i <= 60; i++) shared.push(0x5D, 0x71, i, 0x28, 0x68, i - 1, 0x68, i - 1, 0x65);
  // All but the last are taken from the stack again, with a mark below them.
  const bomb = read([0x80, 2, 0x28, ...shared, 0x31, 0x68, 60, 0x2E]);
  ok(Array.isArray(bomb) && bomb.length === 2 && bomb[0] === bomb[1]);
  const nested = [0x80, 2];
  for (let i = 0; i < 200_000; i++) nested.push(0x5D);
  for (let i = 1; i < 200_000; i++) nested.push(0x61);
  ok(Array.isArray(read([...nested, 0x2E])));
  const tuples = new Uint8Array(2 ** 20).fill(0x28);
  tuples.set([0x80, 2]);
  tuples.set([0x2E], tuples.length - 1);
  throws(() => read(tuples), { name: "InvalidData", message: /uses a mark as a value/ });
});

Deno.test("a stored list that is given to many calls is refused before it takes memory", async () => {
  const calls = (pairs: number, count: number): number[] => {
    const list = [
      0x5D,
      0x71,
      0,
      0x28,
      ...Array.from({ length: pairs }, () => [0x4B, 1, 0x4B, 2, 0x86]).flat(),
      0x65,
    ];
    const call = [...global("collections", "OrderedDict"), 0x68, 0, 0x85, 0x52, 0x30];
    return [0x80, 2, ...list, 0x30, ...Array.from({ length: count }, () => call).flat(), 0x4E, 0x2E];
  };
  await withFolder(async (dir) => {
    await Deno.writeFile(`${dir}/a.pt`, zipOfPickle(calls(1000, 5)));
    (await openPyTorch(`${dir}/a.pt`)).close();
    await Deno.writeFile(`${dir}/a.pt`, zipOfPickle(calls(1000, 500)));
    await rejects(openPyTorch(`${dir}/a.pt`), {
      name: "InvalidData",
      message: /given more than its bytes hold/,
    });
    // Lists that hold one another, where a device and sizes are expected: their text would have 2^40 items.
    const nested = [0x5D, 0x71, 0];
    for (let i = 1; i <= 40; i++) nested.push(0x5D, 0x71, i, 0x28, 0x68, i - 1, 0x68, i - 1, 0x65);
    const bomb = [0x28, ...nested, 0x31];
    const device = [...global("torch", "device"), 0x68, 40, 0x85, 0x52];
    await Deno.writeFile(`${dir}/a.pt`, zipOfPickle([0x80, 2, ...bomb, ...device, 0x2E]));
    const file = await openPyTorch(`${dir}/a.pt`);
    strictEqual(file.value, "");
    file.close();
    const storage = [
      ...tuple(text("storage"), global("torch", "FloatStorage"), text("0"), text("cpu"), [0x4B, 1]),
      0x51,
    ];
    const args = tuple(storage, [0x4B, 0], [0x68, 40], [0x68, 40], [0x89], [0x4E]);
    const built = [...global("torch._utils", "_rebuild_tensor_v2"), ...args, 0x52];
    await Deno.writeFile(
      `${dir}/a.pt`,
      zip([["x/data.pkl", Uint8Array.from([0x80, 2, ...bomb, ...built, 0x2E])], [
        "x/data/0",
        new Uint8Array(4),
      ]]),
    );
    await rejects(openPyTorch(`${dir}/a.pt`), { name: "InvalidData", message: /a tensor of sizes \[\]/ });
  });
});

Deno.test("sizes that a pickle changes after it has built a tensor do not change the tensor", async () => {
  const list = (memo: number, value: number) => [0x5D, 0x71, memo, 0x4B, value, 0x61, 0x30];
  const longer = (memo: number) => [0x68, memo, 0x4A, 0, 0, 0, 0x40, 0x61, 0x30]; // appends 2^30
  const storage = [
    ...tuple(text("storage"), global("torch", "FloatStorage"), text("0"), text("cpu"), [0x4B, 4]),
    0x51,
  ];
  const args = tuple(storage, [0x4B, 1], [0x68, 0], [0x68, 1], [0x89], [0x4E]);
  const built = [...global("torch._utils", "_rebuild_tensor_v2"), ...args, 0x52];
  const pickle = [0x80, 2, ...list(0, 2), ...list(1, 1), ...built, ...longer(0), ...longer(1), 0x2E];
  await withFolder(async (dir) => {
    const data = new Uint8Array(Float32Array.of(5, 6, 7, 8).buffer);
    await Deno.writeFile(`${dir}/a.pt`, zip([["x/data.pkl", Uint8Array.from(pickle)], ["x/data/0", data]]));
    const file = await openPyTorch(`${dir}/a.pt`);
    ok(file.value instanceof PyTorchTensor);
    deepStrictEqual([...file.value.shape], [2]);
    deepStrictEqual([...await file.read(file.value)], [6, 7]);
    file.close();
  });
});

Deno.test("tensors that a storage does not hold are refused before anything is allocated", async () => {
  const values = [1, 2, 3, 4];
  const cases: readonly (readonly [Parameters<typeof tensor>[0], RegExp])[] = [
    [{ shape: [2 ** 30, 2 ** 30], values, key: "0" }, /sizes \[1073741824,1073741824\] in a storage of 4/],
    [{ shape: [5], values, key: "0" }, /sizes \[5\] in a storage of 4/],
    [{ shape: [4], offset: 1, values, key: "0" }, /ends beyond its storage of 4/],
    [{ shape: [2], strides: [4], values, key: "0" }, /ends beyond its storage of 4/],
    [{ shape: [2 ** 20], strides: [0], values, key: "0" }, /in a storage of 4/],
    [{ shape: [2], strides: [-1], values, key: "0" }, /strides \[-1\]/],
    [{ shape: [-2], values, key: "0" }, /sizes \[-2\]/],
    [{ shape: Array.from({ length: 17 }, () => 1), values, key: "0" }, /a tensor of sizes/],
    [{ shape: [4], values, key: "none" }, /storage "none" is missing/],
    [
      { shape: [4], values, key: "short" },
      /storage "short" has 4 bytes, but 4 numbers of FloatStorage need more/,
    ],
    [{ shape: [4], values, key: "0", type: "ComplexStorage" }, /"torch\.ComplexStorage"/],
  ];
  await withFolder(async (dir) => {
    for (const [saved, message] of cases) {
      const files = [
        ["x/data.pkl", Uint8Array.from([0x80, 2, ...tensor(saved), 0x2E])],
        ["x/data/0", new Uint8Array(16)],
        ["x/data/short", new Uint8Array(4)],
      ] as const;
      await Deno.writeFile(`${dir}/a.pt`, zip(files));
      await rejects(openPyTorch(`${dir}/a.pt`), { name: "InvalidData", message }, String(message));
    }
  });
});

Deno.test("archives that are damaged, compressed or of another order of bytes are refused", async () => {
  const files = [["x/data.pkl", pickled({ a: 1 })], [
    "x/byteorder",
    new TextEncoder().encode("big"),
  ]] as const;
  const good = zip([files[0]]);
  const cases: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ["order", zip(files), /in "big" order of bytes, expected "little"/],
    ["compressed", zip([files[0]], (entry) => entry.setUint16(10, 8, true)), /"x\/data\.pkl" is compressed/],
    ["size", zip([files[0]], (entry) => entry.setUint32(24, 9, true)), /compressed/],
    ["twice", zip([files[0], files[0]]), /occurs twice/],
    ["place", zip([files[0]], (entry) => entry.setUint32(42, 7, true)), /not where its directory says/],
    ["beyond", zip([files[0]], (entry) => entry.setUint32(42, 2 ** 31, true)), /ends after byte/],
    [
      "long",
      zip([files[0]], (entry) => {
        entry.setUint32(20, 2 ** 31, true);
        entry.setUint32(24, 2 ** 31, true);
      }),
      /ends after byte/,
    ],
    ["name", zip([files[0]], (entry) => entry.setUint16(28, 60_000, true)), /cut off/],
    ["no directory", good.slice(0, -10), /has no directory/],
    ["no pickle", zip([["x/other", new Uint8Array(3)]]), /has no data\.pkl/],
    ["old", Uint8Array.of(0x80, 2, 0x8A, 10), /before 1\.6, a bare pickle.*torch\.save\(torch\.load/],
    ["empty", Uint8Array.of(0x50, 0x4B), /has no directory|cut off/],
  ];
  await withFolder(async (dir) => {
    await Deno.writeFile(`${dir}/a.pt`, good);
    (await openPyTorch(`${dir}/a.pt`)).close();
    for (const [name, bytes, message] of cases) {
      await Deno.writeFile(`${dir}/a.pt`, bytes);
      await rejects(openPyTorch(`${dir}/a.pt`), { name: "InvalidData", message }, name);
    }
  });
});

mutants(1000);
