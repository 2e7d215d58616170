// Takes: a size. Gives: an ONNX model of one product of square f32 matrices, c = a b.
// Promises: the fields of onnx.proto3 that are needed and no others (protobuf: key = number * 8 + wire type).

const varint = (value: number): number[] => (value < 128 ? [value] : [(value % 128) + 128, ...varint(value >> 7)]);

const number = (field: number, value: number): number[] => [...varint(field * 8), ...varint(value)];
const bytes = (field: number, value: readonly number[]): number[] => [...varint(field * 8 + 2), ...varint(value.length), ...value]; // prettier-ignore
const text = (field: number, value: string): number[] => bytes(field, [...Buffer.from(value)]);

const float = 1;

/** ValueInfoProto: name, TypeProto.tensor_type { elem_type, shape { dim { dim_value } } } */
function tensor(name: string, size: number): number[] {
  const dim = bytes(1, number(1, size));
  const type = bytes(1, [...number(1, float), ...bytes(2, [...dim, ...dim])]);
  return [...text(1, name), ...bytes(2, type)];
}

/** ModelProto: ir_version, graph { node, name, input, output }, opset_import { version } */
export function onnxMatmul(size: number): Uint8Array {
  const node = [...text(1, 'a'), ...text(1, 'b'), ...text(2, 'c'), ...text(4, 'MatMul')];
  const graph = [
    ...bytes(1, node),
    ...text(2, 'matmul'),
    ...bytes(11, tensor('a', size)),
    ...bytes(11, tensor('b', size)),
    ...bytes(12, tensor('c', size)),
  ];
  return Uint8Array.from([...number(1, 8), ...bytes(7, graph), ...bytes(8, number(2, 17))]);
}
