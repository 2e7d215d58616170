// Takes: WGSL that multiplies subgroup matrices. Gives: WGSL that does the same in plain code, for devices without them.
// Promises: an invocation sums some rows of each matrix its subgroup shares; operands are halves, sums are f32.

const type = /subgroup_matrix_(left|right|result)<f\d+, (\d+), (\d+)>/;

/**
 * A matrix of the text is a number: where its elements begin in `held`, row by row. All of a module are of one size. `lanes`:
 * invocations of a subgroup; of left factors and sums each writes rows `own`, `own + lanes`, ..., of right ones all: so none
 * waits for another. In workgroup memory, since drivers look for an element of a private array one by one.
 */
export function withoutMatrices(code: string, lanes: number): string {
  const [, K = '', M = ''] = /subgroup_matrix_left<f16, (\d+), (\d+)>/.exec(code) ?? [];
  const [, N = ''] = /subgroup_matrix_right<f16, (\d+), \d+>/.exec(code) ?? [];
  if (M === '' || N === '') return code;
  const size = Math.max(Number(M) * Number(N), Number(M) * Number(K), Number(K) * Number(N));
  const functions = new Map<string, string>();
  let count = 0;
  const loads = new RegExp(`subgroupMatrixLoad<${type.source}, (row_major|col_major)>\\(&(\\w+), `, 'g');
  const text = code
    .replace(/^(enable chromium|diagnostic).*\n/gm, '')
    .replace(loads, (_, side: string, columns: string, rows: string, order: string, memory: string) => {
      const name = `load_${side}_${order}_${memory}`;
      functions.set(
        name,
        loadText(name, memory, side === 'left' ? ownRows(rows, lanes) : loop('r', rows), columns, order),
      );
      return `${name}(${count++ * size}u, `;
    })
    .replace(/subgroupMatrixStore<row_major>\(&(\w+), /g, (_, memory: string) => {
      functions.set(`store_${memory}`, storeText(memory, ownRows(M, lanes), N));
      return `store_${memory}(`;
    })
    .replaceAll('subgroupMatrixMultiplyAccumulate(', 'multiply(')
    .replaceAll(new RegExp(`: ${type.source}`, 'g'), () => ` = ${count++ * size}u`)
    .replace(/( *)let wg = /, (_, indent: string) => `${indent}zero = workgroup.x >> 31u;\n${indent}own = lane % ${lanes}u;\n${indent}base = lane / ${lanes}u * ${count * size}u;\n${indent}let wg = `); // prettier-ignore
  const subgroups = Number(/@workgroup_size\((\d+)\)/.exec(code)?.[1]) / lanes;
  const memory = `var<workgroup> held: array<f32, ${subgroups * count * size}>;\nvar<private> zero: u32;\nvar<private> own: u32;\nvar<private> base: u32;`;
  return [text, memory, ...functions.values(), multiplyText(ownRows(M, lanes), N, K)].join('\n');
}

/** Loops whose length a driver does not know are not unrolled. */
const loop = (name: string, size: string): string => `for (var ${name} = 0u; ${name} < ${size}u + zero; ${name}++)`;

const ownRows = (rows: string, lanes: number): string => `for (var r = own; r < ${rows}u + zero; r += ${lanes}u)`;

/** From octets of halves. */
function loadText(name: string, memory: string, rows: string, columns: string, order: string): string {
  const [slow, fast] = order === 'row_major' ? ['r', 'c'] : ['c', 'r'];
  return `fn ${name}(m: u32, offset: u32, stride: u32) -> u32 {
  ${rows} {
    ${loop('c', columns)} {
      let at = (offset + ${slow} * stride) * 8u + ${fast};
      held[base + m + r * ${columns}u + c] = unpack2x16float(${memory}[at / 8u][at / 2u % 4u])[at % 2u];
    }
  }
  return m;
}`;
}

/** Into a tensor of f32, or into workgroup memory of octets as the bits of f32. */
function storeText(memory: string, rows: string, N: string): string {
  const value = `held[base + m + r * ${N}u + c]`;
  const store = /^t\d+$/.test(memory)
    ? `${memory}[offset + r * stride + c] = ${value};`
    : `let at = (offset + r * stride) * 4u + c; ${memory}[at / 4u][at % 4u] = bitcast<u32>(${value});`;
  return `fn store_${memory}(offset: u32, m: u32, stride: u32) {
  ${rows} { ${loop('c', N)} { ${store} } }
}`;
}

function multiplyText(rows: string, N: string, K: string): string {
  return `fn multiply(a: u32, b: u32, m: u32) -> u32 {
  ${rows} {
    ${loop('c', N)} {
      var sum = held[base + m + r * ${N}u + c];
      ${loop('k', K)} { sum = fma(held[base + a + r * ${K}u + k], held[base + b + k * ${N}u + c], sum); }
      held[base + m + r * ${N}u + c] = sum;
    }
  }
  return m;
}`;
}
