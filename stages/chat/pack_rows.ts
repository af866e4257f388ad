/**
 * Divides documents among rows of a fixed size. Source: TRL, `pack_dataset`.
 *
 * @module
 */

/**
 * How documents are packed: `bfd` (best fit, decreasing) cuts what exceeds a row; `bfd_split` splits longer
 * documents first; `wrapped` joins all documents and cuts them at the size of a row.
 */
export type PackStrategy = "bfd" | "bfd_split" | "wrapped";

/** Part of a document in a row. */
export interface Piece {
  /** Index of the document. */
  readonly document: number;
  /** Index of the piece's first token in the document. */
  readonly start: number;
  /** Number of tokens. */
  readonly length: number;
}

/**
 * Returns the rows of documents of these lengths, in the order in which they were begun; empty documents are
 * left out. Best fit: documents in the order of their lengths, the longest first, each into the row with the
 * least space that suffices; of several, into the row that has had this space for longest. Throws RangeError
 * for a size below 1.
 */
export function packRows(
  lengths: readonly number[],
  { size, strategy = "bfd" }: { readonly size: number; readonly strategy?: PackStrategy },
): readonly (readonly Piece[])[] {
  if (!Number.isInteger(size) || size < 1) {
    throw new RangeError(`Cannot pack rows of ${size} tokens: expected a whole number above 0`);
  }
  const whole = lengths.map((length, document) => ({ document, start: 0, length }));
  if (strategy === "wrapped") return wrapped(whole, size);
  const pieces = strategy === "bfd"
    ? whole.map((piece) => ({ ...piece, length: Math.min(piece.length, size) }))
    : whole.flatMap((piece) => split(piece, size));
  return bestFit(pieces.filter(({ length }) => length > 0), size);
}

function split({ document, length }: Piece, size: number): readonly Piece[] {
  const count = Math.ceil(length / size);
  return Array.from({ length: count }, (_, i) => {
    return { document, start: i * size, length: Math.min(size, length - i * size) };
  });
}

function bestFit(pieces: readonly Piece[], size: number): readonly (readonly Piece[])[] {
  const rows: Piece[][] = [], bySpace = new Map<number, Piece[][]>(); // queues, the oldest row first
  const sorted = pieces.map((piece, index) => ({ piece, index }))
    .sort((a, b) => b.piece.length - a.piece.length || a.index - b.index);
  for (const { piece } of sorted) {
    let space = piece.length;
    while (space <= size && (bySpace.get(space) ?? []).length === 0) space++;
    let row = bySpace.get(space)?.shift();
    if (row === undefined) {
      row = [];
      rows.push(row);
      space = size;
    }
    row.push(piece);
    const left = space - piece.length, queue = bySpace.get(left) ?? [];
    queue.push(row);
    bySpace.set(left, queue);
  }
  return rows;
}

function wrapped(documents: readonly Piece[], size: number): readonly (readonly Piece[])[] {
  const rows: Piece[][] = [];
  let free = 0;
  for (const { document, length } of documents) {
    for (let start = 0; start < length;) {
      if (free === 0) {
        rows.push([]);
        free = size;
      }
      const take = Math.min(free, length - start);
      rows[rows.length - 1].push({ document, start, length: take });
      start += take;
      free -= take;
    }
  }
  return rows;
}
