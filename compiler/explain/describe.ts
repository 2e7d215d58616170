// Takes: a mixer, a feed-forward, a mask. Gives: one line each, as a researcher says it.
// Promises: one rule per kind; what is usual is not said.
import { maskText } from '../2-check/canonical/tree.ts';
import type { AlibiSpec, FfnSpec, GateSpec, GluSpec, GqaSpec, MixerSpec, OutputNormSpec, RopeSpec, RouterSpec } from '../2-check/model.ts'; // prettier-ignore
import { actName } from '../2-check/parameters/activations.ts';
import { number } from './numbers.ts';

type MixerOf<K extends MixerSpec['kind']> = Extract<MixerSpec, { readonly kind: K }>;
type FfnOf<K extends FfnSpec['kind']> = Extract<FfnSpec, { readonly kind: K }>;
type Words = readonly (string | null)[];

export function describeMixer(spec: MixerSpec): string {
  // The row of the spec's own kind.
  const rule = mixers[spec.kind] as (spec: MixerSpec) => Words;
  return joined(rule(spec));
}

export function describeFfn(spec: FfnSpec): string {
  // The row of the spec's own kind.
  const rule = ffns[spec.kind] as (spec: FfnSpec) => Words;
  return joined(rule(spec));
}

const joined = (words: Words): string => words.filter((word) => word !== null).join(', ');
const when = (said: boolean, word: string): string | null => (said ? word : null);

const mixers: { readonly [K in MixerSpec['kind']]: (spec: MixerOf<K>) => Words } = {
  gqa(spec) {
    const { heads, kvHeads, headDim, vDim, qkNorm, softcap, kvFrom, kvShare, sink, gate, diff, outNorm, clipQkv } =
      spec;
    const kind = kvHeads === heads ? 'mha' : kvHeads === 1 ? 'mqa' : 'gqa';
    return [
      `${kind} ${heads}/${kvHeads} heads of ${headDim}`,
      when(vDim !== headDim, `values of ${vDim}`),
      maskText(spec.mask),
      describePositions(spec),
      when(scaleDiffers(spec.scale, headDim), `scale ${number(spec.scale)}`),
      qkNorm === null ? null : `qk norm ${qkNorm.kind} per ${qkNorm.per.replace('_', ' ')}`,
      softcap === null ? null : `softcap ${softcap}`,
      kvFrom === null ? null : `keys and values of layer ${kvFrom}`,
      when(kvShare, 'values are the keys'),
      sink === null ? null : `sink per ${sink.per}`,
      describeGate(gate),
      when(diff !== null, 'differences of pairs of heads'),
      outNorm === null ? null : `${outNorm.kind} norm of the heads`,
      clipQkv === null ? null : `q, k, v clipped at ${clipQkv}`,
      biases(spec),
    ];
  },
  mla({ heads, qRank, kvRank, nopeDim, ropeDim, vDim, scale, mask, rope, cache }) {
    return [
      `mla ${heads} heads of ${nopeDim} + ${ropeDim} rotated, values of ${vDim}`,
      `latents q ${qRank ?? 'none'}, kv ${kvRank}`,
      maskText(mask),
      rope === null ? 'no rope' : describeRope(rope, ropeDim),
      when(scaleDiffers(scale, nopeDim + ropeDim), `scale ${number(scale)}`),
      cache === 'latent' ? 'keeps the latent' : 'keeps keys and values',
    ];
  },
  mamba: ({ inner, state, conv, dtRank, innerNorm }) => [
    `mamba ${inner} channels, state ${state} each`,
    `conv ${conv}`,
    `dt rank ${dtRank}`,
    when(innerNorm !== null, 'norms of dt, B, C'),
  ],
  mamba2: ({ heads, headDim, state, groups, conv, chunk, out }) => [
    `mamba2 ${heads} heads of ${headDim}, state ${state}`,
    `B and C in ${groups} group${groups === 1 ? '' : 's'}`,
    `conv ${conv}`,
    `chunk ${chunk}`,
    describeOutput(out),
  ],
  gated_delta: ({ kHeads, vHeads, kDim, vDim, conv, chunk, qkNormEps, out }) => [
    `gated delta rule, ${kHeads} key heads of ${kDim}, ${vHeads} value heads of ${vDim}`,
    when(conv > 0, `conv ${conv}`),
    `chunk ${chunk}`,
    qkNormEps === null ? null : 'l2 norm of q and k',
    describeOutput(out),
  ],
  linear: ({ heads, headDim, feature, decay, outNorm, gate }) => [
    `linear attention ${heads} heads of ${headDim}`,
    `${feature} features`,
    decay.kind === 'none'
      ? 'no decay'
      : `decay ${number(decay.base)}^h${decay.depthScaled ? ' less in deeper layers' : ''}`,
    outNorm === null ? null : `${outNorm.kind} norm of the output`,
    describeGate(gate),
  ],
  rwkv7: ({ heads, headDim, decayRank, aRank, vRank, gRank, firstLayer }) => [
    `rwkv7 ${heads} heads of ${headDim}`,
    `ranks decay ${decayRank}, a ${aRank}, v ${vRank}, gate ${gRank}`,
    when(firstLayer, 'gives the first values'),
  ],
  conv: ({ width, conv }) => [`gated convolution ${width} channels, kernel ${conv}`],
  rg_lru: ({ width, heads, conv }) => [`rg-lru ${width} channels, gates in ${heads} blocks`, `conv ${conv}`],
  experts: ({ n, topK, shared, expert, router }) => [
    `${topK} of ${n} mixers${shared === 0 ? '' : ` + ${shared} shared`}: each ${describeMixer(expert)}`,
    ...describeRouter(router),
  ],
};

