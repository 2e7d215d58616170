// Takes: the losses of a train block and what they are for. Gives: nothing; faults are reported.
// Promises: E10: what a loss predicts and what the masks show fit; a loss has what it needs: a teacher, a reward, experts.
import { fail, type Section } from '../evaluate/section.ts';
import type { BlockExpr, DataBlock, LossSpec, LossTerm, Model, RewardSpec, RouterSpec, StartSpec, TeacherSpec } from '../model.ts'; // prettier-ignore
import { acausalMixer, eachPart, isCausal, maskOf, mixersOf } from '../resolve/parts.ts';
import { Stop } from '../evaluate/section.ts';
import type { Applied } from './applied.ts';

/** What a loss predicts from what. */
const predicts: { readonly [K in LossSpec['kind']]: 'next' | 'masked' | 'towers' | null } = {
  ce: 'next',
  z_loss: null,
  router_z_loss: null,
  mtp: 'next',
  balance: null,
  kd: null,
  masked_diffusion: 'masked',
  contrastive: 'towers',
  dpo: 'next',
  grpo: 'next',
  mse: null,
};

export interface LossNeeds {
  readonly loss: readonly LossTerm[];
  readonly teacher: TeacherSpec | null;
  readonly reward: RewardSpec | null;
  readonly init: readonly StartSpec[];
  /** Of the block's data, when it is a block of the file. */
  readonly data: DataBlock | null;
}

/** @throws Stop */
export function checkLoss(section: Section, needs: LossNeeds, applied: Applied): void {
  const { loss } = needs;
  if (applied.towers !== null) return checkTowers(section, loss, applied.name);
  if (applied.model === null) return;
  for (const { loss: each, span } of loss) {
    checkMask(section, each, span, applied, applied.model);
    checkNeeds(section, each, span, needs, applied.model);
  }
  checkUsed(section, needs);
  checkCrossing(section, needs);
}

function checkTowers(section: Section, loss: readonly LossTerm[], name: string): void {
  const wrong = loss.find(({ loss: { kind } }) => predicts[kind] !== 'towers');
  if (wrong === undefined) return;
  const expected = `contrastive, since ${name} is a model of towers`;
  fail(section, 'wrong-type', wrong.span, { key: 'train.loss', expected, found: `\`${wrong.loss.kind}\`` });
}

/** E10. A stage behind one that a variant changed may be meant for the base alone: then it is left out, silently. */
function checkMask(section: Section, { kind }: LossSpec, span: LossTerm['span'], applied: Applied, model: Model): void {
  const aim = predicts[kind];
  const mixer = aim === 'next' ? acausalMixer(model) : aim === 'masked' ? causalMixer(model) : null;
  if (mixer === null || (aim !== 'next' && aim !== 'masked')) return;
  if (applied.mayDiffer) throw new Stop('loss-mask');
  const fix = `${mixer}.mask = ${aim === 'next' ? 'causal' : 'full'}, or another loss`;
  fail(section, 'loss-mask', span, { model: model.name, mixer, loss: kind, aim }, { fix });
}

/** A mixer in which a token sees only those before it. */
export function causalMixer(model: Model): string | null {
  return [...mixersOf(model)].find(([, spec]) => isCausal(maskOf(spec)))?.[0] ?? null;
}

/** Every router of a model. */
function routersOf(model: Model): RouterSpec[] {
  const routers: RouterSpec[] = [];
  eachPart(model, (expr: BlockExpr) => {
    if ((expr.kind === 'ffn' || expr.kind === 'mixer') && expr.spec.kind === 'experts') routers.push(expr.spec.router);
  });
  return routers;
}

function checkNeeds(section: Section, loss: LossSpec, span: LossTerm['span'], needs: LossNeeds, model: Model): void {
  const need = (key: string, owner: string, fix: string): never =>
    fail(section, 'missing-key', span, { key, owner }, { fix });
  const { kind } = loss;
  if ((kind === 'kd' || kind === 'mse') && needs.teacher === null)
    need('teacher', `the loss ${kind}`, 'teacher = hf("...")');
  if (kind === 'grpo' && needs.reward === null) need('reward', 'the loss grpo', 'reward = verifier("math")');
  if (kind === 'mtp' && model.mtp === null) need('mtp', `the loss mtp: model ${model.name}`, 'mtp depth = 1 { ... } in the model'); // prettier-ignore
  if (kind === 'router_z_loss' && routersOf(model).length === 0) need('router', `the loss router_z_loss: model ${model.name}`, 'leave it out'); // prettier-ignore
  if (kind === 'balance' && !routersOf(model).some(({ balance }) => balance.length > 0)) {
    need('router.balance', `the loss balance: model ${model.name}`, 'balance = aux(coef = 1e-2) in a router');
  }
  if (kind === 'masked_diffusion' && loss.maskToken >= model.vocab) {
    const args = {
      key: 'train.loss: mask_token',
      value: loss.maskToken,
      range: `below the vocab ${model.vocab} of ${model.name}`,
    };
    fail(section, 'out-of-range', span, args);
  }
  if (kind === 'ce' && typeof loss.ignore === 'string') checkToken(section, loss.ignore, span, needs.data);
}

/** `pad` is `<|pad|>` or `<pad>` among the special tokens of the data. */
function checkToken(section: Section, word: string, span: LossTerm['span'], data: DataBlock | null): void {
  const tokenizer = data?.tokenizer ?? null;
  if (tokenizer === null || !('special' in tokenizer)) return;
  const { special } = tokenizer;
  if (special.some((each) => each.toLowerCase().replace(/[^a-z0-9_]/g, '') === word.toLowerCase())) return;
  const fix = special.length === 0 ? 'special = ["<|pad|>"] in the tokenizer' : `special tokens: ${special.join(', ')}`;
  fail(section, 'unknown-name', span, { name: word }, { fix });
}

function checkUsed(section: Section, { loss, teacher, reward, init }: LossNeeds): void {
  const kinds = loss.map(({ loss: { kind } }) => kind);
  const span = (key: string): Section['span'] => section.body.keys.get(key)?.span ?? section.span;
  const copies = init.some(({ start }) => start.kind === 'copy' && start.from === 'teacher');
  if (teacher !== null && !copies && !kinds.some((kind) => kind === 'kd' || kind === 'mse')) {
    fail(
      section,
      'unused-name',
      span('teacher'),
      { name: 'teacher' },
      { fix: 'loss = kd, or init { ... = copy(teacher, ...) }' },
    );
  }
  if (reward !== null && !kinds.some((kind) => kind === 'grpo' || kind === 'dpo')) {
    fail(section, 'unused-name', span('reward'), { name: 'reward' }, { fix: 'loss = grpo(...)' });
  }
}

/** E11 */
function checkCrossing(section: Section, { loss, data }: LossNeeds): void {
  const pack = data?.pack ?? null;
  const crossing = loss.find(({ loss: { kind } }) => kind === 'ce' || kind === 'mtp');
  if (data === null || pack === null || crossing === undefined || pack.attendAcross || pack.labels === 'within') return;
  const message = `labels of ${crossing.loss.kind} cross documents: data ${data.name} is packed with labels = across, but a token does not see the document before its own`; // prettier-ignore
  const fix = 'labels = within, or attend_across = true';
  const span = section.body.keys.get('data')?.span ?? crossing.span;
  fail(section, 'label-crossing', span, { message }, { fix, notes: [{ message: 'packed here', span: data.span }] });
}
