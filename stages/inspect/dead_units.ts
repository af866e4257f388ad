/**
 * Units that are of no use: at the end of their range for every example, so that no gradient comes through.
 *
 * @module
 */

/** What is looked at. */
export interface DeadUnitOptions {
  /** How many units there are. */
  readonly units: number;
  /** Above this in size a value counts as at its end; default 0.99, the lecture's for tanh. */
  readonly saturation?: number;
}

/**
 * Numbers of the units whose values are all above `saturation` in size: values [examples, units]. Throws RangeError where
 * they are no whole rows.
 */
export function deadUnits(
  values: ArrayLike<number>,
  { units, saturation = .99 }: DeadUnitOptions,
): readonly number[] {
  if (values.length === 0 || values.length % units !== 0) {
    throw new RangeError(
      `Cannot look for dead units in ${values.length} values: wanted one row or more of ${units}`,
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
