// Takes: nothing. Gives: the instructions of WebAssembly that kernels use: opcode, operands, result.
// Promises: opcodes as in the core specification 2.0 with SIMD, and of the relaxed-simd proposal.

export type ValueType = 'i32' | 'f32' | 'v128';

/** What follows the opcode: an address offset, the number of a lane, both, or the 16 bytes a shuffle picks. */
type Immediate = 'memory' | 'lane' | 'memory lane' | 'shuffle';

export interface Instruction {
  readonly code: readonly number[];
  readonly takes: readonly ValueType[];
  readonly gives: ValueType | null;
  readonly immediate?: Immediate;
  /** Bytes of memory touched, for its natural alignment. */
  readonly bytes?: number;
}

const types = { i: 'i32', f: 'f32', v: 'v128' } as const;

/** `form`: operands and result by first letter, e.g. `vv v`; no result: `iv`. */
function plain(code: number | readonly number[], form: string): Instruction {
  const [takes = '', gives = ''] = form.split(' ');
  const typeOf = (letter: string): ValueType => types[letter as keyof typeof types];
  return {
    code: typeof code === 'number' ? [code] : code,
    takes: takes.split('').map(typeOf),
    gives: gives === '' ? null : typeOf(gives),
  };
}

/** Opcodes of SIMD stand behind a prefix, as LEB128. */
const simd = (code: number, form: string): Instruction =>
  plain(code < 128 ? [0xfd, code] : [0xfd, (code & 127) | 128, code >> 7], form);

const lane = (code: number, form: string): Instruction => ({ ...simd(code, form), immediate: 'lane' });
const memory = (code: Instruction, bytes: number): Instruction => ({ ...code, immediate: 'memory', bytes });
const laneMemory = (code: number, form: string, bytes: number): Instruction => ({ ...simd(code, form), immediate: 'memory lane', bytes }); // prettier-ignore

