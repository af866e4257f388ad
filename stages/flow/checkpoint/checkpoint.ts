/**
 * What a barrier gathers and where checkpoints are kept.
 *
 * @module
 */
export type { Json } from "../../disk/json.ts";
export {
  Barrier,
  type Checkpoints,
  type SavedState,
  type StageCounts,
  type StageSnapshot,
  TensorFile,
} from "./types.ts";
export {
  type CheckpointFolderOptions,
  openCheckpoints,
  type WrittenCheckpoint,
} from "./checkpoint_folder.ts";
export { checkFiles, readCheckpoint } from "./checkpoint_files.ts";
