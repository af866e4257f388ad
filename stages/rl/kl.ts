/**
 * Estimators of the divergence from a reference, by one token. Source: Schulman, "Approximating KL
 * divergence".
 *
 * @module
 */

/** The estimators. */
export const klKinds = ["k1", "k2", "k3"] as const;

/** The name of an estimator. */
export type KlKind = typeof klKinds[number];

/** Returns an estimate in nats and its derivative with respect to the policy's log probability. */
export function estimate(
  kind: KlKind,
  { logp, reference }: { readonly logp: number; readonly reference: number },
): { readonly value: number; readonly slope: number } {
  const d = reference - logp;
  switch (kind) {
    case "k1":
      return { value: -d, slope: 1 };
    case "k2":
      return { value: d * d / 2, slope: -d };
    case "k3":
      return { value: Math.expm1(d) - d, slope: -Math.expm1(d) };
  }
}
