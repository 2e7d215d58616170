// Takes: views of views. Gives: one view, or none. Promises: equal values and dims.
import { dimNames, sameDims } from '../../3-graph/infer/dims.ts';
import { inOrder } from '../../3-graph/node-build.ts';
import type { Node } from '../../3-graph/ops.ts';
import type { AnyRewrite } from './rewrite.ts';

const sameNames = (x: readonly string[], y: readonly string[]): boolean =>
  x.length === y.length && x.every((name, i) => name === y[i]);

export const viewRewrites: readonly AnyRewrite[] = [
  {
    name: 'rename-nothing',
    op: 'rename',
    apply: (_, { attrs, inputs: [x] }) => (x && attrs.from === attrs.to ? x : null),
  },
  {
    // rename(b -> c, rename(a -> b, x)) = rename(a -> c, x)
    name: 'rename-twice',
    op: 'rename',
    apply: (builder, { attrs: { from, to }, inputs: [x] }) =>
      x?.op === 'rename' && x.attrs.to === from && x.inputs[0]
        ? builder.add('rename', { from: x.attrs.from, to }, x.inputs)
        : null,
  },
  {
    name: 'permute-nothing',
    op: 'permute',
    apply: (_, { attrs, inputs: [x] }) => (x && sameNames(attrs.order, dimNames(x.type)) ? x : null),
  },
  {
    name: 'permute-twice',
    op: 'permute',
    apply: (builder, { attrs, inputs: [x] }) =>
      x?.op === 'permute' && x.inputs[0] ? inOrder(builder, x.inputs[0], attrs.order) : null,
  },
  {
    // split(merge(x)) = x, where the parts are those that were merged, side by side
    name: 'split-of-merge',
    op: 'split',
    apply: (_, { attrs, inputs: [x], type }) => {
      const whole: Node | undefined = x?.op === 'merge' && x.attrs.into === attrs.dim ? x.inputs[0] : undefined;
      return whole && sameDims(whole.type.dims, type.dims) ? whole : null;
    },
  },
  {
    name: 'merge-of-split',
    op: 'merge',
    apply: (_, { attrs, inputs: [x], type }) => {
      const parts = x?.op === 'split' ? x.attrs.into.map(({ name }) => name) : [];
      const whole: Node | undefined = x?.op === 'split' && sameNames(parts, attrs.dims) ? x.inputs[0] : undefined;
      return whole && sameDims(whole.type.dims, type.dims) ? whole : null;
    },
  },
  {
    name: 'slice-of-everything',
    op: 'slice',
    apply: (_, { inputs: [x], type }) => (x && sameDims(x.type.dims, type.dims) ? x : null),
  },
  {
    name: 'pad-by-nothing',
    op: 'pad',
    apply: (_, { attrs, inputs: [x] }) => (x && attrs.before === 0 && attrs.after === 0 ? x : null),
  },
  {
    name: 'concat-of-one',
    op: 'concat',
    apply: (_, { inputs: [x, second] }) => (x && !second ? x : null),
  },
  {
    name: 'broadcast-twice',
    op: 'broadcast',
    apply: (builder, { attrs, inputs: [x] }) =>
      x?.op === 'broadcast' ? builder.add('broadcast', { dims: [...attrs.dims, ...x.attrs.dims] }, x.inputs) : null,
  },
  {
    name: 'rotate-there-and-back',
    op: 'rotate_pairs',
    apply: (_, { attrs, inputs: [x] }) =>
      x?.op === 'rotate_pairs' &&
      x.attrs.dim === attrs.dim &&
      x.attrs.pairing === attrs.pairing &&
      x.attrs.inverse !== attrs.inverse
        ? (x.inputs[0] ?? null)
        : null,
  },
];
