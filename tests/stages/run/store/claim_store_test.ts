/**
 * Tests which process writes a run to its object store.
 *
 * @module
 */
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import {
  claimRun,
  readManifest,
  renewClaim,
  StoreTakenError,
} from "../../../../stages/run/store/claim_store.ts";
import { BUCKET, storeTest } from "../../../object_store.ts";

const place = { url: `s3://${BUCKET}/run`, folder: "none", within: "" };
const retry = { firstPause: 1 };
const owner = (process: string) => ({
  process,
  folder: process,
  pid: 1,
  host: "alpha",
  since: "2026-01-01T00:00:00.000Z",
});

storeTest("the process that has claimed a run last writes it, and an earlier one cannot", async (store) => {
  const first = await claimRun(place, { owner: owner("a"), now: null, retry });
  ok(first.checked);
  const renewed = await renewClaim(place, { claim: first, files: ["config.json"], retry });
  // Two processes start at the same moment: both have read the same manifest.
  const now = await readManifest(place, retry);
  const second = await claimRun(place, { owner: owner("b"), now, retry });
  await rejects(claimRun(place, { owner: owner("c"), now, retry }), StoreTakenError);
  await rejects(
    renewClaim(place, { claim: renewed, files: [], retry }),
    /process 1 on host alpha has taken it over/,
  );
  deepStrictEqual((await readManifest(place, retry))?.files, ["config.json"]);
  // The store writes it, and its answer is lost: the next try finds its own writing.
  store.faults.push("lost answer");
  await renewClaim(place, { claim: second, files: ["config.json", "metrics.jsonl"], retry });
  strictEqual((await readManifest(place, retry))?.files.length, 2);
});
