/**
 * The entry point `./report`: a run's folder; the events of a run on a terminal, in metrics.jsonl and on a
 * page; charts.
 *
 * @module
 */
export type * from "../flow/mod.ts";
export type {
  Activations,
  BlockLayout,
  BlockRows,
  ProductFormat,
} from "../../kernels/core/blocks/block_layout.ts";
export type { DType, Shape, Spec, TensorMap } from "../../kernels/core/tensor.ts";
export { jupyterDisplay, type MimeBundle, type NotebookDisplay } from "../format/viewer/notebook.ts";
export { barChart, type BarOptions } from "./chart/bars.ts";
export { boundaryChart, type BoundaryOptions } from "./chart/boundary.ts";
export type { Chart, ChartOptions } from "./chart/chart.ts";
export { graphChart, type GraphNode, type GraphOptions } from "./chart/graph.ts";
export { gridLines, type GridOptions, type Mark } from "./chart/grid.ts";
export { heatmapChart, type HeatmapOptions } from "./chart/heatmap.ts";
export { histogramChart, type HistogramOptions } from "./chart/histogram.ts";
export { lineChart, type LineOptions, type Series } from "./chart/line.ts";
export { type Point, scatterChart, type ScatterOptions } from "./chart/scatter.ts";
export type { Distributions, DomainRow, LanguageRow, LengthRow, Total } from "./distributions.ts";
export { joinGraphs, mergeEvents } from "./merge_events.ts";
export { lastEvent, MetricsFile, readEvents } from "./metrics.ts";
export { Progress, type RunLimits, type StageProgress } from "./progress.ts";
export { type RemovedSample, removedSamples } from "./removed_samples.ts";
export type { ComparedRun } from "./comparable.ts";
export { type ReportInput, reportPage } from "./report.ts";
export { type RunStats, runStats, runStatsLines } from "./run_stats.ts";
export { type StageStats, stageStats, statsLines } from "./stage_stats.ts";
export { TensorboardFile } from "./tensorboard.ts";
export {
  type Display,
  liveDisplay,
  notesDisplay,
  plainDisplay,
  type Screen,
  silentDisplay,
  standardError,
} from "./terminal.ts";
export { type FolderRun, runFolder, type RunFolderOptions } from "../run/run_folder.ts";
export { UsageError } from "../run/usage_error.ts";
