/**
 * Requirements of options: the values of other options without which an option does nothing.
 *
 * @module
 */
import type { OptionRequirement } from "../../cli/pipeline.ts";

/** Requires that the other option is given, as in `typed`: "--hellaswag FILE". */
export function given(option: string, typed: string): OptionRequirement {
  return { option, accepts: (value) => value !== null && value !== undefined, typed };
}

/** Requires that the other option is not given. */
export function notGiven(option: string, typed: string): OptionRequirement {
  return { option, accepts: (value) => value === null || value === undefined, typed };
}

/** Requires that the other option is a number above 0, as in `typed`: "--eval-every N above 0". */
export function above0(option: string, typed: string): OptionRequirement {
  return { option, accepts: (value) => Number(value) > 0, typed };
}

/** Requires that the other option has one of these values, as in `typed`: "--optimizer sgd or muon". */
export function oneOfValues(option: string, values: readonly string[], typed: string): OptionRequirement {
  return { option, accepts: (value) => values.includes(String(value)), typed };
}

/** Makes an exception of the value that asks for what holds anyway, such as 0 of `--eval-every`. */
export function unlessOff(requirement: OptionRequirement, off: unknown): OptionRequirement {
  return {
    ...requirement,
    accepts: (value, given) => given.own === off || requirement.accepts(value, given),
  };
}

/** Requires that one of these filters is among --stages; null there stands for all filters. */
export function someFilter(...names: readonly string[]): OptionRequirement {
  return {
    option: "stages",
    accepts: (stages) => !Array.isArray(stages) || names.some((name) => stages.includes(name)),
    typed: `${names.join(" or ")} among --stages`,
  };
}
