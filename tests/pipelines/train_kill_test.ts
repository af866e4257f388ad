import { trainKilled } from "./train_kills.ts";

Deno.test("train killed at 2 random moments, half of them while a checkpoint is written, ends like an uninterrupted run", () =>
  trainKilled(2));
