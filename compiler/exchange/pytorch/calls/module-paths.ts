// Takes: a forward graph and its model. Gives: which paths are modules, and the module that a node belongs to.
// Promises: a module owns parameters and stands for a computation: the ends, layers, their parts, what nodes are named after,
// and every linear map.
import type { Model } from '../../../2-check/model.ts';
import { eachPart } from '../../../2-check/resolve/parts.ts';
import type { Graph, Node, NodeOf } from '../../../3-graph/ops.ts';

export interface ModulePaths {
  /** The module that computes the node. */
  readonly of: (node: Node) => string;
  /** The module that calls this one. */
  readonly caller: (path: string) => string;
  /** Whether each call of the module is told apart: mixers, ffns and norms of layers, and what is in them. */
  readonly isPart: (path: string) => boolean;
}

export function modulePaths(graph: Graph, model: Model): ModulePaths {
  const sources = graph.nodes.filter((node) => node.op === 'source');
  const names = new Set<string>();
  eachPart(model, (expr) => {
    if (expr.kind === 'norm') names.add(expr.instance);
    else if (expr.kind === 'mixer' || expr.kind === 'ffn') names.add(expr.name);
  });
  const layers = model.layers.map(({ index }) => `layers.${index}`);
  const parts = new Set(layers.flatMap((layer) => [...names].map((name) => `${layer}.${name}`)));
  const firsts = new Set([...parts].map(partOf));
  const owning = new Set(sources.flatMap(({ attrs }) => prefixes(attrs.name)));
  const named = new Set([...graph.nodes.map(({ origin }) => origin.path), ...layers, ...parts]);
  const computing = new Set(['', ...[...named].filter((path) => owning.has(path))]);
  const unnamed = unnamedMaps(graph, sources, computing);
  const all = new Set([...computing, ...unnamed]);
  const others = pathsWithMore(sources);
  const isMap = (path: string): boolean => path.split('.').length > 3 && !others.has(path) && !parts.has(path);
  return {
    of(node) {
      const map = node.inputs.map(ownerOf).find((path) => path !== null && unnamed.has(path));
      if (map !== undefined && map !== null) return map;
      const path = longest(all, node.origin.path);
      // What the path of a linear map does besides is its part's.
      return isMap(path) && !readsWeightOf(node, path) ? longest(all, parentPath(path)) : path;
    },
    // A norm `rms.mix` is a part of its layer, also where there is a norm `rms`.
    caller: (path) => longest(all, parts.has(path) ? layerOf(path) : parentPath(path)),
    isPart: (path) => firsts.has(partOf(path)),
  };
}

/** `layers.0.attn` of `layers.0.attn.q`. */
const partOf = (path: string): string => path.split('.').slice(0, 3).join('.');
const layerOf = (path: string): string => path.split('.').slice(0, 2).join('.');
const parentPath = (path: string): string => path.split('.').slice(0, -1).join('.');

function longest(paths: ReadonlySet<string>, path: string): string {
  return paths.has(path) || path === '' ? path : longest(paths, parentPath(path));
}

/** Null: no parameter. */
function ownerOf(node: Node): string | null {
  return node.op === 'source' && node.attrs.role === 'parameter' ? parentPath(node.attrs.name) : null;
}

/** Linear maps of which no node has the path: `embed.project`. */
function unnamedMaps(
  graph: Graph,
  sources: readonly NodeOf<'source'>[],
  named: ReadonlySet<string>,
): ReadonlySet<string> {
  // prettier-ignore
  const others = pathsWithMore(sources);
  const maps = graph.nodes.flatMap((node) => {
    const path = node.op === 'contract' && node.inputs[1] ? ownerOf(node.inputs[1]) : null;
    const isOwn = path !== null && path.startsWith(`${node.origin.path}.`);
    return isOwn && !named.has(path) && !others.has(path) ? [path] : [];
  });
  return new Set(maps);
}

/** Paths that hold something else than one weight and perhaps a bias. */
function pathsWithMore(sources: readonly NodeOf<'source'>[]): ReadonlySet<string> {
  return new Set(
    sources.flatMap(({ attrs }) => {
      const paths = prefixes(attrs.name);
      return /\.(weight|bias)$/.test(attrs.name) ? paths.slice(0, -1) : paths;
    }),
  );
}

const readsWeightOf = (node: Node, module: string): boolean =>
  node.inputs.some((input) => input.op === 'source' && input.attrs.name.startsWith(`${module}.`));

const prefixes = (name: string): string[] => name.split('.').map((_, i, all) => all.slice(0, i).join('.'));
