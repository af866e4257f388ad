/**
 * Checkpoints: what they contain, and where they are kept.
 *
 * @module
 */
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
export type { Json } from "../../disk/json.ts";
