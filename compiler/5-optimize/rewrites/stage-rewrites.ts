// Takes: reductions of many elements to few results, all sizes numbers. Gives: two reductions, the first with many rows.
// Promises: equal values up to rounding; what is left reduces at most a few thousand elements a row, or has many rows.
import { without } from '../../3-graph/infer/dims.ts';
import type { Node } from '../../3-graph/ops.ts';
import type { Dim } from '../../3-graph/types.ts';
import type { AnyRewrite } from './rewrite.ts';

/** Elements one row may reduce, and rows enough to keep a device busy with longer ones. */
const LONG = 4096;
const MANY = 1024;

const count = (dims: readonly Dim[]): number => dims.reduce((n, { size }) => n * Number(size), 1);

export const stageRewrites: readonly AnyRewrite[] = [
  {
    name: 'reduce-in-stages',
    op: 'reduce',
    apply: (builder, { attrs: { fn, dims }, inputs: [x] }) => {
      if (!x) return null;
      const reduced = x.type.dims.filter(({ name }) => dims.includes(name));
      if (count(reduced) <= LONG || count(without(x.type, dims)) >= MANY) return null;
      const [dim, second] = reduced;
      // A norm or a softmax over one row: what stands around it needs the whole row in one place.
      if (!second && dim?.name === x.type.dims.at(-1)?.name && count(reduced) <= 16 * LONG) return null;
      const [outer, inner] = cut(reduced);
      if (inner.length > 0) {
        const first = builder.add('reduce', { fn, dims: inner.map(({ name }) => name) }, [x]);
        return builder.add('reduce', { fn, dims: outer.map(({ name }) => name) }, [first]);
      }
      const parts = dim && halves(dim);
      if (!parts) return null;
      const split: Node = builder.add('split', { dim: dim.name, into: parts }, [x]);
      const first = builder.add('reduce', { fn, dims: [parts[1].name] }, [split]);
      return builder.add('reduce', { fn, dims: [parts[0].name, ...dims.filter((name) => name !== dim.name)] }, [first]);
    },
  },
];

/** As many of the fastest dims as one row may reduce, but not all. */
function cut(dims: readonly Dim[]): [outer: readonly Dim[], inner: readonly Dim[]] {
  let at = dims.length;
  while (at > 1 && count(dims.slice(at - 1)) <= LONG) at -= 1;
  return [dims.slice(0, at), dims.slice(at)];
}

/** A dim as [rows, elements], the elements the largest divisor up to LONG / 4 that leaves a few rows. */
function halves({ name, size }: Dim): [Dim, Dim] | null {
  for (let inner = Math.min(LONG / 4, Math.floor(Number(size) / 2)); inner >= 16; inner--) {
    if (Number(size) % inner === 0)
      return [
        { name: `${name}_rows`, size: Number(size) / inner },
        { name: `${name}_elements`, size: inner },
      ];
  }
  return null;
}
