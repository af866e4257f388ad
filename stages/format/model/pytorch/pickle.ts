/**
 * A reader of Python pickles that runs nothing: it builds numbers, strings, bytes, lists, tuples, sets and
 * dictionaries, and calls only functions that the caller gives by name. Everything takes memory in proportion
 * to the pickle's bytes. Source: CPython, pickletools.py; protocols 2 to 5.
 *
 * @module
 */
import { excerpt } from "../../text/excerpt.ts";

/**
 * A value: lists and tuples are arrays, dictionaries maps, None is null, integers beyond 2^53 bigints. Other
 * values are what the given functions return.
 */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly PickleValue[]
  | ReadonlyMap<PickleValue, PickleValue>
  | ReadonlySet<PickleValue>
  | object;

/** A function that a pickle may call with a tuple of arguments. */
export type PickleFunction = (args: readonly PickleValue[]) => PickleValue;

/** What a pickle may use. */
export interface PickleOptions {
  /** Returns the function of a name such as "collections.OrderedDict"; undefined refuses it. */
  global(name: string): PickleFunction | undefined;
  /** Returns the value for a persistent id, such as a storage of numbers. Throws if it is not known. */
  persistent(id: PickleValue): PickleValue;
  /** Returns an error that names the file. */
  refused(why: string): Error;
}

/** A function on the stack: it can be called, but is no value that a caller gets. */
class Callable {
  readonly name: string;
  readonly call: PickleFunction;

  constructor(name: string, call: PickleFunction) {
    this.name = name;
    this.call = call;
  }
}

/** Marks the beginning of a list on the stack. */
const MARK = Symbol("mark");
const MOST_INTEGER_BYTES = 16; // larger integers occur only in hostile files

type Item = PickleValue | typeof MARK | Callable;

/** Reads a pickle. Throws the errors of `refused`, with the byte, for anything that is not plain data. */
export function unpickle(bytes: Uint8Array<ArrayBuffer>, options: PickleOptions): PickleValue {
  return new Unpickler(bytes, options).run();
}

/** Names of opcodes that are refused, by their byte. */
const refusedOpcodes: Readonly<Record<number, string>> = {
  0x69: "INST",
  0x6F: "OBJ",
  0x82: "EXT1",
  0x83: "EXT2",
  0x84: "EXT4",
  0x50: "PERSID",
  0x97: "NEXT_BUFFER",
  0x98: "READONLY_BUFFER",
};

class Unpickler {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  readonly #options: PickleOptions;
  readonly #stack: Item[] = [];
  readonly #memo = new Map<number, Item>();
  #at = 0;
  #given = 0; // number of items in the arguments of all calls

