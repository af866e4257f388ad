/**
 * What a barrier gathers and where checkpoints are kept.
 *
 * @module
 */
export type { Json } from "../../disk/json.ts";
export { Barrier, type Checkpoints, type Counts, type Part, type Saved, TensorFile } from "./types.ts";
export { type CheckpointFolderOptions, type Committed, openCheckpoints } from "./checkpoint_folder.ts";
export { checkFiles, readCheckpoint } from "./checkpoint_files.ts";
