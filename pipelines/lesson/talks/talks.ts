/**
 * Karpathy's talks, which the lessons from part 10 on follow.
 *
 * @module
 */
import type { Lecture } from "../item.ts";

/** The talk that explains how large language models work, in an hour. */
export const introTalk: Lecture = {
  title: "Intro to Large Language Models",
  url: "https://www.youtube.com/watch?v=zjkBMFhNj_g",
};

/** The talk that follows a model through all stages of its training. */
export const deepDive: Lecture = {
  title: "Deep Dive into LLMs like ChatGPT",
  url: "https://www.youtube.com/watch?v=7xTGNNLPyMI",
};

/** The talk on how to use language models. */
export const useTalk: Lecture = {
  title: "How I use LLMs",
  url: "https://www.youtube.com/watch?v=EWvNQjAaOHw",
};
