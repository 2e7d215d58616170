// Takes: two checked models. Gives: how their parameters differ, and what a checkpoint of the first holds for the second.
// Promises: the rule of loading is that of checkpoints: equal name, equal shape.
import { elements } from '../../2-check/parameters/parameter.ts';
import { type AnyModel, parametersOf } from './subject.ts';

export interface NamedShape {
  readonly name: string;
  readonly shape: readonly number[];
}

export interface ParameterChanges {
  readonly added: readonly NamedShape[];
  readonly removed: readonly NamedShape[];
  readonly reshaped: readonly { readonly name: string; readonly a: readonly number[]; readonly b: readonly number[] }[];
  /** Which of B's parameters a checkpoint of A fills. */
  readonly loads: {
    readonly names: readonly string[];
    /** Parameters of B. */
    readonly total: number;
    /** Numbers in them. */
    readonly elements: number;
    readonly totalElements: number;
  };
}

interface Sized extends NamedShape {
  readonly elements: number;
}

export function parameterChanges(a: AnyModel, b: AnyModel): ParameterChanges {
  const [before, after] = [sizesOf(a), sizesOf(b)];
  const others = [...after.values()];
  const loaded = others.filter(({ name, shape }) => sameShape(before.get(name)?.shape, shape));
  return {
    added: others.filter(({ name }) => !before.has(name)).map(named),
    removed: [...before.values()].filter(({ name }) => !after.has(name)).map(named),
    reshaped: others.flatMap(({ name, shape }) => {
      const old = before.get(name);
      return old === undefined || sameShape(old.shape, shape) ? [] : [{ name, a: old.shape, b: shape }];
    }),
    loads: {
      names: loaded.map(({ name }) => name),
      total: others.length,
      elements: sum(loaded),
      totalElements: sum(others),
    },
  };
}

function sizesOf(model: AnyModel): ReadonlyMap<string, Sized> {
  const sized = parametersOf(model).map((parameter): Sized => {
    return { name: parameter.name, shape: parameter.dims.map(({ size }) => size), elements: elements(parameter) };
  });
  return new Map(sized.map((each) => [each.name, each]));
}

const named = ({ name, shape }: Sized): NamedShape => ({ name, shape });
const sum = (list: readonly Sized[]): number => list.reduce((total, each) => total + each.elements, 0);

function sameShape(a: readonly number[] | undefined, b: readonly number[]): boolean {
  return a !== undefined && a.length === b.length && a.every((size, i) => size === b[i]);
}
