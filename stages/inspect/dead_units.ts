/**
 * Finds dead units, which are saturated for every example, so that no gradient passes through them.
 *
 * @module
 */

/** Options of `deadUnits`. */
export interface DeadUnitOptions {
  /** Number of units. */
  readonly units: number;
  /** Absolute value above which a unit is saturated; default 0.99, as in Karpathy's lecture, for tanh. */
  readonly saturation?: number;
}

/**
 * Returns the indices of the units that are saturated in every row of `values` [examples, units]. Throws
 * RangeError if `values` does not consist of one or more whole rows.
 */
export function deadUnits(
  values: ArrayLike<number>,
  { units, saturation = .99 }: DeadUnitOptions,
): readonly number[] {
  if (values.length === 0 || values.length % units !== 0) {
    throw new RangeError(
      `Cannot find dead units in ${values.length} values: wanted one or more rows of ${units}`,
    );
  }
  const dead: number[] = [];
  for (let unit = 0; unit < units; unit++) {
    let at = unit;
    while (at < values.length && Math.abs(values[at]) > saturation) at += units;
    if (at >= values.length) dead.push(unit);
  }
  return dead;
}
