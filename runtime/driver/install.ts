// Takes: a Linux machine without a usable Vulkan driver.
// Gives: Mesa's software driver: installed by apt as root, or unpacked into the user's cache without.
// Promises: one line per step; a cache folder is complete or not there; packages are verified by apt's signatures.
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { debianSources, mirrorOf, readAptSources } from './apt-sources.ts';
import { cachedDriver, driverFolder, manifestName } from './cached-driver.ts';
import { DriverError } from './driver-error.ts';
import { type Machine, triplet } from './machine.ts';
import { CommandError, runCommand } from './run-command.ts';

export type Report = (line: string) => void;

const packages = ['mesa-vulkan-drivers', 'libvulkan1'];

/** @throws CommandError */
export async function installForAll(machine: Machine, report: Report): Promise<void> {
  const from = backports(machine);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  if (from !== null) addBackports(from, report);
  report('driver: reading package lists (apt-get update)');
  const lists = await failureOf(runCommand('apt-get', ['update', '-q', ...strict], { env }));
  report(`driver: installing ${packages.join(' and ')}${from === null ? '' : ` from ${from}`}`);
  const install = ['install', '-y', '-q', '--no-install-recommends', ...targetRelease(from), ...packages];
  const failure = await failureOf(runCommand('apt-get', install, { env }));
  // Lists of sources that are not ours may be out of reach without harm.
  if (failure !== null) throw lists ?? failure;
}

/** A source out of reach is an error, not a warning. */
const strict = ['-o', 'APT::Update::Error-Mode=any'];

async function failureOf(work: Promise<unknown>): Promise<CommandError | null> {
  try {
    await work;
    return null;
  } catch (error) {
    if (error instanceof CommandError) return error;
    throw error;
  }
}

function addBackports(suite: string, report: Report): void {
  const sources = readAptSources();
  if (sources.some((source) => source.suite === suite)) return;
  const path = '/etc/apt/sources.list.d/modelc-backports.list';
  report(`driver: adding ${suite} to apt's sources (${path})`);
  writeFileSync(path, debianSources(mirrorOf(sources, suite.replace('-backports', '')), [suite]));
}

/** Everything under the user's cache folder: apt's lists, packages, and what is in them. @throws CommandError */
export async function unpackForUser(machine: Machine, report: Report): Promise<void> {
  const target = driverFolder();
  const folder = `${target}.${process.pid}`;
  rmSync(folder, { recursive: true, force: true });
  try {
    const apt = ownApt(machine, folder);
    report('driver: reading package lists');
    await runCommand('apt-get', [...apt, 'update', '-q', ...strict]);
    const from = targetRelease(backports(machine));
    report(`driver: downloading ${packages.join(' and ')} with what they need (about 55 MB)`);
    const install = ['install', '-y', '-q', '--no-install-recommends', '--reinstall', '--download-only', ...from];
    await runCommand('apt-get', [...apt, ...install, ...packages]);
    report(`driver: unpacking into ${target}`);
    await unpack(folder);
    publish(folder, target);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Options that keep apt-get away from the system's state, so that it needs no rights. */
function ownApt(machine: Machine, folder: string): string[] {
  for (const name of ['apt/lists/partial', 'apt/archives/partial', 'root']) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  const options = {
    'Dir::State::lists': join(folder, 'apt/lists'),
    'Dir::Cache': join(folder, 'apt'),
    'Dir::Cache::archives': join(folder, 'apt/archives'),
    'Debug::NoLocking': '1',
    'Acquire::Languages': 'none',
    'APT::Sandbox::User': '',
    ...ownSources(machine, folder),
  };
  return Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}

/** On Debian, the release and its backports only: other sources of the machine may ask for keys or names of users. */
function ownSources(machine: Machine, folder: string): Record<string, string> {
  const { id, codename } = machine.distribution ?? { id: '', codename: '' };
  if (id !== 'debian' || codename === '') return {};
  const mirror = mirrorOf(readAptSources(), codename);
  const more = backports(machine);
  const path = join(folder, 'apt/sources.list');
  writeFileSync(path, debianSources(mirror, more === null ? [codename] : [codename, more]));
  return { 'Dir::Etc::sourcelist': path, 'Dir::Etc::sourceparts': '-' };
}

async function unpack(folder: string): Promise<void> {
  const archives = join(folder, 'apt/archives');
  const files = readdirSync(archives).filter((name) => name.endsWith('.deb'));
  const mesa = files.find((name) => name.startsWith('mesa-vulkan-drivers_'));
  if (mesa === undefined) throw new DriverError('apt-get downloaded no package mesa-vulkan-drivers');
  for (const file of files) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other: two cores and a disk gain nothing by more
    await runCommand('dpkg-deb', ['-x', join(archives, file), join(folder, 'root')]);
  }
  const version = mesa.split('_')[1] ?? '';
  writeFileSync(join(folder, 'contents.json'), JSON.stringify({ version, packages: files.sort() }));
}

/** Leaves what the software driver needs, describes it to the loader by its final path, and puts the folder in place. */
function publish(folder: string, target: string): void {
  const library = join('root/usr/lib', triplet(process.arch));
  for (const name of readdirSync(join(folder, library))) {
    const spare = /^libvulkan_|^libVkLayer_/.test(name) && name !== 'libvulkan_lvp.so';
    if (spare) rmSync(join(folder, library, name));
  }
  for (const name of ['apt', 'root/usr/share']) rmSync(join(folder, name), { recursive: true, force: true });
  const driver = join(target, library, 'libvulkan_lvp.so');
  if (!existsSync(join(folder, library, 'libvulkan_lvp.so')))
    throw new DriverError('the packages hold no libvulkan_lvp.so');
  const icd = { file_format_version: '1.0.0', ICD: { library_path: driver, api_version: '1.3.0' } };
  writeFileSync(join(folder, 'lvp_icd.json'), JSON.stringify(icd, null, 2));
  const contents = JSON.parse(readFileSync(join(folder, 'contents.json'), 'utf8')) as Record<string, unknown>;
  rmSync(join(folder, 'contents.json'));
  writeFileSync(join(folder, manifestName), JSON.stringify({ ...contents, arch: process.arch }, null, 2));
  rmSync(target, { recursive: true, force: true });
  try {
    renameSync(folder, target);
  } catch (error) {
    if (cachedDriver() === null) throw error; // else another process put its own there in this moment
  }
}

/** Debian 12's own Mesa (22.3.6) is refused by Dawn; that of its backports works. Later releases need none. */
export function backports(machine: Machine): string | null {
  const { id, codename } = machine.distribution ?? { id: '', codename: '' };
  return id === 'debian' && codename === 'bookworm' ? 'bookworm-backports' : null;
}

function targetRelease(suite: string | null): string[] {
  return suite === null ? [] : ['-t', suite];
}
