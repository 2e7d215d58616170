// Takes: --json, --quick, --only. Gives: modelc's CPU target beside its peers, measured in one run on this machine.
// Promises: installs the peers here when they are missing, never in the project; exit code 1 when results disagree.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { simdCeiling } from '../../runtime/bench/simd-ceiling.ts';
import { type ContestantName, contestantNames, Player } from './contestants.ts';
import { type Measured, measure, type Turns } from './measure.ts';
import { agrees, printReport } from './print-report.ts';
import { reportOf } from './report.ts';
import type { WorkName } from './work.ts';

const usage = `Usage: npm run bench:cpu -- [--only WORK]... [--quick] [--json]

  --only WORK  matmul 512, matmul 1024, step or decode; may be given more than once
  --quick      fewer rounds: a look, not a figure to report
  --json       every run, as JSON on standard output
`;

/** A run of the software adapter takes seconds, so its turns end after one. */
const schedule: Record<WorkName, Turns> = {
  'matmul 512': { rounds: 9, runs: 8, ms: 150 },
  'matmul 1024': { rounds: 9, runs: 4, ms: 400 },
  step: { rounds: 7, runs: 2, ms: 1000 },
  decode: { rounds: 7, runs: 2, ms: 1000 },
};

const { values: options } = parseArgs({
  options: { only: { type: 'string', multiple: true }, quick: { type: 'boolean' }, json: { type: 'boolean' }, help: { type: 'boolean' } }, // prettier-ignore
});
const works = (Object.keys(schedule) as WorkName[]).filter((work) => options.only?.includes(work) ?? true);
if (options.help === true || works.length === 0) {
  process.stderr.write(usage);
  process.exit(options.help === true ? 0 : 1);
}

const progress = (line: string): void => {
  process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${line}` : '');
};

installPeers();
const machine = { ...describeMachine(), loadBefore: loadavg()[0], simdCeiling: simdCeiling() };
const { players, absent } = await openAll();
const measured: Measured[] = [];
for (const work of works) {
  const { rounds, ...turn } = schedule[work];
  measured.push(...(await measure(players, work, { ...turn, rounds: options.quick === true ? 2 : rounds }, progress)));
}
progress('');
const report = reportOf(measured);
const contestants = players.map(({ name, description }) => ({ name, description }));
if (options.json === true) {
  process.stdout.write(`${JSON.stringify({ machine, contestants, absent, ...report, measured }, null, 2)}\n`);
} else {
  const facts = contestants.map(({ name, description }) => `  ${name.padEnd(24)}${description}`);
  const faults = [...absent, ...measured.flatMap(({ fault }) => fault ?? [])];
  const head = `${machine.processor}, ${machine.threads} threads, ${machine.vectors} (WebAssembly: 128 bits); Node ${machine.node}; load ${machine.loadBefore?.toFixed(1)} before`; // prettier-ignore
  const ceiling = `multiply-add of 128 bits in registers: ${machine.simdCeiling.toFixed(1)} GFLOP/s a thread, which no WebAssembly can exceed`;
  process.stdout.write(`${[head, ceiling, ...facts, '', printReport(report), ...faults].join('\n')}\n`);
}
for (const player of players) player.stop();
process.exitCode = report.agreements.every(agrees) ? 0 : 1;

/** Scripts are not run: onnxruntime-node's would download CUDA; its CPU provider is in the package. */
function installPeers(): void {
  const folder = import.meta.dirname;
  if (existsSync(join(folder, 'node_modules', '.package-lock.json'))) return;
  process.stderr.write('installing jax-js and onnxruntime-node into test/bench/node_modules (290 MB)\n');
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder, stdio: ['ignore', 2, 2] });
}

async function openAll(): Promise<{ players: Player[]; absent: string[] }> {
  const [players, absent]: [Player[], string[]] = [[], []];
  for (const name of contestantNames satisfies readonly ContestantName[]) {
    const player = new Player(name);
    try {
      await player.open();
      players.push(player);
    } catch (error) {
      absent.push(error instanceof Error ? error.message : String(error));
      player.stop();
    }
  }
  return { players, absent };
}

/** `vectors`: the widest that native code has here. WebAssembly's have 128 bits everywhere. */
function describeMachine() {
  const flags = existsSync('/proc/cpuinfo') ? readFileSync('/proc/cpuinfo', 'utf8') : '';
  const vectors = /\bavx512f\b/.test(flags) ? 'AVX-512' : /\bavx2\b/.test(flags) ? 'AVX2' : 'unknown vectors';
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    threads: availableParallelism(),
    vectors,
    node: process.version,
  };
}
