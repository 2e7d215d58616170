// Takes: WGSL that multiplies subgroup matrices. Gives: WGSL that does the same in plain code, for devices without them.
// Promises: every invocation holds the whole of each matrix its subgroup shares; operands are halves, sums are f32.

const type = /subgroup_matrix_(?:left|right|result)<f\d+, (\d+), (\d+)>/;

/** A matrix of the text is a number: where its elements begin in `held`, row by row. All of a module are of one size. */
export function withoutMatrices(code: string): string {
  const [, K = '', M = ''] = /subgroup_matrix_left<f16, (\d+), (\d+)>/.exec(code) ?? [];
  const [, N = ''] = /subgroup_matrix_right<f16, (\d+), \d+>/.exec(code) ?? [];
  if (M === '' || N === '') return code;
  const size = Math.max(Number(M) * Number(N), Number(M) * Number(K), Number(K) * Number(N));
  const functions = new Map<string, string>();
  let count = 0;
  const loads = new RegExp(`subgroupMatrixLoad<${type.source}, (row_major|col_major)>\\(&(\\w+), `, 'g');
  const text = code
    .replace(/^(enable chromium|diagnostic).*\n/gm, '')
    .replace(loads, (_, columns: string, rows: string, order: string, memory: string) => {
      const name = `load_${rows}_${columns}_${order}_${memory}`;
      functions.set(name, loadText(name, memory, rows, columns, order));
      return `${name}(${count++ * size}u, `;
    })
    .replace(/subgroupMatrixStore<row_major>\(&(\w+), /g, (_, memory: string) => {
      functions.set(`store_${memory}`, storeText(memory, M, N));
      return `store_${memory}(`;
    })
    .replaceAll('subgroupMatrixMultiplyAccumulate(', 'multiply(')
    .replaceAll(new RegExp(`: ${type.source}`, 'g'), () => ` = ${count++ * size}u`)
    .replace(/( *)let wg = /, '$1zero = lane >> 31u;\n$1let wg = ');
  const memory = `var<private> held: array<f32, ${count * size}>;\nvar<private> zero: u32;`;
  return [text, memory, ...functions.values(), multiplyText(M, N, K)].join('\n');
}

/** Loops whose length a driver does not know are not unrolled. */
const loop = (name: string, size: string): string => `for (var ${name} = 0u; ${name} < ${size}u + zero; ${name}++)`;

/** From octets of halves. */
function loadText(name: string, memory: string, rows: string, columns: string, order: string): string {
  const [slow, fast] = order === 'row_major' ? ['r', 'c'] : ['c', 'r'];
  return `fn ${name}(m: u32, offset: u32, stride: u32) -> u32 {
  ${loop('r', rows)} {
    ${loop('c', columns)} {
      let at = (offset + ${slow} * stride) * 8u + ${fast};
      held[m + r * ${columns}u + c] = unpack2x16float(${memory}[at / 8u][at / 2u % 4u])[at % 2u];
    }
  }
  return m;
}`;
}

/** Into a tensor of f32, or into workgroup memory of octets as the bits of f32. */
function storeText(memory: string, M: string, N: string): string {
  const value = `held[m + r * ${N}u + c]`;
  const store = /^t\d+$/.test(memory)
    ? `${memory}[offset + r * stride + c] = ${value};`
    : `let at = (offset + r * stride) * 4u + c; ${memory}[at / 4u][at % 4u] = bitcast<u32>(${value});`;
  return `fn store_${memory}(offset: u32, m: u32, stride: u32) {
  ${loop('r', M)} { ${loop('c', N)} { ${store} } }
}`;
}

function multiplyText(M: string, N: string, K: string): string {
  return `fn multiply(a: u32, b: u32, m: u32) -> u32 {
  ${loop('r', M)} {
    ${loop('c', N)} {
      var sum = held[m + r * ${N}u + c];
      ${loop('k', K)} { sum = fma(held[a + r * ${K}u + k], held[b + k * ${N}u + c], sum); }
      held[m + r * ${N}u + c] = sum;
    }
  }
  return m;
}`;
}
