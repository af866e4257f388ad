/**
 * Programs as JSON, so that one process can plan a model and others run it. The graph is written, and
 * compiled again by the reader.
 *
 * @module
 */
import { Graph, type Op, type Tensor } from "../../core/graph.ts";
import type { PackMember } from "../../core/pack.ts";
import { compile, type Program } from "../../core/program.ts";
import type { MemoryKind, Spec } from "../../core/tensor.ts";
import { viewOp } from "../../core/view.ts";

/** A tensor: the label of a leaf, or a call's index and the output's index. */
type Reference = string | readonly [call: number, output: number];

/** A program as plain data, or a part of a program that comes before it in a list. */
export type ProgramJson = WholeJson | PartJson;

/** A part of a program. */
export interface PartJson {
  /** Name of the part. */
  readonly name: string;
  /** Name of the whole program. */
  readonly whole: string;
  /** Index of the part's first call in the whole program. */
  readonly first: number;
  /** Number of calls. */
  readonly count: number;
}

/** A whole program. */
export interface WholeJson {
  /** Name of the program. */
  readonly name: string;
  /** Packs of leaves. */
  readonly packs: readonly {
    readonly label: string;
    readonly kind: MemoryKind;
    readonly members: readonly Omit<PackMember, "offset">[];
  }[];
  /** Leaves, those of packs included. */
  readonly leaves: readonly (Spec & { readonly label: string; readonly kind: MemoryKind })[];
  /** Calls in order. */
  readonly calls: readonly {
    readonly op: string;
    readonly inputs: readonly Reference[];
    readonly attrs: unknown;
  }[];
  /** Outputs by label. */
  readonly outputs: readonly (readonly [label: string, tensor: Reference])[];
}

/** Returns a program as plain data. */
export function programToJson({ name, calls, whole }: Program): ProgramJson {
  if (whole !== undefined) {
    return { name, whole: whole.name, first: whole.calls.indexOf(calls[0]), count: calls.length };
  }
  const { graph } = calls[0].inputs[0];
  const places = new Map<Tensor, Reference>();
  for (const leaf of graph.leaves.values()) places.set(leaf, leaf.label);
  graph.calls.forEach(({ outputs }, call) => outputs.forEach((tensor, i) => places.set(tensor, [call, i])));
  const placeOf = (tensor: Tensor): Reference => places.get(tensor)!;
  return {
    name,
    packs: [...graph.packs.values()].map(({ tensor: { label, kind }, members }) => ({
      label,
      kind,
      members: members.map(({ label, shape, dtype }) => ({ label, shape, dtype })),
    })),
    leaves: [...graph.leaves.values()].map(({ label, kind, shape, dtype, blocks }) => ({
      label,
      kind,
      shape,
      dtype,
      ...(blocks && { blocks }),
    })),
    calls: graph.calls.map(({ op, inputs, attrs }) => ({ op: op.name, inputs: inputs.map(placeOf), attrs })),
    outputs: [...graph.outputs].map(([label, tensor]) => [label, placeOf(tensor)]),
  };
}

/**
 * Makes programs from plain data, with the ops of a list. Throws TypeError for an op that is not in the list:
 * the processes run different versions.
 */
export function programsFromJson(all: readonly ProgramJson[], ops: readonly Op<any>[]): readonly Program[] {
  const programs = new Map<string, Program>();
  for (const json of all) {
    programs.set(json.name, "whole" in json ? partOf(programs, json) : programFromJson(json, ops));
  }
  return [...programs.values()];
}

function partOf(programs: ReadonlyMap<string, Program>, { name, whole, first, count }: PartJson): Program {
  const program = programs.get(whole)!;
  return { ...program, name, calls: program.calls.slice(first, first + count), whole: program };
}

function programFromJson(json: WholeJson, ops: readonly Op<any>[]): Program {
  const known = new Map([viewOp, ...ops].map((op) => [op.name, op])), graph = new Graph();
  for (const { label, members, kind } of json.packs) graph.pack(label, members, kind);
  for (const { label, kind, ...spec } of json.leaves) graph.leaf(label, spec, kind);
  const tensorAt = (place: Reference): Tensor =>
    typeof place === "string" ? graph.leaves.get(place)! : graph.calls[place[0]].outputs[place[1]];
  for (const { op: name, inputs, attrs } of json.calls) {
    const op = known.get(name);
    if (op === undefined) {
      throw new TypeError(
        `Cannot run ${json.name}: this program has no op ${name}: start the same version in all processes`,
      );
    }
    graph.call(op, inputs.map(tensorAt), attrs);
  }
  for (const [label, place] of json.outputs) graph.output(label, tensorAt(place));
  return compile(json.name, graph);
}

/** Writes a value as JSON, infinite numbers and NaN included. */
export function stringify(value: unknown): string {
  return JSON.stringify(
    value,
    (_, x) => typeof x === "number" && !Number.isFinite(x) ? { [numberKey]: String(x) } : x,
  );
}

/** Reads what `stringify` has written. */
export function parse(text: string): any {
  return JSON.parse(
    text,
    (_, x) => typeof x === "object" && x !== null && numberKey in x ? Number(x[numberKey]) : x,
  );
}

const numberKey = "$number";
