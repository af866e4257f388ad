import { trainKilled } from "./train_kills.ts";

Deno.test("train killed at 20 random moments, half of them while a checkpoint is written, ends like an uninterrupted run", () =>
  trainKilled(20));
