// Takes: Dawn's entry point and the kind of adapter wanted.
// Gives: the adapter to use, and what to say of it.
// Promises: an adapter that runs on the CPU is never called hardware.

export type AdapterKind = 'hardware' | 'software';

export interface AdapterSummary {
  readonly name: string;
  readonly kind: AdapterKind;
  /** Driver and version, e.g. `Mesa 25.0.7, LLVM 15`; empty where the platform does not tell. */
  readonly driver: string;
}

/** What Dawn tells of an adapter. */
export interface AdapterText {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  readonly isFallbackAdapter: boolean;
}

export async function findAdapter(gpu: GPU, kind: AdapterKind): Promise<GPUAdapter | null> {
  // In this order for both kinds: Dawn finds no fallback adapter when it is asked for one first.
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter || summarize(adapter.info).kind === kind) return adapter;
  if (kind === 'hardware') return null;
  // Some drivers answer with the hardware again.
  const fallback = await gpu.requestAdapter({ forceFallbackAdapter: true });
  return fallback && summarize(fallback.info).kind === kind ? fallback : null;
}

const softwareNames = /llvmpipe|lavapipe|swiftshader|softpipe|basic render|\bcpu\b|\bsoftware\b/i;

export function summarize(info: AdapterText): AdapterSummary {
  const text = [info.vendor, info.architecture, info.device, info.description].join(' ');
  const kind = info.isFallbackAdapter || softwareNames.test(text) ? 'software' : 'hardware';
  return { name: adapterName(info, text), kind, driver: driverOf(info.description) };
}

export function describeAdapter(summary: AdapterSummary): string {
  const details = [summary.kind === 'software' ? 'software' : '', summary.driver].filter((detail) => detail !== '');
  return `adapter: ${summary.name}${details.length > 0 ? ` (${details.join(', ')})` : ''}`;
}

function adapterName(info: AdapterText, text: string): string {
  if (/llvmpipe/i.test(text)) return 'llvmpipe';
  if (/swiftshader/i.test(text)) return 'SwiftShader';
  const name = (info.device || info.architecture || info.vendor || 'unknown').replaceAll('-', ' ');
  return name.replace(/\b(nvidia|amd|intel|apple)\b/gi, (vendor) => properNames[vendor.toLowerCase()] ?? vendor);
}

const properNames: Readonly<Record<string, string>> = { nvidia: 'NVIDIA', amd: 'AMD', intel: 'Intel', apple: 'Apple' };

/** `llvmpipe: Mesa 25.0.7-2~bpo12+1 (LLVM 15.0.6) 0.0.1` -> `Mesa 25.0.7, LLVM 15`. */
function driverOf(description: string): string {
  const mesa = /Mesa ([\d.]+)/.exec(description)?.[1];
  const llvm = /LLVM (\d+)/.exec(description)?.[1];
  if (mesa) return llvm ? `Mesa ${mesa}, LLVM ${llvm}` : `Mesa ${mesa}`;
  const [name, version] = description.split(':', 2).map((part) => part.trim());
  if (!version) return description.trim();
  const number = /\d+(\.\d+)+/.exec(version)?.[0];
  return number ? `${name ?? ''} ${number}`.trim() : description.trim();
}