const ffns: { readonly [K in FfnSpec['kind']]: (spec: FfnOf<K>) => Words } = {
  mlp: ({ act, width, norm, up, down }) => [
    `mlp ${actName(act)} width ${width}`,
    norm === null ? null : `${norm.kind} norm before down`,
    when(up.bias || down.bias, 'bias'),
  ],
  glu: (spec) => [`glu ${actName(spec.act)} width ${spec.width}`, ...gluWords(spec)],
  channel_mix: ({ act, width }) => [`channel mix ${act} width ${width}`],
  experts: ({ n, topK, expert, shared, router }) => [
    `${topK} of ${n} experts, each ${describeFfn(expert)}`,
    shared === null ? null : `shared ${describeFfn(shared.expert)}${shared.gate === null ? '' : ' with a gate'}`,
    ...describeRouter(router),
  ],
};

function gluWords({ clamp, upOffset, norm, up, down, gate }: GluSpec): Words {
  return [
    clamp === null ? null : `clamp ${clamp}`,
    upOffset === 0 ? null : `up + ${upOffset}`,
    norm === null ? null : `${norm.kind} norm before down`,
    when(up.bias || down.bias || gate.bias, 'bias'),
  ];
}

const selects: { readonly [K in RouterSpec['select']['kind']]: (s: Extract<RouterSpec['select'], { readonly kind: K }>) => string | null } = {
  token_choice: () => null,
  expert_choice: ({ capacity }) => `experts choose tokens, capacity ${capacity}`,
  sinkhorn: ({ iterations }) => `sinkhorn of ${iterations} rounds`,
  hash: () => 'chosen by a hash',
}; // prettier-ignore

function describeRouter(router: RouterSpec): Words {
  const { score, scoreOver, select, selectBias, groups, combine, capacity, balance } = router;
  const selection = selects[select.kind] as (select: RouterSpec['select']) => string | null;
  const kinds = [...balance.map(({ kind }) => kind), ...(selectBias === null ? [] : ['bias'])];
  return [
    `${score} router${scoreOver === 'chosen' ? ' over the chosen' : ''}`,
    selection(select),
    groups === null ? null : `${groups.top} of ${groups.n} groups`,
    combine.normalize === null ? null : 'weights normalised',
    combine.scale === 1 ? null : `times ${number(combine.scale)}`,
    capacity === null ? null : `capacity ${capacity.factor}`,
    kinds.length === 0 ? 'not balanced' : `balanced by ${kinds.join(' + ')}`,
  ];
}

/** Unlike head_dim^-0.5. */
function scaleDiffers(scale: number, headDim: number): boolean {
  return Math.abs(scale * Math.sqrt(headDim) - 1) > 1e-6;
}

function biases(spec: GqaSpec): string | null {
  const names = (['q', 'k', 'v', 'o'] as const).filter((name) => spec[name].bias);
  return names.length === 0 ? null : `bias ${names.join('')}`;
}

function describePositions({ rope, alibi, headDim }: GqaSpec): string {
  const words = [rope === null ? null : describeRope(rope, headDim), alibi === null ? null : describeAlibi(alibi)];
  const said = words.filter((word) => word !== null);
  return said.length === 0 ? 'no rope' : said.join(' and ');
}

/** The usual slopes end at 2^-8. */
function describeAlibi({ maxBias, scaled, round }: AlibiSpec): string {
  const words = [maxBias === 8 ? null : `max bias ${maxBias}`, when(scaled, 'scaled'), round === null ? null : `in ${round}`]; // prettier-ignore
  const said = words.filter((word) => word !== null);
  return said.length === 0 ? 'alibi' : `alibi (${said.join(', ')})`;
}

function describeGate(gate: GateSpec | null): string | null {
  return gate === null ? null : `${gate.act} gate per ${gate.per}`;
}

function describeOutput(out: OutputNormSpec | null): string | null {
  if (out === null) return null;
  const norm = `${out.norm.kind} norm per ${out.per}`;
  if (out.gate === 'none') return norm;
  return out.order === 'gate_then_norm' ? `${out.gate} gate then ${norm}` : `${norm} then ${out.gate} gate`;
}

function describeRope(rope: RopeSpec, headDim: number): string {
  const partial = rope.dim === headDim ? '' : ` on ${rope.dim} dims`;
  const pairing = rope.pairing === 'half' ? '' : ' interleaved';
  const scaling = rope.scaling.kind === 'none' ? '' : ` ${rope.scaling.kind} x${rope.scaling.factor}`;
  return `rope ${rope.theta}${partial}${pairing}${scaling}`;
}
