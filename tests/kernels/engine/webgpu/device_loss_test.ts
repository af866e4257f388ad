/**
 * Tests what a session says about a device that is lost. The faults are injected into a device: Deno rejects
 * mapAsync() with an error of validation, and resolves `lost` some milliseconds later.
 *
 * @module
 */
import { match, ok, rejects } from "node:assert/strict";
import { Graph } from "../../../../kernels/core/graph.ts";
import { compile } from "../../../../kernels/core/program.ts";
import { openWebgpu } from "../../../../kernels/engine/webgpu/webgpu_engine.ts";
import { relu } from "../../../../kernels/ops/elementwise/relu.ts";

/** A fault of a device. */
interface Fault {
  /** Milliseconds between the operation that fails and the loss; null if the device is not lost. */
  readonly lostAfter: number | null;
  /** Whether an uncaptured error comes first, as at a submit to a lost device. */
  readonly uncaptured?: boolean;
}

/** Returns a WebGPU whose devices have the fault when `fail` is called. */
function faulty({ lostAfter, uncaptured = false }: Fault): { implementation: GPU; fail(): void } {
  const state = { failed: false, fail: () => {} };
  const inject = (device: GPUDevice): GPUDevice => {
    const lost = Promise.withResolvers<{ reason: string; message: string }>();
    Object.defineProperty(device, "lost", { value: lost.promise });
    const createBuffer = device.createBuffer.bind(device), destroy = device.destroy.bind(device);
    device.destroy = () => {
      lost.resolve({ reason: "destroyed", message: "destroyed" });
      destroy();
    };
    const lose = () => {
      if (lostAfter !== null) {
        setTimeout(() => lost.resolve({ reason: "unknown", message: "Device lost" }), lostAfter);
      }
    };
    device.createBuffer = (descriptor) => {
      const buffer = createBuffer(descriptor), mapAsync = buffer.mapAsync.bind(buffer);
      buffer.mapAsync = (mode) => {
        if (!state.failed) return mapAsync(mode);
        lose();
        return Promise.reject(new DOMException("validation error occurred", "OperationError"));
      };
      return buffer;
    };
    state.fail = () => {
      if (!uncaptured) return;
      const error = { message: "Parent device is lost" };
      device.dispatchEvent(Object.assign(new Event("uncapturederror"), { error }));
      lose();
    };
    return device;
  };
  const implementation: GPU = Object.assign(Object.create(navigator.gpu), {
    async requestAdapter(options: GPURequestAdapterOptions) {
      const adapter = (await navigator.gpu.requestAdapter(options))!;
      const requestDevice = adapter.requestDevice.bind(adapter);
      adapter.requestDevice = async (descriptor) => inject(await requestDevice(descriptor));
      return adapter;
    },
  });
  return {
    implementation,
    fail: () => {
      state.failed = true;
      state.fail();
    },
  };
}

/** Opens a session on a device with the fault, and returns it and the function that makes the device fail. */
async function opened(fault: Fault) {
  const graph = new Graph();
  graph.output("y", relu(graph.leaf("x", { shape: [3], dtype: "f32" }, "input")));
  const { implementation, fail } = faulty(fault);
  const session = await (await openWebgpu({ implementation })).open([compile("p", graph)], {});
  await session.run(["p"]);
  await session.read(["y"]);
  return { session, fail };
}

const lost = { message: /Lost the device .* \(unknown: Device lost\): checkpoints on disk are intact/ };

Deno.test("webgpu read() of a lost device says so, although the device says it after the failure", async () => {
  const { session, fail } = await opened({ lostAfter: 20 });
  await using _ = session;
  fail();
  await rejects(session.read(["y"]), lost);
  await rejects(session.run(["p"]), lost);
});

Deno.test("webgpu read() and run() after an uncaptured error of a lost device say that it was lost", async () => {
  for (const use of ["read", "run"] as const) {
    const { session, fail } = await opened({ lostAfter: 20, uncaptured: true });
    await using _ = session;
    fail();
    await rejects(use === "read" ? session.read(["y"]) : session.run(["p"]), lost);
  }
});

Deno.test("webgpu read() of a device that fails without being lost rejects with the device's own error", async () => {
  const { session, fail } = await opened({ lostAfter: null });
  await using _ = session;
  fail();
  const error = await session.read(["y"]).catch((error) => error);
  ok(error instanceof DOMException);
  match(error.message, /validation error occurred/);
});
