// Takes: the parameters of a model. Gives: Python that starts each as the model says.
// Promises: total over the kinds of starts; layers that start alike are one line.
import type { Init } from '../../../2-check/model.ts';
import type { Parameter } from '../../../2-check/parameters/parameter.ts';
import { invariant } from '../../../diagnostics.ts';
import { float } from '../python/python.ts';

/** Names that differ by the layer alone, `layers.*.attn.q.weight`; patterns of Python's fnmatch. */
export function namePatterns(names: readonly string[], all: readonly string[]): string[] {
  const general = (name: string): string => name.replace(/^layers\.\d+\./, 'layers.*.');
  const chosen = new Set(names);
  const isWhole = new Map<string, boolean>();
  for (const name of all) isWhole.set(general(name), (isWhole.get(general(name)) ?? true) && chosen.has(name));
  return [...new Set(names.map((name) => (isWhole.get(general(name)) ? general(name) : name)))];
}

type InitOf<K extends Init['kind']> = Extract<Init, { readonly kind: K }>;

const start: { readonly [K in Init['kind']]: (init: InitOf<K>) => string } = {
  normal: ({ std }) => `lambda p: nn.init.normal_(p, std=${float(std)})`,
  trunc_normal: ({ std, cut }) =>
    `lambda p: nn.init.trunc_normal_(p, std=${float(std)}, a=${float(-cut * std)}, b=${float(cut * std)})`,
  uniform: ({ bound }) => `lambda p: nn.init.uniform_(p, ${float(-bound)}, ${float(bound)})`,
  constant: ({ value }) => (value === 0 ? 'nn.init.zeros_' : value === 1 ? 'nn.init.ones_' : `lambda p: nn.init.constant_(p, ${float(value)})`), // prettier-ignore
  log_range: ({ count }) =>
    `lambda p: p.copy_(torch.arange(p.numel(), device=p.device).remainder(${count}).add(1).float().log().view(p.shape))`,
  step_size: ({ min, max, floor }) =>
    `lambda p: p.uniform_(${float(Math.log(min))}, ${float(Math.log(max))}).exp_().clamp_(min=${float(floor)}).expm1_().log_()`,
  copy: ({ from, part }) => invariant(false, `a start from ${part} of ${from}`) as never,
};

function startText(init: Init): string {
  // The row of the start's own kind.
  return (start[init.kind] as (init: Init) => string)(init);
}

/** `STARTS`: pairs of a function and the names it starts; and the function that runs them. */
export function startsText(parameters: readonly Parameter[]): string {
  const byInit = new Map<string, string[]>();
  for (const { name, init } of parameters) byInit.set(startText(init), [...(byInit.get(startText(init)) ?? []), name]);
  const all = parameters.map(({ name }) => name);
  const entries = [...byInit].map(([init, names]) => {
    const patterns = namePatterns(names, all).map((pattern) => `        "${pattern}",`);
    return ['    (', `        ${init},`, ...patterns, '    ),'].join('\n');
  });
  return `STARTS = (
${entries.join('\n')}
)


@torch.no_grad()
def start(model: nn.Module) -> None:
    """Draws every parameter as the model says, sharded or not."""
    for name, parameter in model.named_parameters():
        for draw, *patterns in STARTS:
            if any(fnmatch(name, pattern) for pattern in patterns):
                draw(parameter)
                break
        else:
            raise KeyError(name)`;
}
