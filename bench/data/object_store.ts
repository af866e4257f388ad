/**
 * Measures reading from and writing to an object store on this machine: `deno run -A --lock=deno.lock
 * --frozen bench/data/object_store.ts [MIB]`. The store is moto, a server in Python, so the time on the clock
 * is mostly the server's; the processor time is this process's alone, and what a run pays beside its own
 * work.
 *
 * @module
 */
import process from "node:process";
import { findRemote, readRemote } from "../../stages/format/web/remote.ts";
import { askS3 } from "../../stages/format/web/s3/objects.ts";
import { uploadFile } from "../../stages/format/web/s3/upload.ts";
import { useS3Settings } from "../../stages/format/web/s3/settings.ts";
import { BUCKET, installMoto, startMoto } from "../../tests/object_store.ts";

const mebibytes = Number(Deno.args[0] ?? 256);
const uri = `s3://${BUCKET}/file`;

await installMoto();
const { address, stop } = await startMoto();
useS3Settings({
  endpoint: address,
  region: "us-east-1",
  pathStyle: true,
  credentials: { accessKeyId: "bench", secretAccessKey: "bench" },
});
const path = await Deno.makeTempFile();
try {
  await askS3(`s3://${BUCKET}/`, { action: "write", method: "PUT" });
  using file = await Deno.open(path, { write: true });
  const block = new Uint8Array(1 << 20).map((_, i) => (i * 2654435761) >>> 24);
  for (let i = 0; i < mebibytes; i++) await file.write(block);
  await measured("written, in parts of 16 MiB, 4 in flight", () => uploadFile(path, uri));
  await measured("read", async () => {
    let bytes = 0;
    for await (const chunk of readRemote(await findRemote(uri))) bytes += chunk.length;
    if (bytes !== mebibytes << 20) throw new Error(`${bytes} bytes`);
  });
} finally {
  await Deno.remove(path);
  await stop();
}

/** Prints the rate of `work` and its processor time. */
async function measured(name: string, work: () => Promise<void>): Promise<void> {
  const began = performance.now(), before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before), seconds = (performance.now() - began) / 1000;
  const megabytes = mebibytes * 1.048576, cpu = (user + system) / 1e6;
  console.log(
    `${name}: ${(megabytes / seconds).toFixed(0)} MB/s; ${
      (1000 * cpu / megabytes).toFixed(2)
    } s of processor time per GB`,
  );
}
