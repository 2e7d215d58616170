// Takes: a node. Gives: its value in halves, or in f32.
// Promises: nothing is added where the node already is what is asked for; the halves of a parameter are its shadow, read
// through the same views.
import { copyNode } from '../build/rewrite-graph.ts';
import type { GraphBuilder } from '../builder.ts';
import { cast } from '../expr-build.ts';
import { elementwise } from '../node-build.ts';
import type { Node, OpName } from '../ops.ts';

/** f16 becomes f32; all else stays. */
export function wide(builder: GraphBuilder, node: Node): Node {
  return node.type.type === 'f16' ? elementwise(builder, [node], (x) => cast(x, 'f32')) : node;
}

/** f32 is rounded to f16; all else stays. */
export function half(builder: GraphBuilder, node: Node): Node {
  if (node.type.type !== 'f32') return node;
  return shadow(builder, node) ?? elementwise(builder, [node], (x) => cast(x, 'f16'));
}

/** Name of the tensor that holds a parameter in halves. */
export const shadowName = (parameter: string): string => `half.${parameter}`;

/** The shadow of a parameter. */
export function shadowSource(builder: GraphBuilder, name: string, dims: Node['type']['dims']): Node {
  return builder.add('source', { name: shadowName(name), role: 'shadow', of: name, type: { type: 'f16', dims } }, []);
}

const views: ReadonlySet<OpName> = new Set(['broadcast', 'rename', 'permute', 'split', 'merge', 'slice', 'pad']);

/** Null unless the node is a parameter or a view of one. */
function shadow(builder: GraphBuilder, node: Node): Node | null {
  if (node.op === 'source') {
    const { name, role } = node.attrs;
    return role === 'parameter' ? shadowSource(builder, name, node.type.dims) : null;
  }
  const [input] = node.inputs;
  if (!input || !views.has(node.op)) return null;
  const inner = shadow(builder, input);
  return inner && copyNode(builder, node, [inner]);
}