  constructor(bytes: Uint8Array<ArrayBuffer>, options: PickleOptions) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#options = options;
  }

  run(): PickleValue {
    for (;;) {
      const opcode = this.#u8();
      if (opcode === 0x2E) { // STOP
        const value = this.#value();
        if (this.#stack.length === 0) return value;
        throw this.#refused(`it ends with ${this.#stack.length} values left over`);
      }
      this.#step(opcode);
    }
  }

  #step(opcode: number): void {
    switch (opcode) {
      case 0x80: { // PROTO
        const protocol = this.#u8();
        if (protocol >= 2 && protocol <= 5) return;
        throw this.#refused(`it has protocol ${protocol}, expected 2 to 5`);
      }
      case 0x95: // FRAME: the length of what follows, which readers may ignore
        this.#take(8);
        return;
      case 0x28:
        return this.#push(MARK);
      case 0x30: // POP
        this.#pop();
        return;
      case 0x31: // POP_MARK
        this.#sinceMark();
        return;
      case 0x32: // DUP
        return this.#push(this.#top());
      case 0x4E:
        return this.#push(null);
      case 0x88:
        return this.#push(true);
      case 0x89:
        return this.#push(false);
      case 0x4A: // BININT
        return this.#push(this.#take(4).getInt32(0, true));
      case 0x4B: // BININT1
        return this.#push(this.#u8());
      case 0x4D: // BININT2
        return this.#push(this.#take(2).getUint16(0, true));
      case 0x8A: // LONG1
        return this.#push(this.#integer(this.#u8()));
      case 0x8B: // LONG4
        return this.#push(this.#integer(this.#take(4).getInt32(0, true)));
      case 0x47: // BINFLOAT
        return this.#push(this.#take(8).getFloat64(0, false));
      case 0x8C: // SHORT_BINUNICODE
        return this.#push(this.#text(this.#u8()));
      case 0x58: // BINUNICODE
        return this.#push(this.#text(this.#take(4).getUint32(0, true)));
      case 0x8D: // BINUNICODE8
        return this.#push(this.#text(this.#u64()));
      case 0x55: // SHORT_BINSTRING, of Python 2
        return this.#push(this.#text(this.#u8()));
      case 0x54: // BINSTRING, of Python 2
        return this.#push(this.#text(this.#take(4).getUint32(0, true)));
      case 0x43: // SHORT_BINBYTES
        return this.#push(this.#slice(this.#u8()));
      case 0x42: // BINBYTES
        return this.#push(this.#slice(this.#take(4).getUint32(0, true)));
      case 0x8E: // BINBYTES8
      case 0x96: // BYTEARRAY8
        return this.#push(this.#slice(this.#u64()));
      case 0x29: // EMPTY_TUPLE
      case 0x5D: // EMPTY_LIST
        return this.#push([]);
      case 0x85: // TUPLE1
      case 0x86:
      case 0x87: { // TUPLE3
        const values = Array.from({ length: opcode - 0x84 }, () => this.#value());
        return this.#push(values.reverse());
      }
      case 0x74: // TUPLE
        return this.#push(this.#sinceMark());
      case 0x6C: // LIST
        return this.#push(this.#sinceMark());
      case 0x7D: // EMPTY_DICT
        return this.#push(new Map());
      case 0x64: { // DICT
        const values = this.#sinceMark();
        this.#push(new Map());
        return this.#set(values);
      }
      case 0x8F: // EMPTY_SET
        return this.#push(new Set());
      case 0x91: // FROZENSET
        return this.#push(new Set(this.#sinceMark()));
      case 0x90: { // ADDITEMS
        const values = this.#sinceMark(), set = this.#top();
        if (!(set instanceof Set)) throw this.#refused("it adds items to what is no set");
        for (const value of values) set.add(value);
        return;
      }
      case 0x61: // APPEND
        return this.#append([this.#value()]);
      case 0x65: // APPENDS
        return this.#append(this.#sinceMark());
      case 0x73: { // SETITEM
        const value = this.#value(), key = this.#value();
        return this.#set([key, value]);
      }
      case 0x75: // SETITEMS
        return this.#set(this.#sinceMark());
      case 0x71: // BINPUT
        return void this.#memo.set(this.#u8(), this.#top());
      case 0x72: // LONG_BINPUT
        return void this.#memo.set(this.#take(4).getUint32(0, true), this.#top());
      case 0x94: // MEMOIZE
        return void this.#memo.set(this.#memo.size, this.#top());
      case 0x68: // BINGET
        return this.#push(this.#remembered(this.#u8()));
      case 0x6A: // LONG_BINGET
        return this.#push(this.#remembered(this.#take(4).getUint32(0, true)));
      case 0x63: // GLOBAL
        return this.#push(this.#global(this.#line(), this.#line()));
      case 0x93: { // STACK_GLOBAL
        const name = this.#value(), module = this.#value();
        if (typeof name !== "string" || typeof module !== "string") {
          throw this.#refused("it names what is no text");
        }
        return this.#push(this.#global(module, name));
      }
      case 0x52: // REDUCE
      case 0x81: { // NEWOBJ
        const args = this.#value(), callable = this.#pop();
        if (!(callable instanceof Callable) || !Array.isArray(args)) {
          throw this.#refused("it calls what is no function");
        }
        this.#countGiven(args);
        return this.#push(callable.call(args));
      }
      case 0x62: { // BUILD: attributes of an object; dictionaries of weights have one, their versions
        const state = this.#value();
        if (this.#top() instanceof Map && state instanceof Map) return;
        throw this.#refused("it sets attributes of an object, which is not supported");
      }
      case 0x51: // BINPERSID
        return this.#push(this.#options.persistent(this.#value()));
      default: {
        const name = refusedOpcodes[opcode] ?? `0x${opcode.toString(16)}`;
        throw this.#refused(`it has the opcode ${name}, which is not supported`);
      }
    }
  }

  /** Counts items that a call may copy: one that is stored can be given many times, in a few bytes each. */
  #countGiven(args: readonly PickleValue[]): void {
    this.#given += args.reduce<number>((sum, arg) => sum + (Array.isArray(arg) ? arg.length : 0), 0);
    if (this.#given > this.#bytes.length) throw this.#refused("its calls are given more than its bytes hold");
  }

  #global(module: string, name: string): Callable {
    const full = `${module}.${name}`, call = this.#options.global(full);
    if (call !== undefined) return new Callable(full, call);
    throw this.#refused(`it uses ${excerpt(full)}, which could run any code and is not needed for weights`);
  }

  #push(item: Item): void {
    this.#stack.push(item);
  }

  #pop(): Item {
    const item = this.#stack.pop();
    if (item === undefined) throw this.#refused("it takes a value from an empty stack");
    return item;
  }

  #top(): Item {
    const item = this.#stack.at(-1);
    if (item === undefined) throw this.#refused("it uses a value of an empty stack");
    return item;
  }

  #value(): PickleValue {
    const item = this.#pop();
    if (item === MARK) throw this.#refused("it uses a mark as a value");
    if (item instanceof Callable) return Object.freeze({ global: item.name }); // such as a type of numbers
    return item as PickleValue;
  }

  /** Takes the values since the last mark. */
  #sinceMark(): PickleValue[] {
    const mark = this.#stack.lastIndexOf(MARK);
    if (mark < 0) throw this.#refused("it has no mark");
    const items = this.#stack.splice(mark + 1);
    this.#stack.pop();
    return items.map((item) =>
      item instanceof Callable ? Object.freeze({ global: item.name }) : item as PickleValue
    );
  }

  #append(values: readonly PickleValue[]): void {
    const list = this.#top();
    if (!Array.isArray(list)) throw this.#refused("it appends to what is no list");
    for (const value of values) list.push(value);
  }

  #set(values: readonly PickleValue[]): void {
    const map = this.#top();
    if (!(map instanceof Map) || values.length % 2 !== 0) {
      throw this.#refused("it sets items of what is no dictionary");
    }
    for (let i = 0; i < values.length; i += 2) map.set(values[i], values[i + 1]);
  }

  #remembered(index: number): Item {
    const item = this.#memo.get(index);
    if (item === undefined) throw this.#refused(`it uses value ${index}, which it has not stored`);
    return item;
  }

  #integer(length: number): number | bigint {
    if (length < 0 || length > MOST_INTEGER_BYTES) {
      throw this.#refused(`an integer has ${length} bytes, expected at most ${MOST_INTEGER_BYTES}`);
    }
    let value = 0n;
    this.#slice(length).forEach((byte, i) => value |= BigInt(byte) << BigInt(8 * i));
    const signed = BigInt.asIntN(8 * length, value), narrow = Number(signed);
    return Number.isSafeInteger(narrow) ? narrow : signed;
  }

  #text(length: number): string {
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(this.#slice(length));
  }

  #line(): string {
    const end = this.#bytes.indexOf(0x0A, this.#at);
    if (end < 0) throw this.#refused("it ends inside a name");
    const text = this.#text(end - this.#at);
    this.#at++;
    return text;
  }

  #u8(): number {
    return this.#take(1).getUint8(0);
  }

  #u64(): number {
    return Number(this.#take(8).getBigUint64(0, true));
  }

  #slice(length: number): Uint8Array<ArrayBuffer> {
    const view = this.#take(length);
    return this.#bytes.subarray(this.#at - view.byteLength, this.#at);
  }

  #take(length: number): DataView {
    if (length > this.#bytes.length - this.#at) {
      throw this.#refused(`it ends within a value of ${length} bytes`);
    }
    const view = new DataView(this.#view.buffer, this.#view.byteOffset + this.#at, length);
    this.#at += length;
    return view;
  }

  #refused(why: string): Error {
    return this.#options.refused(`${why} (before byte ${this.#at} of its pickle)`);
  }
}
