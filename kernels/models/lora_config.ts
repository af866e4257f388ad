/**
 * Configurations of low-rank adapters.
 *
 * @module
 */

/** Which adapters a model has. */
export interface LoraConfig {
  /** Rank of the adapters, r. */
  readonly rank: number;
  /** The adapters' results are multiplied by `alpha / rank`. */
  readonly alpha: number;
  /** Whether they are multiplied by `alpha / sqrt(rank)` instead (Kalajdzievski 2023). Default false. */
  readonly rankStabilized?: boolean;
  /** Share of an adapter's inputs that training sets to 0, from 0 to below 1. Default 0. */
  readonly dropout?: number;
  /** Last names of the layers with adapters, such as `q_proj`, or "all" linear layers but the head. */
  readonly targets: "all" | readonly string[];
}

/** Returns the factor of the adapters' results. */
export function loraScale({ rank, alpha, rankStabilized = false }: LoraConfig): number {
  return alpha / (rankStabilized ? Math.sqrt(rank) : rank);
}

/** Returns whether a parameter belongs to an adapter, by its name. */
export function isAdapter(name: string): boolean {
  return /\.lora_[AB]\.weight$/.test(name);
}
