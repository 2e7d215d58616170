import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cachedDriver, driverFolder } from '../../../runtime/driver/cached-driver.ts';
import { unpackForUser } from '../../../runtime/driver/install.ts';
import { parseOsRelease, triplet } from '../../../runtime/driver/machine.ts';
import type { Machine } from '../../../runtime/driver/machine.ts';

// apt-get and dpkg-deb are scripts here: what they are asked is recorded, what they give is made up.
let folder = '';
const before = { path: process.env['PATH'], cache: process.env['XDG_CACHE_HOME'] };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'modelc-driver-'));
  mkdirSync(join(folder, 'bin'));
  process.env['PATH'] = `${join(folder, 'bin')}${delimiter}${before.path ?? ''}`;
  process.env['XDG_CACHE_HOME'] = join(folder, 'cache');
});

afterEach(() => {
  process.env['PATH'] = before.path;
  if (before.cache === undefined) delete process.env['XDG_CACHE_HOME'];
  else process.env['XDG_CACHE_HOME'] = before.cache;
  rmSync(folder, { recursive: true });
});

function program(name: string, script: string): void {
  const path = join(folder, 'bin', name);
  writeFileSync(path, `#!/bin/sh\necho "${name} $*" >> ${join(folder, 'log')}\n${script}\n`);
  chmodSync(path, 0o755);
}

const machine: Machine = {
  platform: 'linux',
  arch: process.arch,
  root: false,
  distribution: parseOsRelease('ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n'),
  apt: true,
  loader: null,
  drivers: [],
  mesa: null,
};

const download = `
case "$*" in *--download-only*)
  for arg in "$@"; do case "$arg" in Dir::Cache::archives=*) archives="\${arg#*=}";; esac; done
  touch "$archives/mesa-vulkan-drivers_25.0.7-2_amd64.deb" "$archives/libvulkan1_1.3_amd64.deb";;
esac`;
const library = `usr/lib/${triplet(process.arch)}`;
const extract = `mkdir -p "$3/${library}" "$3/usr/share/doc"; cd "$3/${library}" && touch libvulkan_lvp.so libvulkan_radeon.so libvulkan.so.1`;

describe.runIf(process.platform === 'linux')('without rights', () => {
  test('downloads with lists of its own, unpacks, keeps what the software driver needs', async () => {
    program('apt-get', download);
    program('dpkg-deb', extract);
    const lines: string[] = [];
    await unpackForUser(machine, (line) => lines.push(line));

    const target = driverFolder();
    expect(cachedDriver()).toEqual({ folder: target, version: '25.0.7-2', icd: join(target, 'lvp_icd.json') });
    const icd = JSON.parse(readFileSync(join(target, 'lvp_icd.json'), 'utf8')) as { ICD: { library_path: string } };
    expect(icd.ICD.library_path).toBe(join(target, 'root', library, 'libvulkan_lvp.so'));
    expect(existsSync(icd.ICD.library_path)).toBe(true);
    expect(readdirSync(join(target, 'root', library)).toSorted()).toEqual(['libvulkan.so.1', 'libvulkan_lvp.so']);
    expect(readdirSync(target).toSorted()).toEqual(['driver.json', 'lvp_icd.json', 'root']);
    expect(lines).toHaveLength(3);
    const log = readFileSync(join(folder, 'log'), 'utf8');
    expect(log).toMatch(/^apt-get .*Dir::State::lists=.* update/);
    expect(log).toMatch(/--download-only -t bookworm-backports mesa-vulkan-drivers libvulkan1$/m);
  });

  test.each<[string, string, string, RegExp]>([
    ['no network', 'echo "E: Failed to fetch" >&2; exit 100', extract, /^`apt-get update -q` ended with code 100:\nE: Failed to fetch$/], // prettier-ignore
    ['no such package', 'exit 0', extract, /^apt-get downloaded no package mesa-vulkan-drivers$/],
    ['a damaged package', download, 'echo "unexpected end of file" >&2; exit 2', /ended with code 2:\nunexpected end of file$/], // prettier-ignore
    ['a package without the driver', download, `mkdir -p "$3/${library}"`, /hold no libvulkan_lvp\.so$/],
  ])('%s leaves nothing behind', async (_, apt, dpkg, message) => {
    program('apt-get', apt);
    program('dpkg-deb', dpkg);
    await expect(unpackForUser(machine, () => {})).rejects.toThrow(message);
    expect(cachedDriver()).toBeNull();
    expect(readdirSync(join(folder, 'cache/modelc'))).toEqual([]);
  });

  test('a folder that is not complete, or of another processor, is no driver', () => {
    mkdirSync(driverFolder(), { recursive: true });
    expect(cachedDriver()).toBeNull();
    writeFileSync(join(driverFolder(), 'driver.json'), JSON.stringify({ version: '25', arch: 'mips' }));
    expect(cachedDriver()).toBeNull();
  });
});
