/**
 * Markup in template literals.
 *
 * @module
 */
// @ts-types="./htm.d.ts"
import htm from "htm";
import { h } from "preact";

/** Makes preact's elements from markup. */
export const html = htm.bind(h);
