// Takes: a block. Gives: its equations as a graph of operations on the residual stream.
// Promises: an operation written twice on the same value is one node; what the output does not need is left out.
import type { BlockExpr, Equation, Layer, NormSpec } from '../../../2-check/model.ts';
import { type Block, partsUsed, slotKey } from '../anatomy.ts';

export type FlowNode = {
  readonly id: number;
  readonly inputs: readonly number[];
  /** Names the equations give it. */
  readonly names: string[];
} & FlowKind;

export type FlowKind =
  | { readonly kind: 'input' }
  | { readonly kind: 'norm'; readonly instance: string; readonly spec: NormSpec }
  | { readonly kind: 'part'; readonly slot: number }
  /** Of two tensors. */
  | { readonly kind: 'operator'; readonly sign: string }
  /** Of a tensor and a number: `x 0.22`. */
  | { readonly kind: 'number'; readonly label: string }
  /** A number where a tensor would stand. */
  | { readonly kind: 'constant'; readonly label: string };

export interface Flow {
  readonly nodes: ReadonlyMap<number, FlowNode>;
  readonly output: number;
}

/** A node, or a number: of each of the block's layers one. */
type Value = { readonly node: FlowNode } | { readonly numbers: readonly number[] };

const signs = { '+': '+', '-': '−', '*': '×', '/': '÷' } as const;
const numeric: { readonly [K in keyof typeof signs]: (a: number, b: number) => number } = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
};

export function flowOf(block: Block): Flow {
  const builder = new FlowBuilder(block.layers);
  const [first] = block.layers;
  const others = block.layers.map(({ equations }) => equations);
  let output: Value = { node: builder.input };
  (first?.equations ?? []).forEach((equation, i) => {
    output = builder.equation(
      others.flatMap((equations) => equations[i] ?? []),
      equation.name,
    );
  });
  const node = builder.asNode(output);
  return { nodes: needed(builder.nodes, node.id), output: node.id };
}

function needed(nodes: ReadonlyMap<number, FlowNode>, output: number): ReadonlyMap<number, FlowNode> {
  const reached = new Set([output]);
  for (const id of reached) for (const input of nodes.get(id)?.inputs ?? []) reached.add(input);
  return new Map([...nodes].filter(([id]) => reached.has(id)));
}

class FlowBuilder {
  readonly nodes = new Map<number, FlowNode>();
  readonly input: FlowNode;
  private readonly known = new Map<string, FlowNode>();
  private readonly scope = new Map<string, Value>();
  private readonly slots: readonly (readonly string[])[];

  constructor(layers: readonly Layer[]) {
    this.slots = layers.map((layer) => [...partsUsed(layer).keys()]);
    this.input = this.add({ kind: 'input' }, []);
    this.scope.set('x', { node: this.input });
  }

  /** The same equation of every layer. */
  equation(all: readonly Equation[], name: string): Value {
    const value = this.value(all.map((equation) => equation.value));
    if ('node' in value && !value.node.names.includes(name)) value.node.names.push(name);
    this.scope.set(name, value);
    return value;
  }

  /** The same expression of every layer. */
  private value(all: readonly BlockExpr[]): Value {
    const [expr] = all;
    switch (expr?.kind) {
      case undefined:
        return { node: this.input };
      case 'ref':
        return this.scope.get(expr.name) ?? { node: this.input };
      case 'number':
        return { numbers: all.flatMap((each) => (each.kind === 'number' ? [each.value] : [])) };
      case 'arithmetic': {
        const sides = all.flatMap((each) => (each.kind === 'arithmetic' ? [each] : []));
        return this.arithmetic(expr.operator, this.value(sides.map(({ left }) => left)), this.value(sides.map(({ right }) => right))); // prettier-ignore
      }
      case 'norm':
        return { node: this.add({ kind: 'norm', instance: expr.instance, spec: expr.spec }, [this.inputOf(all)]) };
      case 'mixer':
      case 'ffn':
        return { node: this.add({ kind: 'part', slot: this.slots[0]?.indexOf(slotKey(expr)) ?? 0 }, [this.inputOf(all)]) }; // prettier-ignore
    }
  }

  private inputOf(all: readonly BlockExpr[]): FlowNode {
    return this.asNode(this.value(all.flatMap((each) => ('input' in each ? [each.input] : []))));
  }

  private arithmetic(operator: keyof typeof signs, left: Value, right: Value): Value {
    if ('numbers' in left && 'numbers' in right) {
      return { numbers: left.numbers.map((value, i) => numeric[operator](value, right.numbers[i] ?? 0)) };
    }
    const sign = signs[operator];
    if ('numbers' in right) return this.scaled({ label: `${sign} ${spread(right.numbers)}`, plain: isNothing(operator, right.numbers) }, left); // prettier-ignore
    if ('numbers' in left) {
      const commutes = operator === '+' || operator === '*';
      const label = commutes ? `${sign} ${spread(left.numbers)}` : `${spread(left.numbers)} ${sign}`;
      return this.scaled({ label, plain: commutes && isNothing(operator, left.numbers) }, right);
    }
    return { node: this.add({ kind: 'operator', sign }, [left.node, right.node]) };
  }

  /** A factor of 1 is not drawn. */
  private scaled({ label, plain }: { label: string; plain: boolean }, value: Value): Value {
    return plain ? value : { node: this.add({ kind: 'number', label }, [this.asNode(value)]) };
  }

  asNode(value: Value): FlowNode {
    return 'node' in value ? value.node : this.add({ kind: 'constant', label: spread(value.numbers) }, []);
  }

  private add(kind: FlowKind, inputs: readonly FlowNode[]): FlowNode {
    const ids = inputs.map(({ id }) => id);
    const key = JSON.stringify([kind, ids]);
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const node: FlowNode = { id: this.nodes.size, inputs: ids, names: [], ...kind };
    this.nodes.set(node.id, node);
    this.known.set(key, node);
    return node;
  }
}

function isNothing(operator: keyof typeof signs, numbers: readonly number[]): boolean {
  return (operator === '*' || operator === '/') && numbers.every((value) => value === 1);
}

/** 0.22, or 0.1 .. 0.7 where layers differ. */
function spread(numbers: readonly number[]): string {
  const show = (value: number): string => String(Number(value.toPrecision(4)));
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  return low === high ? show(low) : `${show(low)} .. ${show(high)}`;
}
