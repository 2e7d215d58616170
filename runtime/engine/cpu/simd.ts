// Takes: nothing. Gives: which vector instructions WebAssembly has here.
// Promises: asked of the engine itself, by modules of one function each.

/** A function without parameters that runs the instructions and drops its result, a vector. */
function moduleOf(instructions: readonly number[]): Uint8Array<ArrayBuffer> {
  const body = [0x00, ...instructions, 0x1a, 0x0b]; // no locals; drop, end
  const header = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]; // magic, version
  const types = [0x01, 0x04, 0x01, 0x60, 0x00, 0x00]; // func [] -> []
  const functions = [0x03, 0x02, 0x01, 0x00]; // one, of type 0
  const code = [0x0a, body.length + 2, 0x01, body.length, ...body];
  return new Uint8Array([...header, ...types, ...functions, ...code]);
}

const zeros = [0x41, 0x00, 0xfd, 0x0f]; // i32.const 0, i8x16.splat

export function hasSimd(): boolean {
  return WebAssembly.validate(moduleOf(zeros));
}

/** Multiply-add in one instruction: f32x4.relaxed_madd. */
export function hasRelaxedSimd(): boolean {
  return WebAssembly.validate(moduleOf([...zeros, ...zeros, ...zeros, 0xfd, 0x85, 0x02]));
}
