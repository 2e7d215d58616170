// Takes: a block and the insets of the parts in it. Gives: the drawing of its equations.
// Promises: the residual stream is one straight line upwards; each norm, mixer and feed-forward stands once for each value it is applied to.
import type { Block, Part } from '../anatomy.ts';
import type { Drawing } from '../draw/drawing.ts';
import { type Flow, type FlowNode, flowOf } from './flow.ts';
import type { Cell, Line } from '../grid/cell.ts';
import type { Edge } from '../grid/grid.ts';
import { drawGrid } from '../grid/layout.ts';
import type { Inset } from '../inset/inset.ts';
import { type Stand, standsOf } from './spine.ts';

export type InsetOf = (part: Part) => Inset;

export function drawBlock(block: Block, insetOf: InsetOf): Drawing {
  const flow = flowOf(block);
  const { places, spine } = standsOf(flow);
  const top = Math.max(...[...places.values()].map(({ rank }) => rank)) + 1;
  const column = places.get(flow.output)?.column ?? 0;
  const shared = sharedOf(flow);
  const cells = [...flow.nodes.values()].map((node): Cell => {
    const stand: Stand = places.get(node.id) ?? { rank: 0, column: 0, columns: 1 };
    return { id: String(node.id), ...stand, ...faceOf(node, block, insetOf, shared) };
  });
  const name = flow.nodes.get(flow.output)?.names.at(-1) ?? 'y';
  cells.push({ id: 'output', rank: top, column, ...face('terminal', 'plain', [{ text: name }], 'the output of the block') }); // prettier-ignore
  return drawGrid({ cells, edges: [...edgesOf(flow, spine), { from: String(flow.output), to: 'output', strong: true }], frames: top > 1 ? [{ from: 1, to: top - 1 }] : [] }); // prettier-ignore
}

function edgesOf({ nodes }: Flow, spine: ReadonlySet<number>): Edge[] {
  const order = [...spine];
  return [...nodes.values()].flatMap(({ id, inputs }) =>
    [...new Set(inputs)].map((input) => ({
      from: String(input),
      to: String(id),
      strong: spine.has(id) && order[order.indexOf(id) - 1] === input,
    })),
  );
}

/** Norm instances and slots applied to more than one value: their weights are shared. */
function sharedOf({ nodes }: Flow): ReadonlySet<string> {
  const uses = [...nodes.values()].flatMap((node) => weightsOf(node) ?? []);
  return new Set(uses.filter((use, i) => uses.indexOf(use) !== i));
}

function weightsOf(node: FlowNode): string | null {
  if (node.kind === 'norm') return `norm ${node.instance}`;
  return node.kind === 'part' ? `slot ${node.slot}` : null;
}

type Face = Pick<Cell, 'look' | 'tone' | 'lines' | 'title' | 'aside'>;

function face(look: Cell['look'], tone: Cell['tone'], lines: readonly Line[], title: string): Face {
  return { look, tone, lines, title };
}

function faceOf(node: FlowNode, block: Block, insetOf: InsetOf, shared: ReadonlySet<string>): Face {
  switch (node.kind) {
    case 'input':
      return face('terminal', 'plain', [{ text: 'x' }], 'the residual stream as it comes in');
    case 'operator': {
      const names = node.names.filter((name) => name !== 'y');
      const aside = names.length === 0 ? {} : { aside: names.join(', ') };
      return { ...face('operator', 'operator', [{ text: node.sign }], operatorTitle(node)), ...aside };
    }
    case 'number':
    case 'constant':
      return face('box', 'act', [{ text: node.label, small: true }], `${node.label}, every element`);
    case 'norm': {
      const { kind, eps, gain, bias } = node.spec;
      const lines = [
        { text: kind === 'rms' ? 'RMSNorm' : 'LayerNorm', bold: true },
        { text: node.instance, small: true },
        ...sharedNote(node, shared),
      ];
      const gains = { weight: 'gain', one_plus: '1 + gain', none: 'no gain' } as const;
      return face('box', 'norm', lines, `${node.instance}: ${kind} norm, eps ${eps}, ${gains[gain]}${bias ? ', bias' : ''}`); // prettier-ignore
    }
    case 'part':
      return partFace(block.slots[node.slot] ?? [], insetOf, sharedNote(node, shared));
  }
}

function sharedNote(node: FlowNode, shared: ReadonlySet<string>): Line[] {
  return shared.has(weightsOf(node) ?? '') ? [{ text: 'shared weights', small: true }] : [];
}

function operatorTitle({ names }: FlowNode): string {
  return names.length === 0 ? 'element by element' : `gives ${names.join(', ')}`;
}

/** All parts that stand at this place in some layer. */
function partFace(parts: readonly Part[], insetOf: InsetOf, notes: readonly Line[]): Face {
  const several = parts.length > 1;
  const lines = parts.flatMap((part) => {
    const text = !several ? part.name : part.label === part.name ? `${part.name} × ${part.layers.length}` : part.label;
    const head: Line = { text, bold: true, swatch: part.swatch };
    return [head, ...insetOf(part).short.map((text) => ({ text, small: true }))];
  });
  const titles = parts.map((part) => `${part.name}: ${insetOf(part).kind}, ${insetOf(part).short.join(', ')}`);
  return face('box', 'part', [...lines, ...notes], titles.join('\n'));
}