export const instructions = {
  'i32.load': memory(plain(0x28, 'i i'), 4),
  'f32.load': memory(plain(0x2a, 'i f'), 4),
  'i32.load16_u': memory(plain(0x2f, 'i i'), 2),
  'i32.store': memory(plain(0x36, 'ii'), 4),
  'f32.store': memory(plain(0x38, 'if'), 4),
  'i32.store16': memory(plain(0x3b, 'ii'), 2),
  'i32.eqz': plain(0x45, 'i i'),
  'i32.eq': plain(0x46, 'ii i'),
  'i32.ne': plain(0x47, 'ii i'),
  'i32.lt_s': plain(0x48, 'ii i'),
  'i32.lt_u': plain(0x49, 'ii i'),
  'i32.gt_s': plain(0x4a, 'ii i'),
  'i32.gt_u': plain(0x4b, 'ii i'),
  'i32.le_s': plain(0x4c, 'ii i'),
  'i32.le_u': plain(0x4d, 'ii i'),
  'i32.ge_s': plain(0x4e, 'ii i'),
  'i32.ge_u': plain(0x4f, 'ii i'),
  'f32.eq': plain(0x5b, 'ff i'),
  'f32.ne': plain(0x5c, 'ff i'),
  'f32.lt': plain(0x5d, 'ff i'),
  'f32.gt': plain(0x5e, 'ff i'),
  'f32.le': plain(0x5f, 'ff i'),
  'f32.ge': plain(0x60, 'ff i'),
  'i32.add': plain(0x6a, 'ii i'),
  'i32.sub': plain(0x6b, 'ii i'),
  'i32.mul': plain(0x6c, 'ii i'),
  'i32.div_s': plain(0x6d, 'ii i'),
  'i32.div_u': plain(0x6e, 'ii i'),
  'i32.rem_s': plain(0x6f, 'ii i'),
  'i32.rem_u': plain(0x70, 'ii i'),
  'i32.and': plain(0x71, 'ii i'),
  'i32.or': plain(0x72, 'ii i'),
  'i32.xor': plain(0x73, 'ii i'),
  'i32.shl': plain(0x74, 'ii i'),
  'i32.shr_s': plain(0x75, 'ii i'),
  'i32.shr_u': plain(0x76, 'ii i'),
  'f32.abs': plain(0x8b, 'f f'),
  'f32.neg': plain(0x8c, 'f f'),
  'f32.floor': plain(0x8e, 'f f'),
  'f32.trunc': plain(0x8f, 'f f'),
  'f32.nearest': plain(0x90, 'f f'),
  'f32.sqrt': plain(0x91, 'f f'),
  'f32.add': plain(0x92, 'ff f'),
  'f32.sub': plain(0x93, 'ff f'),
  'f32.mul': plain(0x94, 'ff f'),
  'f32.div': plain(0x95, 'ff f'),
  'f32.min': plain(0x96, 'ff f'),
  'f32.max': plain(0x97, 'ff f'),
  'i32.trunc_sat_f32_s': plain([0xfc, 0], 'f i'),
  'i32.trunc_sat_f32_u': plain([0xfc, 1], 'f i'),
  'f32.convert_i32_s': plain(0xb2, 'i f'),
  'f32.convert_i32_u': plain(0xb3, 'i f'),
  'i32.reinterpret_f32': plain(0xbc, 'f i'),
  'f32.reinterpret_i32': plain(0xbe, 'i f'),
  'v128.load': memory(simd(0, 'i v'), 16),
  'v128.load16x4_u': memory(simd(4, 'i v'), 8),
  'v128.load32_splat': memory(simd(9, 'i v'), 4),
  'v128.load64_splat': memory(simd(10, 'i v'), 8),
  'v128.store': memory(simd(11, 'iv'), 16),
  'i8x16.shuffle': { ...simd(13, 'vv v'), immediate: 'shuffle' },
  'i8x16.swizzle': simd(14, 'vv v'),
  'i32x4.splat': simd(17, 'i v'),
  'f32x4.splat': simd(19, 'f v'),
  'i32x4.extract_lane': lane(27, 'v i'),
  'i32x4.replace_lane': lane(28, 'vi v'),
  'f32x4.extract_lane': lane(31, 'v f'),
  'f32x4.replace_lane': lane(32, 'vf v'),
  'i32x4.eq': simd(0x37, 'vv v'),
  'i32x4.ne': simd(0x38, 'vv v'),
  'i32x4.lt_s': simd(0x39, 'vv v'),
  'i32x4.lt_u': simd(0x3a, 'vv v'),
  'i32x4.gt_s': simd(0x3b, 'vv v'),
  'i32x4.gt_u': simd(0x3c, 'vv v'),
  'i32x4.le_s': simd(0x3d, 'vv v'),
  'i32x4.le_u': simd(0x3e, 'vv v'),
  'i32x4.ge_s': simd(0x3f, 'vv v'),
  'i32x4.ge_u': simd(0x40, 'vv v'),
  'f32x4.eq': simd(0x41, 'vv v'),
  'f32x4.ne': simd(0x42, 'vv v'),
  'f32x4.lt': simd(0x43, 'vv v'),
  'f32x4.gt': simd(0x44, 'vv v'),
  'f32x4.le': simd(0x45, 'vv v'),
  'f32x4.ge': simd(0x46, 'vv v'),
  'v128.not': simd(0x4d, 'v v'),
  'v128.and': simd(0x4e, 'vv v'),
  'v128.andnot': simd(0x4f, 'vv v'),
  'v128.or': simd(0x50, 'vv v'),
  'v128.xor': simd(0x51, 'vv v'),
  /** (where bits are 1, where they are 0, bits). */
  'v128.bitselect': simd(0x52, 'vvv v'),
  'v128.any_true': simd(0x53, 'v i'),
  'v128.load32_lane': laneMemory(0x56, 'iv v', 4),
  'v128.load64_lane': laneMemory(0x57, 'iv v', 8),
  'v128.store32_lane': laneMemory(0x5a, 'iv', 4),
  'v128.store64_lane': laneMemory(0x5b, 'iv', 8),
  'v128.load32_zero': memory(simd(0x5c, 'i v'), 4),
  'v128.load64_zero': memory(simd(0x5d, 'i v'), 8),
  'f32x4.floor': simd(0x68, 'v v'),
  'f32x4.trunc': simd(0x69, 'v v'),
  'f32x4.nearest': simd(0x6a, 'v v'),
  'i16x8.narrow_i32x4_u': simd(0x86, 'vv v'),
  'i32x4.abs': simd(0xa0, 'v v'),
  'i32x4.neg': simd(0xa1, 'v v'),
  'i32x4.all_true': simd(0xa3, 'v i'),
  'i32x4.bitmask': simd(0xa4, 'v i'),
  'i32x4.shl': simd(0xab, 'vi v'),
  'i32x4.shr_s': simd(0xac, 'vi v'),
  'i32x4.shr_u': simd(0xad, 'vi v'),
  'i32x4.add': simd(0xae, 'vv v'),
  'i32x4.sub': simd(0xb1, 'vv v'),
  'i32x4.mul': simd(0xb5, 'vv v'),
  'i32x4.min_s': simd(0xb6, 'vv v'),
  'i32x4.min_u': simd(0xb7, 'vv v'),
  'i32x4.max_s': simd(0xb8, 'vv v'),
  'i32x4.max_u': simd(0xb9, 'vv v'),
  'f32x4.abs': simd(0xe0, 'v v'),
  'f32x4.neg': simd(0xe1, 'v v'),
  'f32x4.sqrt': simd(0xe3, 'v v'),
  'f32x4.add': simd(0xe4, 'vv v'),
  'f32x4.sub': simd(0xe5, 'vv v'),
  'f32x4.mul': simd(0xe6, 'vv v'),
  'f32x4.div': simd(0xe7, 'vv v'),
  'f32x4.min': simd(0xe8, 'vv v'),
  'f32x4.max': simd(0xe9, 'vv v'),
  /** y < x ? y : x, and x < y ? y : x: one instruction of the machine; x where either is no number. */
  'f32x4.pmin': simd(0xea, 'vv v'),
  'f32x4.pmax': simd(0xeb, 'vv v'),
  'i32x4.trunc_sat_f32x4_s': simd(0xf8, 'v v'),
  'i32x4.trunc_sat_f32x4_u': simd(0xf9, 'v v'),
  'f32x4.convert_i32x4_s': simd(0xfa, 'v v'),
  'f32x4.convert_i32x4_u': simd(0xfb, 'v v'),
  /** x * y + z, rounded once or twice as the machine likes; feature `relaxed-simd`. */
  'f32x4.relaxed_madd': simd(0x105, 'vvv v'),
} satisfies Record<string, Instruction>;

export type InstructionName = keyof typeof instructions;
